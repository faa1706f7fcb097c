"""The gate: it fails closed, collapses copies, records what decided, and depends on nothing but its input."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.spans import Span
from audit.stakes import Stakes
from evidence.claims import Statement, split
from evidence.gate import DEFAULT_POLICY, GatePolicy, GateReport, judge
from evidence.language.reading import read, skim
from evidence.passages import Passage
from evidence.sources import Need
from evidence.typed.scoring import CALIBRATION
from evidence.verdicts import Alignment, JudgedClaim, Outcome, Reason, Rule, Stance, Verdict
from evidence.verifying import Context
from tests.evidence.hostile import HOSTILE
from tests.evidence.material import passage, statement, verdict

SAID = "The valve is opened at 5 bar by the engineer."
DENIED = "The valve is not opened at 5 bar by the engineer."
OTHER = "The valve is opened at 9 bar by the engineer."
FAVOUR = {Verdict.CONTRADICTED: 0, Verdict.INSUFFICIENT: 0, Verdict.DISPUTED: 1, Verdict.SUPPORTED: 2}


@dataclass(frozen=True)
class Fixed:
    """A verifier that answers with what it was given, over a sound alignment, or raises it."""

    answer: dict[str, Any] | Exception | None
    id: str = CALIBRATION.verifier

    def align(self, claim: Statement, passages: Sequence[Passage], *, context: Context) -> list[Alignment]:  # noqa: ARG002
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is None:
            return None  # type: ignore[return-value]
        sound = (Alignment(one, Stance.SUPPORTS, 1.0, 0.0, Rule.MATCH, Span(0, 1), Span(0, 1)) for one in passages)
        return [replace(one, **self.answer) for one in sound]


def judged_by(verifier: Any, *, policy: GatePolicy = DEFAULT_POLICY) -> JudgedClaim:
    found = judge([statement(SAID)], [passage(SAID)], stakes=Stakes.LOW, policy=policy, verifier=verifier)
    return found.claims[0]


def test_a_sound_verifier_with_its_calibration_is_believed() -> None:
    assert judged_by(Fixed({})).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    "answer",
    [
        RuntimeError("out of memory"),
        None,
        {"p_supported": float("nan")},
        {"p_supported": float("inf")},
        {"p_supported": 1.5},
        {"p_supported": -0.1},
        {"p_supported": True},
        {"p_supported": "1"},
        {"stance": "SUPPORTS!"},
        {"rule": "MAGIC"},
        {"detail": None},
        {"claim_span": Span(0, 500)},
        {"passage_span": Span(0, 500)},
        {"passage_span": (0, 1)},
        {"passage": passage("Another text.")},
    ],
    ids=repr,
)
def test_a_verifier_that_fails_or_answers_nonsense_supports_nothing(answer: Any) -> None:
    found = judged_by(Fixed(answer))
    assert (found.verdict, found.reason, found.p_supported) == (Verdict.INSUFFICIENT, Reason.VERIFIER_UNAVAILABLE, 0.0)


EXPIRED = replace(CALIBRATION, expires=date(2020, 1, 1))
UNBOUNDED = replace(CALIBRATION, n=44, leaks=0)


@pytest.mark.parametrize("calibration", [None, EXPIRED, UNBOUNDED, replace(CALIBRATION, verifier="nli")], ids=repr)
def test_without_a_calibration_in_force_everything_is_insufficient(calibration: Any) -> None:
    found = verdict(SAID, passage(SAID), policy=GatePolicy(calibration))
    assert (found.verdict, found.reason) == (Verdict.INSUFFICIENT, Reason.NO_CALIBRATION)


def test_a_verifier_without_a_name_has_no_calibration() -> None:
    assert judged_by(object()).reason is Reason.NO_CALIBRATION


def test_a_calibration_expires_on_its_day() -> None:
    policy = GatePolicy(replace(CALIBRATION, expires=date(2026, 5, 1)))
    days = (date(2026, 4, 30), date(2026, 5, 1))
    reports = [judge([statement(SAID)], [passage(SAID)], stakes=Stakes.LOW, policy=policy, on=day) for day in days]
    assert [found.claims[0].reason for found in reports] == [Reason.SUPPORTED, Reason.NO_CALIBRATION]


def test_support_under_the_threshold_does_not_count() -> None:
    found = judged_by(Fixed({"p_supported": CALIBRATION.threshold - 0.01}))
    assert (found.verdict, found.reason) == (Verdict.INSUFFICIENT, Reason.LOW_SCORE)
    assert found.why == "No passage says all of it."


def test_a_verifier_that_names_no_rule_may_still_contradict() -> None:
    found = judged_by(Fixed({"stance": Stance.CONTRADICTS}))
    assert (found.verdict, found.reason) == (Verdict.CONTRADICTED, Reason.SOURCES_DISAGREE)


@pytest.mark.parametrize(("claim", "texts"), [("", [SAID]), ("   ", [SAID]), (SAID, []), (SAID, ["", " \n"])])
def test_an_empty_claim_and_empty_evidence_are_insufficient(claim: str, texts: list[str]) -> None:
    found = verdict(claim, *[passage(text) for text in texts])
    assert (found.verdict, found.reason) == (Verdict.INSUFFICIENT, Reason.NO_EVIDENCE)


def judged(answer: str, *passages: Passage, stakes: Stakes = Stakes.MEDIUM) -> GateReport:
    return judge(split(answer), passages, stakes=stakes, policy=DEFAULT_POLICY)


def test_an_answer_without_claims_has_no_score() -> None:
    found = judged("Hello!", passage(SAID))
    assert (found.outcome, found.score, found.claims) == (Outcome.NO_CLAIMS, 0.0, ())


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (SAID, Outcome.ALL_SUPPORTED),
        (f"{SAID} {OTHER}", Outcome.SOME_WITHHELD),
        (OTHER, Outcome.NONE_SUPPORTED),
    ],
)
def test_the_outcome_says_how_many_are_supported(answer: str, outcome: Outcome) -> None:
    assert judged(answer, passage(SAID)).outcome is outcome


def test_the_score_of_an_answer_is_that_of_its_weakest_claim() -> None:
    found = judged(f"{SAID} Whales sing.", passage(SAID))
    first, second = (claim.p_supported for claim in found.claims)
    assert first > 0.5 > second == found.score


def test_sources_on_both_sides_dispute_a_claim_and_both_are_shown_first() -> None:
    found = verdict(
        SAID, passage(SAID, source="A"), passage(OTHER, source="B"), passage("A valve is shut.", source="C")
    )
    assert (found.verdict, found.reason) == (Verdict.DISPUTED, Reason.SOURCES_DISAGREE)
    assert [item.passage.source for item in found.evidence[:2]] == ["A", "B"]
    assert found.why == "A says so, B does not: the source says 9 bar, the answer says 5 bar."


def test_an_untrusted_source_cannot_contradict_and_is_recorded() -> None:
    alone = verdict(SAID, passage(OTHER, source="B", trusted=False))
    beside = verdict(SAID, passage(SAID, source="A"), passage(OTHER, source="B", trusted=False))
    assert (alone.verdict, alone.reason) == (Verdict.INSUFFICIENT, Reason.NUMBER)
    assert beside.verdict is Verdict.SUPPORTED
    assert [item.stance for item in beside.evidence] == [Stance.SUPPORTS, Stance.CONTRADICTS]


def test_an_untrusted_source_is_not_enough_where_much_depends_on_it() -> None:
    source = passage(SAID, trusted=False)
    verdicts = [verdict(SAID, source, stakes=stakes).reason for stakes in Stakes]
    assert verdicts == [Reason.SUPPORTED, Reason.SUPPORTED, Reason.TOO_FEW_SOURCES]


def test_two_supporters_are_asked_for_where_the_policy_says_so_or_says_nothing() -> None:
    policy = GatePolicy(CALIBRATION, needs=((Stakes.LOW, Need(supporters=1, trusted_only=False)),))
    passages = passage(SAID, source="A"), passage("The engineer opens the valve at 5 bar.", source="B")
    assert verdict(SAID, passages[0], policy=policy, stakes=Stakes.HIGH).reason is Reason.TOO_FEW_SOURCES
    assert verdict(SAID, *passages, policy=policy, stakes=Stakes.HIGH).verdict is Verdict.SUPPORTED


def test_a_copy_is_no_second_supporter() -> None:
    policy = GatePolicy(CALIBRATION, needs=((Stakes.HIGH, Need(supporters=2, trusted_only=True)),))
    copies = [passage(SAID, source=name) for name in ("A", "B", "C")]
    assert verdict(SAID, *copies, policy=policy, stakes=Stakes.HIGH).reason is Reason.TOO_FEW_SOURCES


def test_a_conflict_is_found_behind_many_passages_that_support() -> None:
    supporting = [passage(f"{SAID} That is rule {number}.", source=f"S{number}") for number in range(30)]
    found = verdict(SAID, *supporting, passage(f"{'Valves are heavy and old. ' * 20}{DENIED}", source="Z"))
    assert found.verdict is Verdict.DISPUTED


def test_at_most_six_alignments_are_recorded() -> None:
    found = verdict(SAID, *[passage(f"{SAID} Rule {number}.", source=f"S{number}") for number in range(30)])
    assert len(found.evidence) == 6


def test_the_policy_has_one_spelling_for_its_hash() -> None:
    assert repr(DEFAULT_POLICY) == repr(GatePolicy(replace(CALIBRATION)))


TEXTS = st.sampled_from(
    [SAID, DENIED, OTHER, "The valve is opened.", "The engineer left.", "", "5 bar", "It is not so."]
)
PASSAGES = st.lists(st.builds(passage, TEXTS, source=st.sampled_from("ABC"), trusted=st.booleans()), max_size=18)


@given(passages=PASSAGES, stakes=st.sampled_from(Stakes))
def test_a_trusted_contradiction_never_makes_a_verdict_more_favourable(passages: list[Passage], stakes: Stakes) -> None:
    before = verdict(SAID, *passages, stakes=stakes).verdict
    after = verdict(SAID, *passages, passage(DENIED, source="Z"), stakes=stakes).verdict
    assert FAVOUR[after] <= FAVOUR[before]
    assert after is not Verdict.SUPPORTED


@given(claim=TEXTS, passages=PASSAGES, data=st.data())
def test_the_order_of_passages_changes_nothing(claim: str, passages: list[Passage], data: st.DataObject) -> None:
    assert verdict(claim, *passages) == verdict(claim, *data.draw(st.permutations(passages)))


@given(claims=st.lists(TEXTS, max_size=4), passages=PASSAGES)
def test_a_claim_is_judged_alone_as_among_others(claims: list[str], passages: list[Passage]) -> None:
    together = judge([*map(statement, claims)], passages, stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY)
    assert list(together.claims) == [verdict(claim, *passages) for claim in claims]


@given(claim=TEXTS, passages=PASSAGES)
def test_a_passage_is_aligned_alone_as_among_others(claim: str, passages: list[Passage]) -> None:
    # How likely it is to support may differ: what else its source says is weighed as well.
    alone = [
        replace(item, p_supported=0, p_contradicted=0, voice=0)
        for one in passages
        for item in verdict(claim, one).evidence
    ]
    among = [replace(item, p_supported=0, p_contradicted=0, voice=0) for item in verdict(claim, *passages).evidence]
    assert all(item in alone for item in among)


def test_evidence_says_as_which_voice_it_counted() -> None:
    text = "Warfarin is stopped 5 days before surgery."
    one, copy = passage(text, source="A"), passage(text, source="B")
    other = passage("Before surgery, warfarin is stopped 5 days before.", source="C")
    silent = passage("Warfarin is not a heparin.", source="D")
    found = {item.passage.source: item.voice for item in verdict(text, one, copy, other, silent).evidence}
    assert found["A"] == found["B"] != 0
    assert found["C"] not in {0, found["A"]}
    assert found.get("D", 0) == 0


@given(claim=TEXTS, passages=PASSAGES)
def test_what_two_sources_come_to_is_one_at_most(claim: str, passages: list[Passage]) -> None:
    found = verdict(claim, *passages)
    assert 0 <= found.p_supported + found.p_contradicted <= 1 + 1e-9


@given(claim=TEXTS, passages=PASSAGES)
def test_what_is_remembered_of_texts_changes_nothing(claim: str, passages: list[Passage]) -> None:
    before = verdict(claim, *passages)
    read.cache_clear()
    skim.cache_clear()
    assert verdict(claim, *passages) == before


@settings(max_examples=200)
@given(
    claims=st.lists(st.text(st.characters(), max_size=60), max_size=3),
    texts=st.lists(st.text(st.characters(), max_size=120), max_size=4),
    question=st.text(st.characters(), max_size=30),
    stakes=st.sampled_from(Stakes),
)
def test_no_text_whatever_makes_the_gate_raise(
    claims: list[str], texts: list[str], question: str, stakes: Stakes
) -> None:
    passages = [passage(text, source=text[:9], trusted=len(text) % 2 == 0) for text in texts]
    found = judge([*map(statement, claims)], passages, stakes=stakes, policy=DEFAULT_POLICY, context=question)
    assert 0 <= found.score <= 1
    assert all(claim.why and 0 <= claim.p_supported <= 1 for claim in found.claims)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_texts_take_no_time(name: str) -> None:
    began = time.process_time()
    judged(HOSTILE[name][:2_000], passage(HOSTILE[name]), passage(SAID))
    assert time.process_time() - began < 5


def test_ten_claims_beside_twenty_passages_take_a_moment() -> None:
    passages = [passage(f"The valve of pump {n} is opened at {n} bar. It is shut by the engineer.") for n in range(20)]
    claims = [statement(f"The valve of pump {n} is opened at {n} bar.") for n in range(10)]
    judge(claims, passages, stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY)
    began = time.process_time()
    judge(claims, passages, stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY)
    assert time.process_time() - began < 0.25
