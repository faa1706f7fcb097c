"""A memory of verifiers saves work and decides nothing: reports with and without it are the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.spans import Span
from audit.stakes import Stakes
from audit.vault import SealError
from evidence.claims import Kind, Statement, split
from evidence.gate import DEFAULT_POLICY, GateReport, judge
from evidence.passages import Passage
from evidence.recall import NOTHING, Asked, Consultation, Memory
from evidence.remembered import LIMIT, STEP, Entry, entries, keys_of, opened, seal
from evidence.typed.scoring import CALIBRATION, TYPED
from evidence.verdicts import Alignment, Rule, Stance
from evidence.verifying import Context
from tests.evidence.material import passage, statement

KEYS = keys_of(b"k" * 32, "northgate")
SAID = "The valve is opened at 5 bar by the engineer."
DENIED = "The valve is not opened at 5 bar by the engineer."
OTHER = "The valve is opened at 9 bar by the engineer."
TEXTS = (
    SAID,
    DENIED,
    OTHER,
    "Ada closes the gate at noon if the alarm rings.",
    "Nobody has opened the valve since 1990.",
)


@dataclass
class Shelf:
    """A memory in this process, sealed as any other."""

    kept: dict[str, bytes] = field(default_factory=dict)
    hits: int = 0

    def recall(self, consultation: Consultation) -> "Look":
        places = entries(KEYS, consultation, code=b"1")
        pairs = zip(places, consultation.asked, strict=True)
        found = [
            opened(place, self.kept[place.name], asked.passages) if place.name in self.kept else None
            for place, asked in pairs
        ]
        self.hits += sum(one is not None for one in found)
        return Look(self, places, found)


@dataclass
class Look:
    shelf: Shelf
    places: Sequence[Entry]
    found: Sequence[Sequence[Alignment] | None]

    def keep(self, fresh: Mapping[int, Sequence[Alignment]]) -> None:
        for place, said in fresh.items():
            sealed = seal(self.places[place], said)
            if sealed is not None:
                self.shelf.kept[self.places[place].name] = sealed


def consultation(**changes: Any) -> Consultation:
    around = Context("When is the valve opened?", (passage(SAID), passage(DENIED)))
    known = Consultation(TYPED.id, CALIBRATION, around, (Asked(statement(SAID), around.passages),))
    return replace(known, **changes)


def name_of(known: Consultation, *, keys: Any = KEYS, code: bytes = b"1") -> str:
    return entries(keys, known, code=code)[0].name


words = st.sampled_from(("valve", "pump", "opened", "not", "5", "9 bar", "Ada", "noon", "if", "only", "ü", "\ud800"))
sentences = st.one_of(st.sampled_from(TEXTS), st.lists(words, min_size=1, max_size=12).map(lambda w: " ".join(w) + "."))
passages = st.builds(
    passage, sentences, source=st.sampled_from(("Committee", "Leaflet", "")), trusted=st.booleans(), title=sentences
)


def judged(answer: Sequence[str], found: Sequence[Passage], question: str, memory: Memory) -> GateReport:
    known = [one for text in answer for one in split(text)]
    return judge(known, found, stakes=Stakes.HIGH, policy=DEFAULT_POLICY, context=question, memory=memory)


@settings(max_examples=150, deadline=None)
@given(st.lists(sentences, max_size=5), st.lists(passages, max_size=15), sentences)
def test_a_report_is_the_same_with_an_empty_memory_a_full_one_and_none(
    answer: list[str], found: list[Passage], question: str
) -> None:
    shelf = Shelf()
    reports = [judged(answer, found, question, memory) for memory in (NOTHING, shelf, shelf)]
    assert reports[0] == reports[1] == reports[2]
    assert repr(reports[0]) == repr(reports[2])


@settings(max_examples=50, deadline=None)
@given(st.lists(sentences, min_size=1, max_size=3), st.lists(passages, min_size=1, max_size=6))
def test_the_typed_verifier_goes_by_no_id_of_a_passage(answer: list[str], found: list[Passage]) -> None:
    named = [replace(one, id=str(place), sha256=f"{place:064x}") for place, one in enumerate(found)]
    asked = [[TYPED.align(statement(text), some, context=Context("", tuple(some))) for text in answer]
             for some in (found, named)]  # fmt: skip
    plain = [[[replace(one, passage=found[0]) for one in claim] for claim in answers] for answers in asked]
    assert plain[0] == plain[1]


def test_a_second_look_computes_nothing() -> None:
    shelf = Shelf()
    for _ in range(2):
        judged([SAID, OTHER], [passage(DENIED), passage(SAID)], "", shelf)
    assert (len(shelf.kept), shelf.hits) == (2, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"verifier": "another"},
        {"calibration": replace(CALIBRATION, threshold=0.9)},
        {"context": Context("Another question?", (passage(SAID), passage(DENIED)))},
        {"context": Context("When is the valve opened?", (passage(SAID), passage(OTHER)))},
        {"context": Context("When is the valve opened?", (passage(DENIED), passage(SAID)))},
        {"asked": (Asked(statement(OTHER), (passage(SAID), passage(DENIED))),)},
        {"asked": (Asked(Statement(SAID, Span(3, 3 + len(SAID)), Kind.FACT), (passage(SAID), passage(DENIED))),)},
        {"asked": (Asked(Statement(SAID, Span(0, len(SAID)), Kind.INFERENCE), (passage(SAID), passage(DENIED))),)},
        {"asked": (Asked(statement(SAID), (passage(SAID),)),)},
        {"asked": (Asked(statement(SAID), (passage(DENIED), passage(SAID))),)},
    ],
)
def test_whatever_decides_is_in_the_name(changes: dict[str, Any]) -> None:
    assert name_of(consultation(**changes)) != name_of(consultation())


@pytest.mark.parametrize(
    "change",
    [
        {"text": OTHER},
        {"source": "Leaflet"},
        {"title": "Valves"},
        {"trusted": False},
        {"weight": 0.5},
        {"host": "example.org"},
        {"original": "ab" * 32},
    ],
)
def test_whatever_a_passage_says_of_itself_is_in_the_name(change: dict[str, Any]) -> None:
    both = [(Asked(statement(SAID), (one,)),) for one in (passage(SAID), replace(passage(SAID), **change))]
    assert name_of(consultation(asked=both[0])) != name_of(consultation(asked=both[1]))


def test_another_program_and_another_workspace_ask_under_other_names() -> None:
    names = {name_of(consultation()), name_of(consultation(), code=b"2")}
    names |= {name_of(consultation(), keys=keys_of(b"k" * 32, "elsewhere"))}
    names |= {name_of(consultation(), keys=keys_of(b"x" * 32, "northgate"))}
    assert len(names) == 4


def test_ids_of_passages_are_not_in_the_name() -> None:
    """Passages that a client sends have new ids in each run."""
    known = replace(passage(SAID), id=str(UUID(int=7)), sha256="0" * 64)
    both = [(Asked(statement(SAID), (one,)),) for one in (passage(SAID), known)]
    assert name_of(consultation(asked=both[0])) == name_of(consultation(asked=both[1]))


def kept() -> tuple[Entry, bytes, tuple[Passage, ...]]:
    known = consultation()
    (place,) = entries(KEYS, known, code=b"1")
    (asked,) = known.asked
    sealed = seal(place, TYPED.align(asked.claim, asked.passages, context=known.context))
    assert sealed is not None
    return place, sealed, asked.passages


def test_a_value_holds_no_word_and_its_length_is_a_step() -> None:
    place, sealed, _ = kept()
    assert not any(word.encode() in sealed + place.name.encode() for word in ("valve", "bar", "source", "SUPPORTS"))
    assert (len(sealed) - 45) % STEP == 0


def test_a_value_opens_under_its_own_name_only() -> None:
    place, sealed, found = kept()
    (other,) = entries(KEYS, consultation(verifier="another"), code=b"1")
    with pytest.raises(SealError):
        opened(other, sealed, found)
    with pytest.raises(SealError):
        opened(Entry(other.name, place.key), sealed, found)


@pytest.mark.parametrize("at", range(0, 301, 25))
def test_a_value_with_a_changed_or_a_lost_bit_does_not_open(at: int) -> None:
    place, sealed, found = kept()
    changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
    for value in (changed, sealed[:at], sealed + b"\0"):
        with pytest.raises(SealError):
            opened(place, value, found)


def test_what_is_too_long_or_no_text_is_not_kept() -> None:
    place, _, _ = kept()
    one = Alignment(passage(SAID), Stance.NEUTRAL, 0, 0.0, Rule.MATCH, Span(0, 1), Span(0, 1))
    assert seal(place, [replace(one, detail="x" * LIMIT)]) is None
    assert seal(place, [replace(one, detail="\ud800")]) is None
    assert seal(place, [one]) is not None


@dataclass(frozen=True)
class Liar:
    """A memory whose word is no alignments of what was asked."""

    said: Any

    def recall(self, consultation: Consultation) -> "Liar":  # noqa: ARG002
        return self

    @property
    def found(self) -> Any:
        return [self.said]

    def keep(self, fresh: Mapping[int, Sequence[Alignment]]) -> None:
        pass


@pytest.mark.parametrize(
    "change", [{"passage": passage(OTHER)}, {"p_supported": 2.0}, {"stance": "?"}, {"claim_span": Span(0, 999)}]
)
def test_a_memory_that_says_what_cannot_be_is_not_believed(change: dict[str, Any]) -> None:
    sound = Alignment(passage(DENIED), Stance.SUPPORTS, 1.0, 0.0, Rule.MATCH, Span(0, 1), Span(0, 1))
    found = [judged([SAID], [passage(DENIED)], "", memory) for memory in (NOTHING, Liar([replace(sound, **change)]))]
    assert found[0] == found[1]
