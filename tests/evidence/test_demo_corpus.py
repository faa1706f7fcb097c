"""The demonstration corpus through the pure gate: what the demo promises must come out of its own material."""

import json
from itertools import chain
from pathlib import Path

import pytest
import yaml

from audit.stakes import Stakes
from evidence.claims import split
from evidence.gate import DEFAULT_POLICY, GateReport, JudgedClaim, Outcome, Reason, Verdict, judge
from evidence.passages import Passage, cut, read
from evidence.ranking import rank
from tests.evidence.material import statement

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo"
REQUESTS = {request["id"]: request for request in json.loads((DEMO / "requests.json").read_text(encoding="utf-8"))}
FILES = tuple(sorted((DEMO / "corpus").glob("*.md")))


def front_matter(path: Path) -> tuple[dict[str, object], str]:
    _, head, body = read(path.read_bytes()).split("---\n", 2)
    return yaml.safe_load(head), body.strip()


def passages_of(path: Path) -> tuple[Passage, ...]:
    head, body = front_matter(path)
    return tuple(
        Passage(
            id=f"{path.name}#{ordinal}",
            source=str(head["source"]),
            text=piece.text,
            sha256=piece.sha256,
            trusted=head["trust"] == "trusted",
            title=str(head["title"]),
        )
        for ordinal, piece in enumerate(cut(body))
    )


@pytest.fixture(scope="module")
def corpus() -> tuple[Passage, ...]:
    return tuple(chain.from_iterable(passages_of(path) for path in FILES))


def judged(answer: str, corpus: tuple[Passage, ...], *, question: str = "") -> GateReport:
    return judge(split(answer), corpus, stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY, context=question)


@pytest.fixture(scope="module")
def verified(corpus: tuple[Passage, ...]) -> tuple[JudgedClaim, ...]:
    request = REQUESTS["b"]
    return judged(request["answer"], corpus, question=request["question"]).claims


def documents(found: tuple[Passage, ...]) -> list[str]:
    return [passage.id.split("#")[0] for passage in found]


def statements() -> tuple[str, ...]:
    return tuple(found.text for path in FILES for found in split(front_matter(path)[1]))


# Two documents disagree about these on purpose.
DISPUTED = frozenset(f"Apixaban is restarted {hours} hours after hip replacement." for hours in (24, 48))
# The pharmacy's document says otherwise.
REFUTED = "Prothrombin complex concentrate may be used for up to 24 hours after mixing with the new kit."


def test_the_six_claims_are_judged_as_the_request_says(verified: tuple[JudgedClaim, ...]) -> None:
    assert [claim.verdict.value for claim in verified] == REQUESTS["b"]["expected"]["verdicts"]


@pytest.mark.parametrize("withheld", REQUESTS["b"]["expected"]["withheld"], ids=lambda item: item["because"])
def test_a_withheld_claim_shows_the_words_that_differ_and_their_document(
    withheld: dict[str, str], verified: tuple[JudgedClaim, ...]
) -> None:
    claim = verified[int(withheld["claim"]) - 1]
    deciding = claim.evidence[0]
    assert claim.reason.value == withheld["because"]
    assert withheld["answer"] in deciding.claim_span.of(claim.statement.text)
    assert withheld["source"] in deciding.passage_span.of(deciding.passage.text)
    assert documents((deciding.passage,)) == [withheld["document"]]


def test_the_reasons_are_sentences_that_anybody_understands(verified: tuple[JudgedClaim, ...]) -> None:
    assert verified[0].why == "Harrowmere Thrombosis Committee says so."
    assert verified[2].why == "The source says 1 g, the answer says 2 g."
    assert verified[4].why == "The source says must not be given, the answer says must be given."


def test_the_outcome_of_two_wrong_claims_is_that_some_are_withheld(corpus: tuple[Passage, ...]) -> None:
    report = judged(REQUESTS["b"]["answer"], corpus)
    assert report.outcome is Outcome.SOME_WITHHELD
    assert report.score == min(claim.p_supported for claim in report.claims) < 0.5


@pytest.mark.parametrize("claim", sorted(DISPUTED))
def test_what_two_documents_contradict_each_other_in_is_disputed(claim: str, corpus: tuple[Passage, ...]) -> None:
    (found,) = judged(claim, corpus).claims
    assert (found.verdict, found.reason) == (Verdict.DISPUTED, Reason.SOURCES_DISAGREE)
    assert sorted(documents(tuple(item.passage for item in found.evidence[:2]))) == [
        "04-restarting-after-surgery.md",
        "05-hip-and-knee-pathway.md",
    ]
    assert "24 hours" in found.why
    assert "48 hours" in found.why


def test_the_newsletter_does_not_outweigh_the_pharmacy(corpus: tuple[Passage, ...]) -> None:
    (found,) = judged(REFUTED, corpus).claims
    assert (found.verdict, found.reason) == (Verdict.CONTRADICTED, Reason.NUMBER)
    assert documents((found.evidence[0].passage,)) == ["13-antidote-stock-and-cost.md"]


def test_the_newsletter_is_enough_for_a_delivery_date_unless_much_depends_on_it(corpus: tuple[Passage, ...]) -> None:
    claim = "The new mixing kit will be delivered to Northgate Hospital on 7 December 2026."
    assert judged(claim, corpus).claims[0].verdict is Verdict.SUPPORTED
    high = judge(split(claim), corpus, stakes=Stakes.HIGH, policy=DEFAULT_POLICY).claims[0]
    assert (high.verdict, high.reason) == (Verdict.INSUFFICIENT, Reason.TOO_FEW_SOURCES)


@pytest.mark.parametrize("text", sorted(set(statements()) - DISPUTED - {REFUTED}))
def test_what_is_quoted_word_for_word_is_supported(text: str, corpus: tuple[Passage, ...]) -> None:
    (found,) = judge([statement(text)], corpus, stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY).claims
    assert found.verdict is Verdict.SUPPORTED, found.why


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("Before planned surgery, warfarin is stopped for 120 hours.", Verdict.SUPPORTED),
        ("Apixaban is stopped 24 hours before surgery.", Verdict.INSUFFICIENT),
        ("Apixaban is stopped 48 hours before surgery with a high bleeding risk.", Verdict.SUPPORTED),
        ("Apixaban is stopped 24 hours before surgery with a high bleeding risk.", Verdict.CONTRADICTED),
        ("Idarucizumab reverses dabigatran.", Verdict.SUPPORTED),
        ("Dabigatran reverses idarucizumab.", Verdict.CONTRADICTED),
        ("Idarucizumab reverses warfarin.", Verdict.CONTRADICTED),
        ("Paracetamol is given for pain.", Verdict.INSUFFICIENT),
        ("Pack 2 contains 4 units of red cells.", Verdict.SUPPORTED),
        ("Pack 2 contains 6 units of red cells.", Verdict.CONTRADICTED),
        ("A single dose of protamine is at most 50 mg.", Verdict.SUPPORTED),
        ("Fresh frozen plasma reverses dabigatran.", Verdict.CONTRADICTED),
        ("The Northgate Hospital laboratory reports the thrombin time in 45 minutes at most.", Verdict.SUPPORTED),
        ("Direct oral anticoagulants are given while an epidural catheter is in place.", Verdict.CONTRADICTED),
    ],
)
def test_claims_in_other_words_are_judged_by_what_they_say(
    claim: str, verdict: Verdict, corpus: tuple[Passage, ...]
) -> None:
    (found,) = judge([statement(claim)], corpus, stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY).claims
    assert found.verdict is verdict, found.why


@pytest.mark.parametrize("request_id", ["a", "c", "d"])
def test_the_passages_that_answer_a_question_are_found_first(request_id: str, corpus: tuple[Passage, ...]) -> None:
    wanted = {
        "a": "02-reversing-warfarin.md",
        "c": "03-stopping-doacs.md",
        "d": "14-supplier-newsletter.md",
    }
    best = rank(REQUESTS[request_id]["question"], corpus, limit=6)
    assert wanted[request_id] in documents(tuple(ranked.passage for ranked in best))
