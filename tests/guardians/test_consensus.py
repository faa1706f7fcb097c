"""Consensus: no majority, no way round a veto, no way in which silence permits more than a voice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.stakes import Stakes
from guardians.consensus import DEFAULT_CONSENSUS, STRICTNESS, Band, Consensus, ConsensusPolicy, decide, recheck
from guardians.guardian import Ballot, Basis, Finding, Part, Vote

MATERIAL, POLICY = "m" * 64, "p" * 64
NAMES = ("safety", "privacy", "compliance")
DEGRADED = replace(DEFAULT_CONSENSUS, degraded_read_only=True)
ALLOW, REDACT, ESCALATE, DENY, ABSTAIN = Ballot
# A voice is a ballot, and whether a deterministic hard rule decided; None is a guardian that was not heard.
Voice = tuple[Ballot, bool] | None
VOICES: tuple[Voice, ...] = (*product(Ballot, (False, True)), None)
Cell = tuple[Stakes, bool, tuple[Voice, ...]]


def vote(guardian: str, ballot: Ballot, *, hard: bool = False, **changes: Any) -> Vote:
    known = Vote(
        guardian=guardian,
        ballot=ballot,
        findings=(),
        score=0.5,
        basis=Basis.DETERMINISTIC,
        hard=hard,
        reason="",
        backend=guardian,
        version="1",
        material=MATERIAL,
        policy_hash=POLICY,
    )
    return replace(known, **changes)


def votes(*ballots: Ballot) -> list[Vote]:
    return [vote(name, ballot) for name, ballot in zip(NAMES, ballots, strict=True)]


def joined(cast: list[Vote], stakes: Stakes = Stakes.MEDIUM, policy: ConsensusPolicy = DEFAULT_CONSENSUS) -> Consensus:
    return decide(cast, material=MATERIAL, policy_hash=POLICY, stakes=stakes, policy=policy)


def outcome_of(cell: Cell, *, overridden: tuple[str, ...] = ()) -> Consensus:
    stakes, degraded, voices = cell
    cast = [vote(name, v[0], hard=v[1]) for name, v in zip(NAMES, voices, strict=True) if v]
    policy = DEGRADED if degraded else DEFAULT_CONSENSUS
    known = {"material": MATERIAL, "policy_hash": POLICY}
    return decide(cast, **known, stakes=stakes, policy=policy, overridden=overridden)


SPACE: dict[Cell, Consensus] = {
    cell: outcome_of(cell) for cell in product(Stakes, (False, True), product(VOICES, repeat=3))
}


def rank(ballot: Ballot) -> int:
    return STRICTNESS.index(ballot)


def stricter(voice: Voice) -> list[Voice]:
    """Return the voices that are as strict or stricter than one; for an abstention and a silence there are none."""
    if voice is None or voice[0] is ABSTAIN:
        return []
    ballots = STRICTNESS[rank(voice[0]) :]
    return [other for other in product(ballots, (False, True)) if voice != (DENY, True) or other[1]]


def neighbours(cell: Cell) -> Iterator[tuple[int, Cell, Voice]]:
    """Yield each cell that differs in one voice, with the place and the voice that stands there now."""
    stakes, degraded, voices = cell
    for place, voice in product(range(3), VOICES):
        yield place, (stakes, degraded, (*voices[:place], voice, *voices[place + 1 :])), voice


def escalated(voices: tuple[Voice, ...]) -> tuple[Voice, ...]:
    """Return the voices with each veto turned into an escalation."""
    return tuple((ESCALATE, False) if voice == (DENY, True) else voice for voice in voices)


def required(cell: Cell) -> tuple[Voice, ...]:
    return cell[2][:2] if cell[0] is Stakes.LOW else cell[2]


def silent(cell: Cell) -> bool:
    return any(voice is None or voice[0] is ABSTAIN for voice in required(cell))


def test_the_space_is_complete() -> None:
    assert len(SPACE) == 3 * 2 * 11**3


def test_a_stricter_vote_never_permits_more() -> None:
    broken = [
        (cell, other)
        for cell in SPACE
        for place, other, voice in neighbours(cell)
        if voice in stricter(cell[2][place]) and rank(SPACE[other].ballot) < rank(SPACE[cell].ballot)
    ]
    assert not broken


def test_an_abstention_or_a_silence_never_permits_more_than_allow_in_its_place() -> None:
    broken = [
        (cell, other)
        for cell in SPACE
        for place, other, voice in neighbours(cell)
        if (voice is None or voice[0] is ABSTAIN) and cell[2][place] in {(ALLOW, False), (ALLOW, True)}
        if rank(SPACE[other].ballot) < rank(SPACE[cell].ballot)
    ]
    assert not broken


def test_nothing_is_allowed_while_a_required_guardian_is_silent() -> None:
    outcomes = {SPACE[cell].ballot for cell in SPACE if silent(cell)}
    assert outcomes == {ESCALATE, DENY}


def test_nothing_is_allowed_that_anybody_denied_or_escalated() -> None:
    doubted = [cell for cell in SPACE if any(v and v[0] in {ESCALATE, DENY} for v in cell[2])]
    assert {SPACE[cell].ballot for cell in doubted} == {ESCALATE, DENY}


def test_every_hard_denial_is_a_veto() -> None:
    vetoed = [cell for cell in SPACE if (DENY, True) in cell[2]]
    assert {SPACE[cell].ballot for cell in vetoed} == {DENY}


def test_an_overridden_veto_goes_to_people_and_nothing_else_becomes_milder() -> None:
    lifted = {cell: outcome_of(cell, overridden=NAMES) for cell in SPACE}
    vetoed = {cell for cell in SPACE if (DENY, True) in cell[2]}
    assert all(lifted[cell] == SPACE[cell] for cell in SPACE.keys() - vetoed)
    assert {(lifted[cell].ballot, lifted[cell].needs_people) for cell in vetoed} == {(ESCALATE, 1), (DENY, 0)}
    assert all(lifted[s, d, voices].ballot is SPACE[s, d, escalated(voices)].ballot for s, d, voices in vetoed)


def test_a_veto_that_nobody_overrode_stands_beside_one_that_was() -> None:
    cell = (Stakes.MEDIUM, False, ((DENY, True), (ALLOW, False), (DENY, True)))
    known = outcome_of(cell, overridden=("compliance",))
    assert (known.ballot, known.reasons) == (DENY, ("hard_deny:safety", "overridden:compliance"))


def test_everything_that_is_not_denied_at_high_stakes_asks_a_person() -> None:
    high = [known for (stakes, _, _), known in SPACE.items() if stakes is Stakes.HIGH and known.ballot is not DENY]
    assert {known.needs_people for known in high} == {1}


def test_every_escalation_asks_a_person_and_every_denial_nobody() -> None:
    assert {known.needs_people for known in SPACE.values() if known.ballot is ESCALATE} == {1}
    assert {known.needs_people for known in SPACE.values() if known.ballot is DENY} == {0}


def test_high_stakes_with_a_silent_guardian_fail_closed() -> None:
    cells = [cell for cell in SPACE if cell[0] is Stakes.HIGH and silent(cell)]
    assert all(SPACE[cell].fail_closed for cell in cells)


def test_every_outcome_above_allow_has_a_reason() -> None:
    assert all(known.reasons for known in SPACE.values() if known.ballot is not ALLOW)


def test_hardness_matters_for_denials_only() -> None:
    soft = {cell: tuple((v[0], v[1] and v[0] is DENY) if v else None for v in cell[2]) for cell in SPACE}
    assert all(SPACE[cell].ballot is SPACE[cell[0], cell[1], voices].ballot for cell, voices in soft.items())


# All that can be the matter with one guardian's word, beside what it says: what was heard of it in order.
CIRCUMSTANCES: dict[str, Callable[[str], list[Any]]] = {
    "allows": lambda name: [vote(name, ALLOW)],
    "redacts": lambda name: [vote(name, REDACT)],
    "escalates": lambda name: [vote(name, ESCALATE)],
    "denies softly": lambda name: [vote(name, DENY)],
    "denies by guess": lambda name: [vote(name, DENY, hard=True, basis=Basis.STATISTICAL)],
    "denies hard": lambda name: [vote(name, DENY, hard=True)],
    "abstains": lambda name: [vote(name, ABSTAIN)],
    "is silent": lambda _: [],
    "allows another material": lambda name: [vote(name, ALLOW, material="0" * 64)],
    "allows under another policy": lambda name: [vote(name, ALLOW, policy_hash="0" * 64)],
    "allows without a score": lambda name: [vote(name, ALLOW, score=float("nan"))],
    "allows, unsure": lambda name: [vote(name, ALLOW, score=0.45)],
    "says no vote": lambda _: ["ALLOW"],
    "allows twice": lambda name: [vote(name, ALLOW), vote(name, ALLOW, elapsed_us=9)],
    "allows, then denies": lambda name: [vote(name, ALLOW), vote(name, DENY, hard=True)],
    "denies, then allows": lambda name: [vote(name, DENY), vote(name, ALLOW)],
    "stranger allows too": lambda name: [vote(name, ALLOW), vote("stranger", ALLOW)],
}
CLEAN = frozenset({"allows", "allows twice"})
Scene = tuple[Stakes, bool, tuple[str, ...]]
UNSURE = {name: Band(0.4, 0.49) for name in NAMES}


def came_to(scene: Scene) -> Consensus:
    stakes, degraded, words = scene
    cast = [item for name, word in zip(NAMES, words, strict=True) for item in CIRCUMSTANCES[word](name)]
    policy = replace(DEGRADED if degraded else DEFAULT_CONSENSUS, uncertain=UNSURE)
    return joined(cast, stakes, policy)


SCENES: dict[Scene, Consensus] = {
    scene: came_to(scene) for scene in product(Stakes, (False, True), product(CIRCUMSTANCES, repeat=3))
}


def test_nothing_but_clean_votes_is_ever_allowed() -> None:
    """Compliance need not vote at LOW: there its silence and its faulty votes are as none."""
    assert len(SCENES) == 3 * 2 * 17**3
    opened = {scene for scene, known in SCENES.items() if known.ballot in {ALLOW, REDACT}}
    needed = {(stakes, words[:2] if stakes is Stakes.LOW else words) for stakes, _, words in opened}
    assert {word for _, words in needed for word in words} == CLEAN | {"redacts"}


def test_a_clean_allow_in_place_of_anything_never_makes_the_outcome_stricter() -> None:
    broken = [
        (scene, place)
        for scene in SCENES
        for place in range(3)
        if rank(SCENES[with_clean(scene, place)].ballot) > rank(SCENES[scene].ballot)
    ]
    assert not broken


def with_clean(scene: Scene, place: int) -> Scene:
    stakes, degraded, words = scene
    return stakes, degraded, (*words[:place], "allows", *words[place + 1 :])


def test_no_circumstance_takes_away_a_veto_of_another_guardian() -> None:
    assert {known.ballot for (_, _, words), known in SCENES.items() if "denies hard" in words} == {DENY}


def test_whoever_has_to_be_asked_is_asked_whatever_happens() -> None:
    open_ = [(scene, known) for scene, known in SCENES.items() if known.ballot is not DENY]
    assert {known.needs_people for scene, known in open_ if scene[0] is Stakes.HIGH} == {1}
    assert {known.needs_people for _, known in open_ if known.ballot is ESCALATE} == {1}


@pytest.mark.parametrize(
    ("stakes", "ballots", "outcome"),
    [
        (Stakes.LOW, (ALLOW, ALLOW, ALLOW), ALLOW),
        (Stakes.MEDIUM, (ALLOW, REDACT, ALLOW), REDACT),
        (Stakes.HIGH, (ALLOW, ALLOW, ALLOW), ALLOW),
        (Stakes.LOW, (DENY, ALLOW, ALLOW), DENY),
        (Stakes.MEDIUM, (DENY, ALLOW, ALLOW), ESCALATE),
        (Stakes.HIGH, (DENY, ALLOW, ALLOW), ESCALATE),
        (Stakes.LOW, (ALLOW, ABSTAIN, ALLOW), DENY),
        (Stakes.LOW, (ALLOW, ALLOW, ABSTAIN), ALLOW),
        (Stakes.MEDIUM, (ALLOW, ALLOW, ABSTAIN), ESCALATE),
        (Stakes.HIGH, (ALLOW, ALLOW, ABSTAIN), ESCALATE),
    ],
)
def test_the_rule_by_example(stakes: Stakes, ballots: tuple[Ballot, ...], outcome: Ballot) -> None:
    assert joined(votes(*ballots), stakes).ballot is outcome


def test_two_allows_do_not_outvote_a_soft_denial_and_it_stays_on_record() -> None:
    known = joined(votes(DENY, ALLOW, ALLOW), Stakes.HIGH)
    assert known.reasons == ("people_required:1", "soft_deny:safety")
    assert known.dissent == ("compliance:ALLOW", "privacy:ALLOW", "safety:DENY")


def test_a_silent_guardian_at_high_stakes_is_a_denial_until_a_person_decides() -> None:
    known = joined(votes(ALLOW, ALLOW, ABSTAIN), Stakes.HIGH)
    assert (known.ballot, known.fail_closed, known.needs_people) == (ESCALATE, True, 1)
    assert "required_guardian_abstained:compliance" in known.reasons


def test_a_degraded_policy_asks_a_person_and_permits_reading_only() -> None:
    known = joined(votes(ALLOW, ABSTAIN, ALLOW), Stakes.LOW, DEGRADED)
    assert (known.ballot, known.read_only, known.fail_closed) == (ESCALATE, True, True)


def test_hard_without_determinism_is_no_veto() -> None:
    guess = vote("safety", DENY, hard=True, basis=Basis.LLM)
    assert joined([guess, vote("privacy", ALLOW), vote("compliance", ALLOW)]).ballot is ESCALATE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"material": "0" * 64}, "material_differs:safety"),
        ({"policy_hash": "0" * 64}, "policy_differs:safety"),
        ({"score": float("nan")}, "score_invalid:safety"),
        ({"score": float("inf")}, "score_invalid:safety"),
        ({"score": 1.5}, "score_invalid:safety"),
        ({"score": "high"}, "score_invalid:safety"),
    ],
)
def test_a_vote_on_something_else_or_without_a_score_is_an_abstention(change: dict[str, Any], reason: str) -> None:
    known = joined([vote("safety", ALLOW, **change), vote("privacy", ALLOW), vote("compliance", ALLOW)])
    assert known.ballot is ESCALATE
    assert {reason, "required_guardian_abstained:safety"} <= set(known.reasons)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "ALLOW",
        vote("", ALLOW),
        vote("s" * 41, ALLOW),
        replace(vote("safety", ALLOW), ballot="ALLOW"),  # type: ignore[arg-type]
        replace(vote("safety", ALLOW), basis="LLM"),  # type: ignore[arg-type]
        replace(vote("safety", ALLOW), hard=1),  # type: ignore[arg-type]
        replace(vote("safety", ALLOW), findings=None),  # type: ignore[arg-type]
        replace(vote("safety", ALLOW), findings=("rule",)),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_vote_never_counts_as_one(broken: Any) -> None:
    known = joined([broken, vote("privacy", ALLOW), vote("compliance", ALLOW)])
    assert (known.ballot, known.fail_closed) == (ESCALATE, True)
    assert {"malformed_vote", "required_guardian_abstained:safety"} <= set(known.reasons)


@pytest.mark.parametrize("stakes", Stakes)
def test_no_votes_at_all_fail_closed(stakes: Stakes) -> None:
    known = joined([], stakes)
    assert known.ballot in {ESCALATE, DENY}
    assert known.fail_closed
    assert "no_votes" in known.reasons


def test_a_policy_that_requires_nobody_fails_closed() -> None:
    known = joined(votes(ALLOW, ALLOW, ALLOW), policy=ConsensusPolicy(required={}, optional=NAMES))
    assert (known.ballot, known.fail_closed, known.reasons[0]) == (ESCALATE, True, "no_guardian_required")


@pytest.mark.parametrize("stakes", ["EXTREME", None, [], 3])
def test_unknown_stakes_count_as_high_with_an_abstention(stakes: Any) -> None:
    known = joined(votes(ALLOW, ALLOW, ALLOW), stakes)
    assert (known.ballot, known.fail_closed, known.needs_people) == (ESCALATE, True, 1)


def test_a_guardian_that_nobody_configured_escalates_whatever_it_says() -> None:
    known = joined([*votes(ALLOW, ALLOW, ALLOW), vote("mallory", ALLOW)])
    assert (known.ballot, known.reasons) == (ESCALATE, ("people_required:1", "unknown_guardian:mallory"))


def test_a_vote_delivered_twice_counts_once() -> None:
    again = vote("safety", ALLOW, elapsed_us=900)
    assert joined([*votes(ALLOW, ALLOW, ALLOW), again]).ballot is ALLOW


def test_two_different_votes_of_one_guardian_escalate_and_the_first_counts() -> None:
    known = joined([*votes(ALLOW, ALLOW, ALLOW), vote("safety", DENY, hard=True)])
    assert (known.ballot, known.dissent[-1]) == (ESCALATE, "safety:DENY")
    assert "equivocation:safety" in known.reasons
    assert joined([*votes(DENY, ALLOW, ALLOW), vote("safety", ALLOW)], Stakes.LOW).ballot is DENY


@pytest.mark.parametrize(("score", "outcome"), [(0.39, ALLOW), (0.4, ESCALATE), (0.59, ESCALATE), (0.6, ALLOW)])
def test_a_score_in_the_uncertain_band_escalates_though_all_allow(score: float, outcome: Ballot) -> None:
    policy = replace(DEFAULT_CONSENSUS, uncertain={"safety": Band(0.4, 0.6)})
    cast = [vote("safety", ALLOW, score=score), vote("privacy", ALLOW), vote("compliance", ALLOW)]
    assert joined(cast, policy=policy).ballot is outcome


def test_abstaining_is_no_way_out_of_the_uncertain_band() -> None:
    policy = replace(DEFAULT_CONSENSUS, optional=("tone",), uncertain={"tone": Band(0.4, 0.6)})
    known = joined([*votes(ALLOW, ALLOW, ALLOW), vote("tone", ABSTAIN, score=0.0)], policy=policy)
    assert (known.ballot, known.reasons[0]) == (ESCALATE, "optional_guardian_abstained:tone")


def test_a_second_safety_guardian_is_required_at_high_stakes_only() -> None:
    policy = replace(DEFAULT_CONSENSUS, second_safety="safety2")
    assert joined(votes(ALLOW, ALLOW, ALLOW), policy=policy).ballot is ALLOW
    assert "required_guardian_abstained:safety2" in joined(votes(ALLOW, ALLOW, ALLOW), Stakes.HIGH, policy).reasons


@pytest.mark.parametrize(("backend", "outcome"), [("other", ALLOW), ("safety", ESCALATE)])
def test_a_second_safety_guardian_with_the_firsts_backend_is_not_independent(backend: str, outcome: Ballot) -> None:
    policy = replace(DEFAULT_CONSENSUS, second_safety="safety2")
    second = vote("safety2", ALLOW, backend=backend)
    assert joined([*votes(ALLOW, ALLOW, ALLOW), second], Stakes.HIGH, policy).ballot is outcome


def test_a_rule_that_asks_for_two_people_gets_two() -> None:
    finding = Finding(
        rule="euaia.annex3.rbi_two_person", kind="require_approval", part=Part.ACTION, ref="", span=None, score=1.0
    )
    asked = vote("compliance", ESCALATE, findings=(finding,))
    known = joined([vote("safety", ALLOW), vote("privacy", ALLOW), asked])
    assert (known.needs_people, known.reasons[-1]) == (2, "people_required:2")


@pytest.mark.parametrize(
    ("second", "changed", "outcome"),
    [
        ((ALLOW, ALLOW, ALLOW), False, REDACT),
        ((ALLOW, REDACT, ALLOW), False, REDACT),
        ((ALLOW, REDACT, ALLOW), True, ESCALATE),
        ((ESCALATE, ALLOW, ALLOW), False, ESCALATE),
    ],
)
def test_a_redacted_answer_is_judged_once_more(second: tuple[Ballot, ...], changed: bool, outcome: Ballot) -> None:
    first = joined(votes(ALLOW, REDACT, ALLOW))
    known = recheck(first, joined(votes(*second)), changed=changed)
    assert known.ballot is outcome
    assert known == first or "redaction_not_stable" in known.reasons
    assert known.needs_people == int(outcome is ESCALATE)


def test_a_denial_on_the_redacted_answer_is_final() -> None:
    first = joined(votes(ALLOW, REDACT, ALLOW), Stakes.HIGH)
    known = recheck(first, joined(votes(DENY, ALLOW, ALLOW), Stakes.LOW), changed=True)
    assert (known.ballot, known.needs_people) == (DENY, 0)


casts = st.lists(
    st.builds(
        vote,
        st.sampled_from([*NAMES, "tone", "mallory"]),
        st.sampled_from(Ballot),
        hard=st.booleans(),
        basis=st.sampled_from(Basis),
        score=st.floats(),
        material=st.sampled_from([MATERIAL, "0" * 64]),
    ),
    max_size=6,
)
policies = st.builds(
    ConsensusPolicy,
    required=st.just(DEFAULT_CONSENSUS.required),
    optional=st.sampled_from([(), ("tone",)]),
    second_safety=st.sampled_from(["", "tone"]),
    degraded_read_only=st.booleans(),
    uncertain=st.sampled_from([{}, {"safety": Band(0.2, 0.8)}]),
)


@given(casts, st.sampled_from(Stakes), policies)
def test_it_always_answers_and_always_the_same(cast: list[Vote], stakes: Stakes, policy: ConsensusPolicy) -> None:
    known = joined(cast, stakes, policy)
    assert known == joined(cast, stakes, policy)
    assert known.ballot in STRICTNESS
    assert known.rule == "consensus/v1"


@given(casts, st.sampled_from(Stakes), policies, st.data())
def test_the_order_of_votes_of_different_guardians_has_no_meaning(
    cast: list[Vote], stakes: Stakes, policy: ConsensusPolicy, data: st.DataObject
) -> None:
    first = list({item.guardian: item for item in cast}.values())
    assert joined(first, stakes, policy) == joined(data.draw(st.permutations(first)), stakes, policy)


def test_the_policy_prints_the_same_in_every_process() -> None:
    assert "frozenset" not in repr(DEFAULT_CONSENSUS)
    assert repr(DEFAULT_CONSENSUS) == repr(replace(DEFAULT_CONSENSUS))
