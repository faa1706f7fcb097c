"""A stronger verifier decides what the typed one leaves open, and no more; what it does wrong supports nothing."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest

from audit.spans import Span
from audit.stakes import Stakes
from evidence import deadline
from evidence.claims import Statement
from evidence.gate import DEFAULT_POLICY, JudgedClaim, Stronger, judge
from evidence.passages import Passage
from evidence.typed.scoring import CALIBRATION, TYPED
from evidence.verdicts import Alignment, Reason, Rule, Stance, Verdict
from evidence.verifiers.scored import ScoredVerifier
from evidence.verifying import Context
from tests.evidence.material import passage, statement

RECORD = replace(CALIBRATION, id="record-1", verifier="nli-1", threshold=0.8)
SAID = "Doctor Arran stopped the trial in June."
# The typed verifier knows no such words for it, and leaves it open.
RESTATED = "The trial was ended in June by Doctor Arran."
OPEN = "Doctor Arran terminated the experiment that summer."
OPPOSED = "Doctor Arran did not stop the trial in June."


@dataclass
class Plugin:
    """A verifier of another package: it does with each claim what it was given to do."""

    act: Callable[[Statement, Sequence[Passage]], Any]
    id: str = "nli-1"
    asked: list[str] = field(default_factory=list)

    def align(self, claim: Statement, passages: Sequence[Passage], *, context: Context) -> Any:  # noqa: ARG002
        self.asked.append(claim.text)
        return self.act(claim, passages)


def says(stance: Stance, supported: float, contradicted: float = 0.0, **more: Any) -> Callable[..., Any]:
    def act(claim: Statement, passages: Sequence[Passage]) -> list[Alignment]:
        whole = Span(0, len(claim.text))
        return [
            replace(Alignment(one, stance, supported, contradicted, Rule.SCORE, whole, Span(0, 1)), **more)
            for one in passages
        ]

    return act


SUPPORTING = says(Stance.SUPPORTS, 0.9)
CONTRADICTING = says(Stance.CONTRADICTS, 0.05, 0.9, detail="The source, read as a whole, says otherwise.")


def judged(
    verifier: Any, *claims: str, of: Sequence[Passage] = (), record: Any = RECORD, seconds: float = 5, **more: Any
) -> tuple[JudgedClaim, ...]:
    stronger = Stronger(verifier, record, seconds)
    texts = [statement(text) for text in claims or (OPEN,)]
    passages = of or [passage(SAID)]
    return judge(texts, passages, stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY, stronger=stronger, **more).claims


def test_what_the_typed_verifier_leaves_open_is_decided_by_the_stronger_one() -> None:
    (found,) = judged(Plugin(SUPPORTING))
    assert (found.verdict, found.reason) == (Verdict.SUPPORTED, Reason.SUPPORTED)
    assert (found.verifier, found.calibration) == ("nli-1", "record-1")
    assert [item.verifier for item in found.evidence] == ["nli-1"]


def test_a_contradiction_of_the_stronger_one_has_its_own_reason() -> None:
    (found,) = judged(Plugin(CONTRADICTING))
    assert (found.verdict, found.reason) == (Verdict.CONTRADICTED, Reason.SCORE)
    assert found.why == "The source, read as a whole, says otherwise."


def test_only_what_is_open_is_asked() -> None:
    plugin = Plugin(SUPPORTING)
    found = judged(plugin, SAID, OPEN, OPPOSED)
    assert plugin.asked == [OPEN]
    assert [claim.verdict for claim in found] == [Verdict.SUPPORTED, Verdict.SUPPORTED, Verdict.CONTRADICTED]
    assert [claim.verifier for claim in found] == [TYPED.id, "nli-1", TYPED.id]


def test_where_both_abstain_the_typed_verdict_stays_as_it_is() -> None:
    alone = judge([statement(OPEN)], [passage(SAID)], stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY).claims
    assert judged(Plugin(says(Stance.NEUTRAL, 0.1))) == alone
    assert judged(Plugin(says(Stance.SUPPORTS, 0.79))) == alone


@pytest.mark.parametrize(
    "record",
    [
        replace(RECORD, verifier="nli-2"),
        replace(RECORD, expires=date(2026, 1, 1)),
        replace(RECORD, n=60, leaks=30),
        replace(RECORD, n=0, leaks=0),
        CALIBRATION,
    ],
    ids=["another verifier's", "expired", "its bound is broken", "measured on nothing", "the typed verifier's"],
)
def test_without_a_record_in_force_it_is_not_even_asked(record: Any) -> None:
    plugin = Plugin(SUPPORTING)
    (found,) = judged(plugin, record=record, on=date(2026, 6, 1))
    assert (found.verdict, found.verifier, plugin.asked) == (Verdict.INSUFFICIENT, TYPED.id, [])


def test_support_by_an_untrusted_source_does_not_outvote_what_the_typed_verifier_found_against_it() -> None:
    untrusted = [passage(OPPOSED, source="One", trusted=False), passage("Anything.", source="Two", trusted=False)]
    alone = judge([statement(SAID)], untrusted, stakes=Stakes.LOW, policy=DEFAULT_POLICY).claims[0]
    (found,) = judged(Plugin(SUPPORTING), SAID, of=untrusted)
    assert (alone.verdict, found.verdict) == (Verdict.INSUFFICIENT, Verdict.DISPUTED)
    assert {item.verifier for item in found.evidence} == {"nli-1", ""}


def test_what_supports_and_what_contradicts_by_trusted_sources_is_disputed() -> None:
    def both(claim: Statement, passages: Sequence[Passage]) -> list[Alignment]:
        return [*SUPPORTING(claim, passages[:1]), *CONTRADICTING(claim, passages[1:])]

    (found,) = judged(Plugin(both), of=[passage(SAID, source="One"), passage(RESTATED, source="Two")])
    assert found.verdict is Verdict.DISPUTED


def raises(error: Exception) -> Callable[..., Any]:
    def act(*_: Any) -> Any:
        raise error

    return act


@pytest.mark.parametrize(
    "act",
    [
        raises(RuntimeError("out of memory")),
        raises(RecursionError()),
        says(Stance.SUPPORTS, float("nan")),
        says(Stance.SUPPORTS, float("inf")),
        says(Stance.SUPPORTS, 0.9, 0.2),
        says(Stance.SUPPORTS, 0.9, passage_span=Span(0, 10_000)),
        says(Stance.SUPPORTS, 0.9, claim_span=Span(3, 10_000)),
        says(Stance.SUPPORTS, 0.9, passage=passage("Another text.")),
        says(Stance.SUPPORTS, 0.9, verifier=TYPED.id),
        lambda claim, passages: [*SUPPORTING(claim, passages), *SUPPORTING(claim, passages)],
        lambda *_: [],
        lambda *_: None,
    ],
    ids=[
        "raises", "recurses", "nan", "inf", "over one", "false passage span", "false claim span",
        "another passage", "another's name", "too many", "too few", "nothing",
    ],
)  # fmt: skip
def test_a_plug_in_that_fails_or_lies_supports_nothing(act: Callable[..., Any]) -> None:
    (found,) = judged(Plugin(act))
    assert (found.verdict, found.reason) == (Verdict.INSUFFICIENT, Reason.VERIFIER_UNAVAILABLE)
    assert found.why.endswith("A stronger verifier was asked and gave no answer that can be used.")


def test_one_claim_on_which_it_fails_spoils_no_other() -> None:
    def act(claim: Statement, passages: Sequence[Passage]) -> Any:
        return None if "summer" in claim.text else SUPPORTING(claim, passages)

    found = judged(Plugin(act), OPEN, "Doctor Arran terminated the experiment for good.")
    assert [claim.verdict for claim in found] == [Verdict.INSUFFICIENT, Verdict.SUPPORTED]


@pytest.fixture
def gate_open() -> Iterator[threading.Event]:
    """Hold what waits for it until the test is over."""
    event = threading.Event()
    yield event
    event.set()
    for thread in [one for one in threading.enumerate() if one.name == "verifier"]:
        thread.join(5)


def test_one_that_hangs_costs_its_deadline_and_what_was_answered_by_then_counts(gate_open: threading.Event) -> None:
    def act(claim: Statement, passages: Sequence[Passage]) -> Any:
        return SUPPORTING(claim, passages) if "summer" in claim.text else gate_open.wait()

    began = time.monotonic()
    found = judged(Plugin(act), OPEN, "Doctor Arran terminated the experiment for good.", seconds=0.3)
    assert time.monotonic() - began < 3
    assert [claim.reason for claim in found] == [Reason.SUPPORTED, Reason.VERIFIER_UNAVAILABLE]


def test_what_is_answered_after_the_deadline_changes_nothing_and_no_further_claim_is_asked(
    gate_open: threading.Event,
) -> None:
    def act(claim: Statement, passages: Sequence[Passage]) -> Any:
        gate_open.wait()
        return SUPPORTING(claim, passages)

    plugin = Plugin(act)
    found = judged(plugin, OPEN, "Doctor Arran terminated the experiment for good.", seconds=0.1)
    gate_open.set()
    wait_for_threads()
    assert {claim.reason for claim in found} == {Reason.VERIFIER_UNAVAILABLE}
    assert plugin.asked == [OPEN]


def wait_for_threads() -> None:
    for thread in [one for one in threading.enumerate() if one.name == "verifier"]:
        thread.join(5)


def test_those_that_hang_do_not_fill_the_process_with_threads(gate_open: threading.Event) -> None:
    for _ in range(deadline.AT_ONCE):
        judged(Plugin(lambda *_: gate_open.wait()), seconds=0.01)
    (found,) = judged(Plugin(SUPPORTING))
    assert found.reason is Reason.VERIFIER_UNAVAILABLE
    gate_open.set()
    wait_for_threads()
    assert judged(Plugin(SUPPORTING))[0].verdict is Verdict.SUPPORTED


def test_where_the_typed_verifier_failed_the_stronger_one_is_not_asked() -> None:
    plugin = Plugin(SUPPORTING)
    broken = Plugin(raises(RuntimeError()), id=TYPED.id)
    texts, record = [statement(OPEN)], Stronger(plugin, RECORD, 5)
    report = judge(texts, [passage(SAID)], stakes=Stakes.LOW, policy=DEFAULT_POLICY, stronger=record, verifier=broken)
    (found,) = report.claims
    assert (found.reason, plugin.asked) == (Reason.VERIFIER_UNAVAILABLE, [])


@dataclass
class Halves:
    """A scorer that is sure of everything, and binary."""

    shares: tuple[float, float]
    binary: bool = False
    id: str = "nli-1"

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        return [self.shares for _ in pairs]


@pytest.mark.parametrize(
    ("scorer", "verdict"),
    [
        (Halves((0.9, 0.0)), Verdict.SUPPORTED),
        (Halves((0.0, 0.9)), Verdict.CONTRADICTED),
        (Halves((0.0, 0.9), binary=True), Verdict.INSUFFICIENT),
        (Halves((float("nan"), 0.0)), Verdict.INSUFFICIENT),
    ],
)
def test_a_scorer_of_pairs_is_a_verifier(scorer: Halves, verdict: Verdict) -> None:
    assert judged(ScoredVerifier(scorer))[0].verdict is verdict


def test_an_answer_that_states_nothing_asks_nobody() -> None:
    plugin = Plugin(SUPPORTING)
    judge([], [passage(SAID)], stakes=Stakes.LOW, policy=DEFAULT_POLICY, stronger=Stronger(plugin, RECORD, 1))
    assert plugin.asked == []
