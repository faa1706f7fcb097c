"""Word vectors of a small model in model2vec's layout: read safely, fused with BM25, never the ground of a verdict."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from audit.stakes import Stakes
from evidence import claims, gate, vectors
from evidence.passages import Passage
from evidence.ranking import fused, rank
from evidence.vectors import Vectors, VectorsError

ABSENT = "the optional extra 'vectors' is not installed"
np = pytest.importorskip("numpy", reason=ABSENT)
pytest.importorskip("tokenizers", reason=ABSENT)
pytest.importorskip("safetensors", reason=ABSENT)

ROWS = {"[UNK]": (9, 9), "falcon": (1, 0.1), "kestrel": (1, 0), "blood": (0, 1), "warfarin": (0.1, 1)}
PLAIN = "The falcon hunts."
OTHER = "The blood is cold."


def write(folder: Path, rows: Any = None, **tensors: Any) -> Path:
    from safetensors.numpy import save_file  # noqa: PLC0415 - only where the extra is installed
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers  # noqa: PLC0415

    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(ROWS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    matrix = np.array(list(ROWS.values()) if rows is None else rows, dtype=np.float16)
    save_file({"embeddings": matrix, **tensors}, folder / "model.safetensors")
    (folder / "config.json").write_text('{"tokenizer_name": "/home/ada/built/here"}', encoding="utf-8")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Vectors:
    return vectors.load(write(tmp_path))


def passage(text: str) -> Passage:
    return Passage(id=text, source="committee", text=text, sha256="", trusted=True)


def near(model: Vectors, text: str, *others: str) -> list[float]:
    return [round(cosine, 2) for cosine in model.over(others)(text)]


def test_texts_about_the_same_are_near_and_others_are_not(model: Vectors) -> None:
    assert near(model, "Kestrel", PLAIN, OTHER) == [1.0, 0.0]


@pytest.mark.parametrize("text", ["", "  ", "🙂", "zyzzyva", "\ud800", "\0"])
def test_a_text_without_a_known_word_is_near_nothing(model: Vectors, text: str) -> None:
    assert near(model, text, PLAIN, text) == [0.0, 0.0]


def test_vectors_of_sixteen_bits_do_not_overflow(tmp_path: Path) -> None:
    model = vectors.load(write(tmp_path, rows=[(60_000, 60_000)] * len(ROWS)))
    assert near(model, "kestrel " * 400, "blood " * 400) == [1.0]


def test_weights_and_shared_rows_are_applied(tmp_path: Path) -> None:
    weights, mapping = np.array([1, 1, 1, 100, 1], dtype=np.float64), np.array([0, 1, 1, 2, 2], dtype=np.int64)
    model = vectors.load(write(tmp_path, rows=[(9, 9), (1, 0), (0, 1)], weights=weights, mapping=mapping))
    assert near(model, "kestrel blood", "warfarin", "falcon") == [1.0, 0.01]


def test_the_digest_follows_the_vectors_and_not_where_they_were_built(tmp_path: Path) -> None:
    folder = write(tmp_path)
    first = vectors.load(folder).digest
    (folder / "config.json").write_text('{"tokenizer_name": "/elsewhere"}', encoding="utf-8")
    same = vectors.load(folder).digest
    write(tmp_path, rows=[(1, 1)] * len(ROWS))
    assert (same, vectors.load(folder).digest == first) == (first, False)


def test_reading_and_using_vectors_opens_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    folder = write(tmp_path)
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert near(vectors.load(folder), "kestrel", PLAIN) == [1.0]


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"rows": [(1, 0)]}, "5 tokens and 1 vectors"),
        ({"rows": [(float("nan"), 0)] * 5}, "is not finite"),
        ({"rows": [1, 2, 3, 4, 5]}, "no matrix 'embeddings'"),
        ({"mapping": np.array([7] * 5)}, "do not fit the matrix"),
        ({"weights": np.array([1.0, 2.0])}, "do not fit the matrix"),
    ],
)
def test_a_model_that_does_not_fit_together_is_refused(tmp_path: Path, tensors: dict[str, Any], said: str) -> None:
    write(tmp_path, **tensors)
    with pytest.raises(VectorsError, match=said):
        vectors.load(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_missing_or_broken_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path)
    (folder / name).write_bytes(b"{}")
    with pytest.raises(VectorsError, match=name):
        vectors.load(folder)
    (folder / name).unlink()
    with pytest.raises(VectorsError, match=f"{name} cannot be read"):
        vectors.load(folder)


def test_a_passage_without_a_shared_word_is_found_by_vectors_alone(model: Vectors) -> None:
    both = [passage(OTHER), passage(PLAIN)]
    assert rank("Which kestrel?", both, limit=5) == ()
    found = rank("Which kestrel?", both, limit=5, vectors=model)
    assert [(one.passage.text, one.shared) for one in found] == [(PLAIN, 0)]


def test_ranks_are_fused_and_equal_scores_share_one() -> None:
    assert fused([3.0, 0.0, 3.0, 1.0], [0.0, 0.5, 0.9, -0.2]) == [1 / 11, 1 / 12, 1 / 11 + 1 / 11, 1 / 13]


def test_nothing_is_fused_of_nothing() -> None:
    assert fused([], []) == []


def test_what_vectors_find_still_has_to_carry_the_claim(model: Vectors) -> None:
    crowd = [passage(f"The falcon of ward {number} hunts every day.") for number in range(30)]
    judged = gate.judge(
        claims.split("The kestrel takes warfarin."),
        crowd,
        stakes=Stakes.LOW,
        policy=gate.DEFAULT_POLICY,
        vectors=model,
    )
    assert [claim.verdict for claim in judged.claims] == [gate.Verdict.INSUFFICIENT]


def test_the_verdict_with_vectors_does_not_depend_on_the_order_of_passages(model: Vectors) -> None:
    crowd = [passage(f"The falcon of ward {number} takes warfarin.") for number in range(30)]
    statements = claims.split("The falcon of ward 7 takes warfarin.")

    def judged(passages: list[Passage]) -> gate.GateReport:
        return gate.judge(statements, passages, stakes=Stakes.LOW, policy=gate.DEFAULT_POLICY, vectors=model)

    assert judged(crowd) == judged(crowd[::-1])


def test_json_of_another_kind_is_no_tokenizer(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "tokenizer.json").write_text(json.dumps({"model": []}), encoding="utf-8")
    with pytest.raises(VectorsError, match="is no tokenizer"):
        vectors.load(folder)
