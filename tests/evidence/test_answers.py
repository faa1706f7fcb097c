"""Answers with passages of their own: what may be asked, what is said, and a line that cannot be judged."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audit import jsonlines
from audit.errors import Problem
from audit.jsonlines import lines, written
from audit.stakes import Stakes
from evidence import answers
from evidence.management.commands.verify_answers import Command

ROOT = Path(__file__).resolve().parents[2]
LEAFLET = "Warfarin is stopped 5 days before surgery. It is given again in the evening after."
SAID = {"id": 1, "answer": "Warfarin is stopped 5 days before surgery.", "passages": [{"source": "a", "text": LEAFLET}]}


def answered(line: bytes) -> dict[str, Any]:
    return jsonlines.answered(line, lambda document: Command().answer(document, {"stakes": Stakes.MEDIUM.value}))


def judged(**fields: Any) -> dict[str, Any]:
    return answered(json.dumps({**SAID, **fields}).encode())


def test_each_claim_has_verdict_probabilities_reason_and_quoted_evidence() -> None:
    said = judged()
    (claim,) = said["claims"]
    assert (said["id"], said["score"], claim["verdict"]) == (1, claim["p_supported"], "SUPPORTED")
    assert 0.5 < claim["p_supported"] <= claim["p_supported"] + claim["p_contradicted"] <= 1
    assert SAID["answer"][slice(*claim["span"])] == claim["text"]  # type: ignore[index]
    (evidence,) = claim["evidence"]
    assert (evidence["source"], LEAFLET[slice(*evidence["span"])]) == ("a", evidence["text"])


def test_a_wrong_detail_is_contradicted_and_named() -> None:
    (claim,) = judged(answer="Warfarin is stopped 7 days before surgery.")["claims"]
    assert (claim["verdict"], claim["reason"]) == ("CONTRADICTED", "NUMBER")
    assert "5 days" in claim["why"]


def test_claims_may_be_sent_instead_of_an_answer() -> None:
    document = {"id": "x", "claims": ["Warfarin is stopped 5 days before surgery.", "Whales sing."], **passages()}
    said = answered(json.dumps(document).encode())
    assert [claim["verdict"] for claim in said["claims"]] == ["SUPPORTED", "INSUFFICIENT"]
    assert said["score"] == min(claim["p_supported"] for claim in said["claims"])


def passages() -> dict[str, Any]:
    return {"passages": SAID["passages"]}


def test_a_span_is_in_the_text_that_was_sent_however_long_it_is() -> None:
    text = "The ward is open. " * 200 + LEAFLET
    (claim,) = judged(passages=[{"source": "a", "text": text}])["claims"]
    evidence = claim["evidence"][0]
    assert text[slice(*evidence["span"])] == evidence["text"] == "Warfarin is stopped 5 days before surgery."


@pytest.mark.parametrize(
    ("changed", "verdicts"),
    [
        ({"answer": ""}, []),
        ({"answer": "Is it so?"}, []),
        ({"passages": []}, ["INSUFFICIENT"]),
        ({"passages": [{"source": "a", "text": ""}]}, ["INSUFFICIENT"]),
        ({"passages": [{"source": "a", "text": "\U0001f600 \u200b\u0007"}]}, ["INSUFFICIENT"]),
        ({"answer": "\u05d4\u05de\u05e9\u05e4\u05d8 \u05d4\u05d6\u05d4."}, ["INSUFFICIENT"]),
        ({"answer": "The dose is 1e400 mg."}, ["INSUFFICIENT"]),
        ({"answer": "Warfarin is stopped \uff15 days before surgery."}, ["SUPPORTED"]),
        ({"answer": "\ud800 is given."}, ["INSUFFICIENT"]),
        ({"answer": "\ue000 is given."}, ["INSUFFICIENT"]),
    ],
    ids=repr,
)
def test_hostile_and_empty_texts_get_a_verdict_and_are_never_published(changed: Any, verdicts: list[str]) -> None:
    said = judged(**changed)
    assert [claim["verdict"] for claim in said["claims"]] == verdicts
    assert said["claims"] or said["score"] == 0
    assert json.loads(written(said)) == said


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"\xff",
        b'{"answer": "a"}',
        b'{"id": true, "answer": "a"}',
        b'{"id": 1.5, "answer": "a"}',
        b"[" * 100_000,
    ],
    ids=lambda line: repr(line[:20]),
)
def test_a_line_that_names_nothing_gets_an_error_without_an_id(line: bytes) -> None:
    said = answered(line)
    assert (said["id"], "send" in said["error"]) == (None, True)


@pytest.mark.parametrize(
    "changed",
    [
        {"answers": "a"},
        {"claims": ["a"]},
        {"answer": 5},
        {"passages": "a"},
        {"passages": [{"text": "a"}]},
        {"passages": [{"source": "a", "text": "a", "trusted": "yes"}]},
        {"passages": [{"source": "a", "text": "a", "url": "b"}]},
        {"question": None},
        {"answer": "a" * (answers.ANSWER_LIMIT + 1)},
        {"passages": [{"source": "a", "text": "a"}] * (answers.PASSAGES_LIMIT + 1)},
    ],
    ids=lambda changed: repr(changed)[:40],
)
def test_a_line_that_cannot_be_judged_gets_its_id_and_the_cure(changed: Any) -> None:
    said = judged(**changed)
    assert (said["id"], set(said)) == (1, {"id", "error"})


def test_neither_an_answer_nor_claims_is_refused() -> None:
    with pytest.raises(Problem, match="either"):
        answers.asked({"id": 1, "passages": []})


def test_a_line_that_is_too_long_is_refused_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "LINE_LIMIT", 100)
    found = list(lines(io.BytesIO(b'{"id": 1, "' + b"a" * 1000 + b'"}\n{"id": 2}\n')))
    assert ["the line has over 100" in answered(line)["error"] for line in found] == [True, False]


def test_ten_thousand_passages_and_a_long_answer_are_judged() -> None:
    near = [{"source": f"s{n}", "text": f"Ward {n} opens at {n % 24} o'clock on each weekday."} for n in range(500)]
    many = near + [{"source": "sea", "text": f"Whale {n} sings."} for n in range(9_500)]
    said = judged(answer="Ward 77 opens at 5 o'clock on each weekday.", passages=many)
    assert said["claims"][0]["verdict"] == "SUPPORTED"


def test_the_command_answers_in_order_needs_no_database_and_says_that_a_line_failed() -> None:
    sent = b"\n".join([json.dumps(SAID).encode(), b"no json", b"", json.dumps({**SAID, "id": "last"}).encode()])
    ran = subprocess.run(
        [sys.executable, "manage.py", "verify_answers"],
        cwd=ROOT,
        input=sent,
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"},
    )
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["id"] for line in said] == [1, None, "last"]
    assert (ran.returncode, b"3 answers, 1 not judged" in ran.stderr) == (1, True)
