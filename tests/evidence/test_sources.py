"""Who counts as one voice, and what the voices come to."""

from itertools import product

import pytest

from evidence.sources import Need, Voices, shingles, similarity, voices, weigh
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
    assert voices(found) == Voices(trusted=1)


def test_copies_of_one_text_are_one_voice_trusted_if_any_of_them_is() -> None:
    copies = [passage(TEXT, source="A", trusted=False), passage(f"{TEXT} today", source="B")]
    assert voices(copies) == Voices(trusted=1)


def test_a_passage_can_join_two_that_have_nothing_in_common() -> None:
    chain = [passage(TEXT, source="A"), passage("Something else.", source="B"), passage(TEXT, source="B")]
    assert voices(chain) == Voices(trusted=1)


def test_different_texts_of_different_sources_are_different_voices() -> None:
    found = [passage("One thing.", source="A"), passage("Another thing.", source="B", trusted=False)]
    assert voices(found) == Voices(trusted=1, untrusted=1)


def test_texts_without_words_have_nothing_in_common() -> None:
    assert similarity(shingles("…"), shingles("")) == 0.0
    assert shingles("Three words only") == {("three", "words", "only")}
