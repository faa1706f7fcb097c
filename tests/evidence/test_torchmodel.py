"""A model in safetensors as a verifier: real transformers and torch, where an operator installed them."""

from pathlib import Path
from typing import Any

import pytest

from evidence.verifiers.nli import ModelUnusable, from_folder
from evidence.verifying import VerifierFault
from tests.evidence import tinymodels
from tests.evidence.tinymodels import CLAIM, NLI, PASSAGE

WHY = "torch is none of our packages: operators install it for models that are safetensors only"
torch = pytest.importorskip("torch", reason=WHY)
transformers = pytest.importorskip("transformers", reason=WHY)

SIZE = {"vocab_size": 20, "num_labels": 3, "max_position_embeddings": 64}
TINY = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
SMALL = {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 16}


def bert(place: Path) -> Any:
    return saved(place, transformers.BertForSequenceClassification, transformers.BertConfig(**SIZE, **TINY))


def distilbert(place: Path) -> Any:
    made = transformers.DistilBertConfig(**SIZE, **SMALL)
    return saved(place, transformers.DistilBertForSequenceClassification, made)


def saved(place: Path, family: Any, made: Any) -> Any:
    """Write a folder as a hub has it, and return the model with its weights as they were drawn."""
    torch.manual_seed(7)
    made.id2label, made.label2id = dict(enumerate(NLI)), {name: number for number, name in enumerate(NLI)}
    model = family(made).eval()
    for weight in model.parameters():
        weight.data.mul_(20)
    model.save_pretrained(place)
    tinymodels.tokenizer().save(str(place / "tokenizer.json"))
    return model


@pytest.mark.parametrize("family", [bert, distilbert])
def test_a_folder_scores_as_the_model_that_was_saved(tmp_path: Path, family: Any) -> None:
    model = family(tmp_path)
    scorer = from_folder(tmp_path)
    one = tinymodels.tokenizer().encode(PASSAGE, CLAIM)
    given = {"input_ids": torch.tensor([one.ids]), "token_type_ids": torch.tensor([one.type_ids])}
    if family is distilbert:
        del given["token_type_ids"]
    with torch.inference_mode():
        shares = model(**given).logits.softmax(-1)[0].tolist()
    assert scorer.id.startswith("nli-1-safetensors-")
    assert scorer.score([(PASSAGE, CLAIM)])[0] == pytest.approx((shares[0], shares[2]), abs=1e-5)


def test_a_score_does_not_depend_on_longer_neighbours(tmp_path: Path) -> None:
    bert(tmp_path)
    scorer = from_folder(tmp_path)
    alone = scorer.score([(PASSAGE, CLAIM)])
    assert scorer.score([(PASSAGE * 5, CLAIM), (PASSAGE, CLAIM)])[1:] == alone


def test_weights_that_are_missing_are_not_made_up(tmp_path: Path) -> None:
    model = bert(tmp_path)
    model.bert.save_pretrained(tmp_path)
    tinymodels.write(tmp_path, "config.json", {**model.config.to_dict(), "dtype": "float32"})
    with pytest.raises(ModelUnusable, match="lacks weights of the model"):
        from_folder(tmp_path).load()


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x80\x04."])
def test_broken_weights_are_named(tmp_path: Path, content: bytes) -> None:
    bert(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelUnusable, match="cannot be loaded"):
        from_folder(tmp_path).load()


def test_weights_that_changed_under_a_process_are_not_loaded(tmp_path: Path) -> None:
    bert(tmp_path)
    scorer = from_folder(tmp_path)
    distilbert(tmp_path)
    with pytest.raises(ModelUnusable, match="is another file than when this process began"):
        scorer.load()


def test_logits_that_are_no_numbers_are_a_fault(tmp_path: Path) -> None:
    model = bert(tmp_path)
    model.classifier.bias.data.fill_(float("nan"))
    model.save_pretrained(tmp_path)
    with pytest.raises(VerifierFault, match="no finite number"):
        from_folder(tmp_path).score([(PASSAGE, CLAIM)])
