"""The border between a guardian and the rest: what is no sound vote on exactly this material is an abstention."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.spans import Span
from audit.stakes import Stakes
from guardians.guardian import (
    DEPTH_LIMIT,
    ELAPSED_LIMIT,
    Ballot,
    Basis,
    Finding,
    Material,
    MaterialError,
    Part,
    Piece,
    Vote,
    abstention,
    cast,
    is_score,
    place_of,
)

MATERIAL = Material((Piece(Part.ANSWER, "answer", "Warfarin is stopped."),), {"pii": False}, Stakes.MEDIUM, "p" * 64)
FINDING = Finding("test.rule", "EMAIL", Part.ANSWER, "answer", Span(0, 8), 0.5)
VOTE = Vote(
    guardian="scripted",
    ballot=Ballot.ALLOW,
    findings=(FINDING,),
    score=0.5,
    basis=Basis.DETERMINISTIC,
    hard=False,
    reason="nothing",
    backend="none",
    version="1",
    material=MATERIAL.digest(),
    policy_hash=MATERIAL.policy_hash,
)


@dataclass
class Scripted:
    """A guardian that returns what it was given, or raises it."""

    says: Any
    name: str = "scripted"
    version: str = "1"

    def review(self, material: Material) -> Vote:  # noqa: ARG002 - the shape of a guardian
        if isinstance(self.says, Exception):
            raise self.says
        vote: Vote = self.says
        return vote


def clock_of(*ticks: int) -> Any:
    return iter(ticks).__next__


def said(value: object) -> Vote:
    return cast(Scripted(value), MATERIAL, clock=clock_of(0, 0))


def test_a_sound_vote_passes_with_the_time_it_took() -> None:
    vote = cast(Scripted(VOTE), MATERIAL, clock=clock_of(1_000_000, 3_500_000))
    assert vote == replace(VOTE, elapsed_us=2_500)


@pytest.mark.parametrize(("ticks", "elapsed"), [((5_000, 0), 0), ((0, 2**63), ELAPSED_LIMIT)])
def test_a_clock_that_jumps_gives_no_impossible_time(ticks: tuple[int, int], elapsed: int) -> None:
    assert cast(Scripted(VOTE), MATERIAL, clock=clock_of(*ticks)).elapsed_us == elapsed


def test_a_guardian_that_raises_has_abstained_and_quotes_nothing_of_what_it_read() -> None:
    vote = said(ValueError("Rosalind Achterberg"))
    assert (vote.ballot, vote.score, vote.findings) == (Ballot.ABSTAIN, 0.0, ())
    assert vote.reason.startswith("raised ValueError at test_guardian.py:")
    assert "Rosalind" not in vote.reason
    assert vote.material == MATERIAL.digest()


def vote_with(**change: Any) -> Vote:
    return replace(VOTE, **change)


def finding_with(**change: Any) -> Finding:
    return replace(FINDING, **change)


@pytest.mark.parametrize(
    ("vote", "reason"),
    [
        (None, "returned a NoneType, which is no vote"),
        ("ALLOW", "returned a str, which is no vote"),
        (vote_with(guardian="safety"), "voted for another guardian or version"),
        (vote_with(version="2"), "voted for another guardian or version"),
        (vote_with(material="0" * 64), "voted on another material"),
        (vote_with(policy_hash="q"), "voted under another policy"),
        (vote_with(ballot="ALLOW"), "returned a vote with a value of another type"),
        (vote_with(hard=1), "returned a vote with a value of another type"),
        (vote_with(findings=[FINDING]), "returned a vote with a value of another type"),
        (vote_with(score=float("nan")), "returned a score that is no number from 0 to 1"),
        (vote_with(score=True), "returned a score that is no number from 0 to 1"),
        (vote_with(reason="x" * 301), "gave a reason of 301 characters; 300 are the most"),
        (vote_with(backend="x" * 61), "named a version or backend that is too long to record"),
        (vote_with(findings=(finding_with(rule="x" * 81),)), "returned a finding that is malformed"),
        (vote_with(findings=(finding_with(kind="X" * 41),)), "returned a finding that is malformed"),
        (vote_with(findings=("EMAIL",)), "returned a finding that is malformed"),
        (vote_with(findings=(finding_with(score=2),)), "returned a finding that is malformed"),
        (vote_with(findings=(finding_with(part="ANSWER"),)), "returned a finding that is malformed"),
        (vote_with(findings=(finding_with(span=(0, 8)),)), "returned a finding that is malformed"),
        (vote_with(findings=(finding_with(span=Span(0, 21)),)), "found something outside what was judged"),
        (vote_with(findings=(finding_with(ref="question"),)), "found something outside what was judged"),
        (vote_with(findings=(finding_with(part=Part.REQUEST),)), "found something outside what was judged"),
    ],
)
def test_what_is_no_sound_vote_on_this_material_is_an_abstention(vote: object, reason: str) -> None:
    heard = said(vote)
    assert (heard.ballot, heard.reason) == (Ballot.ABSTAIN, reason)
    assert (heard.guardian, heard.version) == ("scripted", "1")


def test_a_finding_without_a_place_needs_no_text() -> None:
    vote = replace(VOTE, findings=(replace(FINDING, ref="gdpr", span=None),))
    assert said(vote).ballot is Ballot.ALLOW


def test_of_two_texts_under_one_name_the_longer_bounds_the_findings() -> None:
    twin = Material((*MATERIAL.pieces, Piece(Part.ANSWER, "answer", "No.")), {}, Stakes.LOW, "p" * 64)
    vote = replace(VOTE, material=twin.digest())
    assert cast(Scripted(vote), twin, clock=clock_of(0, 0)).ballot is Ballot.ALLOW


def test_a_material_without_a_digest_is_abstained_on_and_bound_to_nothing() -> None:
    broken = replace(MATERIAL, facts={"odd": object()})
    vote = cast(Scripted(VOTE), broken, clock=clock_of(0, 0))
    assert (vote.ballot, vote.material) == (Ballot.ABSTAIN, "")
    assert vote.reason.startswith("raised MaterialError at guardian.py:")


def test_an_abstention_cuts_a_long_reason_to_its_column() -> None:
    assert len(abstention(Scripted(VOTE), MATERIAL, reason="x" * 500).reason) == 300


def test_an_error_without_a_trace_has_an_unknown_place() -> None:
    assert place_of(None) == "an unknown place"


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters()))
lists = st.lists(values, max_size=3)


@given(st.one_of(values, lists), st.one_of(values, lists))
@example(one=1, other=True)
@example(one=1, other=1.0)
@example(one="1", other=1)
@example(one=0.0, other=-0.0)
def test_facts_that_differ_in_value_or_type_differ_in_their_digest(one: object, other: object) -> None:
    digests = [replace(MATERIAL, facts={"fact": value}).digest() for value in (one, other)]
    assert (digests[0] == digests[1]) is (repr(one) == repr(other))


def test_the_order_of_a_map_is_no_difference() -> None:
    one, other = {"a": 1, "b": [{}]}, {"b": [{}], "a": 1}
    assert replace(MATERIAL, facts=one).digest() == replace(MATERIAL, facts=other).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"stakes": Stakes.HIGH},
        {"policy_hash": "q" * 64},
        {"facts": {"pii": True}},
        {"facts": {"pii": 0}},
        {"facts": {}},
        {"pieces": ()},
        {"pieces": (Piece(Part.REQUEST, "answer", "Warfarin is stopped."),)},
        {"pieces": (Piece(Part.ANSWER, "other", "Warfarin is stopped."),)},
        {"pieces": (Piece(Part.ANSWER, "answer", "Warfarin is not stopped."),)},
    ],
)
def test_whatever_is_judged_is_in_the_digest(change: dict[str, Any]) -> None:
    assert replace(MATERIAL, **change).digest() != MATERIAL.digest()


def test_half_a_surrogate_pair_has_a_digest_too() -> None:
    halves = [replace(MATERIAL, facts={"name": half}).digest() for half in ("\ud800", "\udfff")]
    assert len({*halves, MATERIAL.digest()}) == 3


def test_facts_that_somebody_changes_have_another_digest_from_then_on() -> None:
    known = {"pii": False}
    material = replace(MATERIAL, facts=known)
    before = material.digest()
    known["pii"] = True
    assert before == MATERIAL.digest()
    assert material.digest() == replace(MATERIAL, facts={"pii": True}).digest()


@dataclass
class Meddler(Scripted):
    """A guardian that changes the facts while it votes."""

    def review(self, material: Material) -> Vote:
        vote = replace(VOTE, material=material.digest())
        material.facts["pii"] = True  # type: ignore[index]
        return vote


def test_a_guardian_that_changes_the_facts_has_voted_on_another_material() -> None:
    vote = cast(Meddler(None), replace(MATERIAL, facts={"pii": False}), clock=clock_of(0, 0))
    assert (vote.ballot, vote.reason) == (Ballot.ABSTAIN, "voted on another material")


class Unwritable:
    def __repr__(self) -> str:
        raise RecursionError


def test_facts_that_cannot_be_written_have_no_digest() -> None:
    material = replace(MATERIAL, facts={"fact": Unwritable()})
    with pytest.raises(MaterialError, match="cannot be written: RecursionError"):
        material.digest()
    assert cast(Scripted(VOTE), material, clock=clock_of(0, 0)).material == ""


@pytest.mark.parametrize("fact", [object(), b"bytes", {1, 2}, 1j])
def test_what_is_no_plain_value_has_no_digest(fact: object) -> None:
    with pytest.raises(MaterialError, match="use null, bool, int, float, str, list or map"):
        replace(MATERIAL, facts={"fact": fact}).digest()


def test_facts_may_be_nested_to_a_limit() -> None:
    deep: object = 1
    for _ in range(DEPTH_LIMIT + 1):
        deep = [deep]
    with pytest.raises(MaterialError, match="nested deeper than 10"):
        replace(MATERIAL, facts={"fact": deep}).digest()


@pytest.mark.parametrize(
    ("value", "sound"), [(0, True), (1, True), (0.5, True), (-0.1, False), ("1", False), (1e309, False)]
)
def test_a_score_is_a_number_from_0_to_1(value: object, sound: bool) -> None:
    assert is_score(value) is sound
