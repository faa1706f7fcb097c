"""Folders with models: which files count, what is refused with which cure, and what a class means by its name."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from evidence.verifiers import classes
from evidence.verifiers.classes import Classes, Meaning
from evidence.verifiers.modelfolder import Kind, ModelUnusable, look
from evidence.verifying import VerifierFault
from tests.evidence.tinymodels import BINARY, NLI, config, folder, write


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return folder(tmp_path / "model")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything, so root asks as somebody else."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


# Files.


@pytest.mark.parametrize("at", ["model.onnx", "onnx/model.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx"])
def test_a_graph_is_found_where_exporters_put_it(tmp_path: Path, at: str) -> None:
    seen = look(folder(tmp_path, at=at))
    assert (seen.kind, seen.graph) == (Kind.ONNX, at)
    assert set(seen.hashes) == {"config.json", "tokenizer.json", at}


def test_the_operator_chooses_among_several_graphs(model: Path) -> None:
    shutil.copy(model / "model.onnx", model / "small.onnx")
    write(model, "verifier.json", {"weights": "small.onnx"})
    assert look(model).graph == "small.onnx"


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.onnx", "verifier.json"])
def test_the_digest_changes_with_every_file_that_decides_a_score(model: Path, name: str) -> None:
    write(model, "verifier.json", {})
    before = look(model).digest
    with (model / name).open("ab") as file:
        file.write(b"\n")
    assert look(model).digest != before


def test_the_digest_is_of_contents_and_not_of_the_place_or_what_else_is_there(model: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(model, tmp_path / "copy")
    (copy / "README.md").write_text("A model card.", encoding="utf-8")
    assert look(copy).digest == look(model).digest


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("config.json", "config.json is missing; a model's folder holds config.json, tokenizer.json and weights"),
        ("tokenizer.json", "save_pretrained"),
        ("model.onnx", "has no weights; it needs model.onnx, onnx/model.onnx or model.safetensors"),
    ],
)
def test_a_missing_file_is_named_with_the_cure(model: Path, name: str, cure: str) -> None:
    (model / name).unlink()
    with pytest.raises(ModelUnusable, match=re.escape(cure)):
        look(model)


def test_a_folder_that_is_not_there_or_no_folder_is_refused(model: Path) -> None:
    with pytest.raises(ModelUnusable, match="cannot be read"):
        look(model / "absent")
    with pytest.raises(ModelUnusable, match="is not a folder"):
        look(model / "config.json")


def test_pickled_weights_are_refused_unopened(model: Path) -> None:
    (model / "model.onnx").rename(model / "pytorch_model.bin")
    with pytest.raises(ModelUnusable, match=r"pickled weights only \(pytorch_model.bin\), which can run code"):
        look(model)


@pytest.mark.parametrize("content", ["[]", "{", "NaN", "\xff"])
def test_a_config_that_is_no_json_object_is_refused(model: Path, content: str) -> None:
    (model / "config.json").write_text(content, encoding="latin-1")
    with pytest.raises(ModelUnusable, match=r"config\.json is no JSON"):
        look(model)


def test_code_and_adapters_of_a_model_are_refused(model: Path) -> None:
    (model / "model.onnx").rename(model / "model.safetensors")
    write(model, "config.json", config(auto_map={"AutoModel": "modeling.Model"}))
    with pytest.raises(ModelUnusable, match="asks for code of the model's own, which is not run"):
        look(model)
    write(model, "config.json", config())
    write(model, "adapter_config.json", {})
    with pytest.raises(ModelUnusable, match="merge it into the model"):
        look(model)


def test_a_link_may_lead_to_a_file_of_the_folder_and_nowhere_else(model: Path, tmp_path: Path) -> None:
    (model / "model.onnx").rename(model / "weights")
    (model / "model.onnx").symlink_to("weights")
    assert look(model).graph == "model.onnx"
    (model / "weights").rename(tmp_path / "elsewhere")
    (model / "model.onnx").unlink()
    (model / "model.onnx").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelUnusable, match="leads out of the folder, where it can change unseen; copy it"):
        look(model)


def test_the_operators_settings_lead_out_of_the_folder_no_more_than_links(model: Path) -> None:
    shutil.copy(model / "model.onnx", model.parent / "other.onnx")
    write(model, "verifier.json", {"weights": "../other.onnx"})
    with pytest.raises(ModelUnusable, match="leads out of the folder"):
        look(model)


def test_a_pipe_is_not_waited_for(model: Path) -> None:
    (model / "model.onnx").unlink()
    os.mkfifo(model / "model.onnx")
    with pytest.raises(ModelUnusable, match="is not a regular file"):
        look(model)


@pytest.mark.parametrize("closed", [".", "model.onnx", "config.json"])
def test_what_may_not_be_read_is_named(closed: str) -> None:
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        model = folder(Path(place) / "model")
        (model / closed).chmod(0)
        with as_nobody(), pytest.raises(ModelUnusable, match=r"cannot be read \(Permission denied\)"):
            look(model)
        model.chmod(0o755)


def test_a_file_that_changed_after_it_was_hashed_is_not_read(model: Path) -> None:
    seen = look(model)
    (model / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelUnusable, match="is another file than when this process began"):
        seen.read("tokenizer.json")
    with pytest.raises(ModelUnusable, match="is another file than when this process began"):
        seen.check()


def test_unknown_settings_are_refused(model: Path) -> None:
    write(model, "verifier.json", {"label": {}})
    with pytest.raises(ModelUnusable, match=r"verifier\.json has label; it may have labels, max_tokens, weights"):
        look(model)


@pytest.mark.parametrize(
    ("said", "tokens"),
    [
        ({"max_position_embeddings": 64}, 64),
        ({"max_position_embeddings": 514, "model_type": "roberta", "pad_token_id": 1}, 512),
        ({"max_position_embeddings": 130, "model_type": "xlm-roberta", "pad_token_id": 1}, 128),
        ({"max_position_embeddings": 8192}, 512),
        ({"max_position_embeddings": -1}, 512),
        ({}, 512),
    ],
)
def test_a_model_is_given_no_more_tokens_than_it_reads(model: Path, said: dict[str, object], tokens: int) -> None:
    write(model, "config.json", said)
    assert look(model).max_tokens == tokens


def test_the_least_of_what_tokenizer_and_operator_say_counts(model: Path) -> None:
    write(model, "tokenizer_config.json", {"model_max_length": 1e30})
    write(model, "verifier.json", {"max_tokens": 40})
    assert look(model).max_tokens == 40
    write(model, "verifier.json", {"max_tokens": 8})
    with pytest.raises(ModelUnusable, match="reads 8 tokens; at least 32 are needed"):
        look(model)


# Classes.


def read(model: Path, labels: dict[str, object]) -> Classes:
    write(model, "config.json", labels)
    return classes.read(look(model))


@pytest.mark.parametrize("labels", [NLI, NLI[::-1], ("Contradiction", "ENTAILMENT", "neutral")])
def test_a_class_is_known_by_its_name_in_any_order(model: Path, labels: tuple[str, ...]) -> None:
    meant = read(model, config(labels))
    assert [meaning.value for meaning in meant.meanings] == [
        {"entailment": "SUPPORTED", "neutral": "NEITHER", "contradiction": "CONTRADICTED"}[name.lower()]
        for name in labels
    ]
    assert not meant.binary


def test_names_by_number_alone_or_numbers_by_name_alone_are_enough(model: Path) -> None:
    expected = (Meaning.NEITHER, Meaning.SUPPORTED)
    assert read(model, {"id2label": {"0": BINARY[0], "1": BINARY[1]}}).meanings == expected
    assert read(model, {"label2id": {BINARY[1]: 1, BINARY[0]: 0}}).meanings == expected


@pytest.mark.parametrize(
    "labels", [BINARY, ("entailment", "contradiction"), ("supported",), ("entailment", "neutral", "not_entailment")]
)
def test_a_model_that_cannot_tell_contradiction_from_too_little_is_binary(model: Path, labels: tuple[str, ...]) -> None:
    assert read(model, config(labels)).binary


def test_names_that_say_nothing_are_refused_and_the_operator_may_say_what_they_mean(model: Path) -> None:
    numbered = config(("LABEL_0", "LABEL_1"))
    with pytest.raises(ModelUnusable, match="classes LABEL_0, LABEL_1 are not known by name; say what each means in"):
        read(model, numbered)
    write(model, "verifier.json", {"labels": {"0": "unsupported", "1": "supported"}})
    assert read(model, numbered).meanings == (Meaning.NEITHER, Meaning.SUPPORTED)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (config(("neutral", "contradiction")), "one has to mean supported"),
        (config(("entailment", "supported")), "one has to mean supported"),
        (config(("entailment", "contradiction", "refuted")), "at most one contradicted"),
        ({"id2label": {"0": "entailment", "2": "neutral"}}, "does not name the model's classes 0, 1, …"),
        ({"id2label": {"0": "entailment", "1": 7}}, "by what is no text"),
        ({}, "does not name the model's classes"),
        (config(BINARY) | {"label2id": {"entailment": 0, "not_entailment": 1}}, "id2label and label2id disagree"),
        (config(BINARY) | {"problem_type": "multi_label_classification"}, "do not exclude each other"),
    ],
)
def test_classes_of_no_verifier_are_refused(model: Path, labels: dict[str, object], reason: str) -> None:
    with pytest.raises(ModelUnusable, match=re.escape(reason)):
        read(model, labels)


@pytest.mark.parametrize(
    ("labels", "logits", "shares"),
    [
        (NLI, (0.0, 0.0, 0.0), (0.333333, 0.333333)),
        (NLI, (1000.0, -1000.0, 0.0), (1.0, 0.0)),
        (NLI, (-1e300, -1e300, 1e300), (0.0, 1.0)),
        (BINARY, (0.0, 0.0), (0.5, 0.0)),
        (("entailment", "contradiction"), (0.0, 50.0), (0.0, 0.0)),
        (("supported",), (0.0,), (0.5, 0.0)),
        (("supported",), (2.0,), (0.880797, 0.0)),
    ],
)
def test_logits_become_shares_of_one(
    model: Path, labels: tuple[str, ...], logits: tuple[float, ...], shares: tuple[float, float]
) -> None:
    assert read(model, config(labels)).probabilities(logits) == shares


@pytest.mark.parametrize("logits", [(float("nan"), 0.0, 0.0), (float("inf"), 0.0, 0.0), (0.0, 0.0), ()])
def test_what_are_no_logits_of_these_classes_is_a_fault(model: Path, logits: tuple[float, ...]) -> None:
    with pytest.raises(VerifierFault):
        read(model, config()).probabilities(logits)
