"""Who counts as one voice, and what the voices come to."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.sources import Need, Voices, grouped, shingles, similarity, voices, weigh
from evidence.verdicts import Reason, Verdict
from tests.evidence.material import passage

ANY, TRUSTED, TWO = Need(1, trusted_only=False), Need(1, trusted_only=True), Need(2, trusted_only=False)
NONE, ONE, OTHER = Voices(), Voices(trusted=1), Voices(untrusted=1)
BOTH = Voices(trusted=1, untrusted=1)
TEXT = "Idarucizumab is given as two infusions of 2.5 g each no more than 15 minutes apart from one another"

# Voices for and against, each side none, trusted, untrusted or both: verdicts for ANY, TRUSTED, TWO.
S, C, N, D = Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.INSUFFICIENT, Verdict.DISPUTED
TABLE = {
    (NONE, NONE): (N, N, N),
    (NONE, ONE): (C, C, C),
    (NONE, OTHER): (N, N, N),
    (NONE, BOTH): (C, C, C),
    (ONE, NONE): (S, S, N),
    (ONE, ONE): (D, D, D),
    (ONE, OTHER): (S, S, N),
    (ONE, BOTH): (D, D, D),
    (OTHER, NONE): (S, N, N),
    (OTHER, ONE): (C, C, C),
    (OTHER, OTHER): (D, D, D),
    (OTHER, BOTH): (C, C, C),
    (BOTH, NONE): (S, S, S),
    (BOTH, ONE): (D, D, D),
    (BOTH, OTHER): (S, S, S),
    (BOTH, BOTH): (D, D, D),
}
FAVOUR = {Verdict.CONTRADICTED: 0, Verdict.INSUFFICIENT: 0, Verdict.DISPUTED: 1, Verdict.SUPPORTED: 2}


@pytest.mark.parametrize(("supporting", "contradicting"), list(product((NONE, ONE, OTHER, BOTH), repeat=2)))
def test_the_whole_table(supporting: Voices, contradicting: Voices) -> None:
    verdicts = tuple(weigh(supporting, contradicting, need).verdict for need in (ANY, TRUSTED, TWO))
    assert verdicts == TABLE[supporting, contradicting]


@pytest.mark.parametrize(("supporting", "contradicting"), list(product((NONE, ONE, OTHER, BOTH), repeat=2)))
@pytest.mark.parametrize("need", [ANY, TRUSTED, TWO])
def test_a_trusted_contradiction_never_helps(supporting: Voices, contradicting: Voices, need: Need) -> None:
    against = Voices(contradicting.trusted + 1, contradicting.untrusted)
    before, after = weigh(supporting, contradicting, need), weigh(supporting, against, need)
    assert after.verdict is not Verdict.SUPPORTED
    assert FAVOUR[after.verdict] <= FAVOUR[before.verdict] or before.verdict is Verdict.INSUFFICIENT


def test_too_few_sources_are_named_as_such() -> None:
    assert weigh(ONE, NONE, TWO).reason is Reason.TOO_FEW_SOURCES
    assert weigh(OTHER, NONE, TRUSTED).reason is Reason.TOO_FEW_SOURCES


def test_a_need_for_nobody_is_a_need_for_one() -> None:
    assert weigh(NONE, NONE, Need(0, trusted_only=False)).verdict is Verdict.INSUFFICIENT


def test_passages_of_one_source_are_one_voice() -> None:
    found = [passage("One thing.", source="Pharmacy"), passage("Another thing.", source=" pharmacy ")]
    assert voices(grouped(found)) == Voices(trusted=1)


def test_copies_of_one_text_are_one_voice_trusted_if_any_of_them_is() -> None:
    copies = [passage(TEXT, source="A", trusted=False), passage(f"{TEXT} today", source="B")]
    assert voices(grouped(copies)) == Voices(trusted=1)


def test_a_passage_can_join_two_that_have_nothing_in_common() -> None:
    chain = [passage(TEXT, source="A"), passage("Something else.", source="B"), passage(TEXT, source="B")]
    assert voices(grouped(chain)) == Voices(trusted=1)


def test_different_texts_of_different_sources_are_different_voices() -> None:
    found = [passage("One thing.", source="A"), passage("Another thing.", source="B", trusted=False)]
    assert voices(grouped(found)) == Voices(trusted=1, untrusted=1)


def test_texts_without_words_have_nothing_in_common() -> None:
    assert similarity(shingles("…"), shingles("")) == 0.0
    assert shingles("Three words only") == {("three", "words", "only")}


# Weights.

QUARTERS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
NEEDS = st.builds(Need, st.integers(0, 4), trusted_only=st.booleans())
VOICES = st.lists(st.tuples(st.booleans(), QUARTERS), max_size=6)


def speaking(weights: list[tuple[bool, float]], words: str = "word") -> Voices:
    found = [
        replace(passage(f"{words} {n}", source=f"{words} {n}", trusted=trusted), weight=weight)
        for n, (trusted, weight) in enumerate(weights)
    ]
    return voices(grouped(found))


def heavier(weights: list[tuple[bool, float]], place: int, weight: float) -> list[tuple[bool, float]]:
    trusted, before = weights[place]
    return [*weights[:place], (trusted, max(before, weight)), *weights[place + 1 :]]


@given(VOICES.filter(bool), VOICES, NEEDS, st.data())
def test_a_heavier_supporter_never_turns_support_into_something_else(
    supporting: list[tuple[bool, float]], contradicting: list[tuple[bool, float]], need: Need, data: st.DataObject
) -> None:
    raised = heavier(supporting, data.draw(st.integers(0, len(supporting) - 1)), data.draw(QUARTERS))
    before = weigh(speaking(supporting), speaking(contradicting), need).verdict
    after = weigh(speaking(raised), speaking(contradicting), need).verdict
    assert FAVOUR[after] >= FAVOUR[before]
    assert before is not Verdict.SUPPORTED or after is Verdict.SUPPORTED


@given(VOICES, VOICES.filter(bool), NEEDS, st.data())
def test_a_heavier_contradiction_never_makes_the_verdict_more_permissive(
    supporting: list[tuple[bool, float]], contradicting: list[tuple[bool, float]], need: Need, data: st.DataObject
) -> None:
    raised = heavier(contradicting, data.draw(st.integers(0, len(contradicting) - 1)), data.draw(QUARTERS))
    before = weigh(speaking(supporting), speaking(contradicting), need).verdict
    after = weigh(speaking(supporting), speaking(raised), need).verdict
    assert FAVOUR[after] <= FAVOUR[before]


@given(VOICES, QUARTERS, NEEDS)
def test_a_trusted_contradiction_of_any_weight_is_never_outvoted(
    supporting: list[tuple[bool, float]], weight: float, need: Need
) -> None:
    assert weigh(speaking(supporting), speaking([(True, weight)]), need).verdict in {C, D}


@pytest.mark.parametrize(
    ("weights", "need", "expected"),
    [
        ([(True, 0.5)], ANY, N),
        ([(True, 0.5), (True, 0.5)], ANY, S),
        ([(True, 0.5), (False, 0.5)], ANY, S),
        ([(True, 0.5), (False, 0.5)], TRUSTED, N),
        ([(True, 1.0), (True, 0.75), (False, 0.25)], TWO, S),
        ([(True, 1.0), (True, 0.75)], TWO, N),
        ([(True, 0.0)], ANY, N),
    ],
)
def test_support_is_enough_when_the_weights_of_independent_voices_add_up_to_the_need(
    weights: list[tuple[bool, float]], need: Need, expected: Verdict
) -> None:
    assert weigh(speaking(weights), NONE, need).verdict is expected


def test_a_light_source_that_is_not_enough_is_named_as_too_few_sources() -> None:
    assert weigh(speaking([(True, 0.75)]), NONE, ANY).reason is Reason.TOO_FEW_SOURCES


def test_one_voice_weighs_as_its_heaviest_source_and_an_untrusted_copy_lends_it_nothing() -> None:
    light, heavy = (replace(passage(TEXT, source=name), weight=weight) for name, weight in (("A", 0.25), ("B", 0.5)))
    copy = passage(TEXT, source="C", trusted=False)
    assert voices(grouped([light, heavy, copy])) == Voices(trusted=1, trusted_short=0.5)


# Origins.


def test_documents_of_one_web_host_or_one_original_are_one_voice() -> None:
    one, other = passage("One thing.", source="A"), passage("Another thing.", source="B")
    assert voices(grouped([replace(one, host="a.example"), replace(other, host="a.example")])) == ONE
    assert voices(grouped([replace(one, original="ab"), replace(other, original="ab")])) == ONE
    assert voices(grouped([replace(one, host="a.example"), replace(other, host="b.example")])).trusted == 2


def test_a_source_that_is_named_by_its_address_is_of_that_host() -> None:
    one = passage("One thing.", source="https://www.a.example/1")
    assert voices(grouped([one, passage("Another thing.", source="http://a.example/2")])) == ONE
    assert voices(grouped([one, replace(passage("Another thing.", source="B"), host="a.example")])) == ONE


def test_origins_that_are_not_known_make_nobody_one_voice() -> None:
    assert voices(grouped([passage("One thing.", source="A"), passage("Another thing.", source="B")])).trusted == 2
