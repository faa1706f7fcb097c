"""Which words are opposed to which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.language.text import key
from evidence.typed.polarity import complements, opposites
from evidence.verdicts import Rule, Verdict
from tests.evidence.material import passage, verdict

STEMS = st.sampled_from(["safe", "rise", "fall", "legal", "able", "day", "regular", "dose"])
KEYS = st.builds("{}{}".format, st.sampled_from(["", "un", "non", "in", "im", "ir", "il", "dis"]), STEMS).map(key)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rise", "fall"),
        ("legal", "illegal"),
        ("paired", "unpaired"),
        ("regular", "irregular"),
        ("plaintiff", "defendant"),
        ("plaintiffs", "defendants"),
        ("proximal", "distal"),
        ("overturned", "upheld"),
        ("upstream", "downstream"),
        ("soared", "plunged"),
        ("hypertension", "hypotension"),
        ("overestimates", "underestimated"),
        ("surplus", "deficit"),
        ("oxidised", "reduced"),
    ],
)
def test_opposites_are_listed_or_made_by_a_prefix(one: str, other: str) -> None:
    assert key(other) in opposites(key(one))


@pytest.mark.parametrize(
    ("one", "other"), [("cap", "uncap"), ("rise", "rise"), ("dose", "overdose"), ("intend", "extend")]
)
def test_a_short_word_the_same_word_and_another_prefix_make_no_opposite(one: str, other: str) -> None:
    assert key(other) not in opposites(key(one))


@given(one=KEYS, other=KEYS)
def test_two_words_are_opposed_to_each_other_or_not_at_all(one: str, other: str) -> None:
    assert (other in opposites(one)) is (one in opposites(other))


CONTRADICTED = [
    ("The court upheld the ruling in May.", "The court overturned the ruling in May."),
    ("The tumour was benign in the first scan.", "The tumour was malignant in the first scan."),
    ("The valve lies upstream of the pump.", "The valve lies downstream of the pump."),
    ("Analysts were bullish on copper in 2020.", "Analysts were bearish on copper in 2020."),
    ("The drug causes hypertension in rats.", "The drug causes hypotension in rats."),
    ("Output soared in the third quarter.", "Output plunged in the third quarter."),
]


@pytest.mark.parametrize(("claim", "source"), CONTRADICTED)
def test_the_opposite_in_the_same_place_says_otherwise(claim: str, source: str) -> None:
    judged = verdict(claim, passage(source))
    assert (judged.verdict, judged.reason.value) == (Verdict.CONTRADICTED, Rule.ANTONYM.value)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Analysts were bearish on copper in 2020.", "Analysts were not bullish on copper in 2020."),
        ("Output plunged in the third quarter.", "Output did not soar in the third quarter."),
    ],
)
def test_a_denied_extreme_does_not_state_the_other_one(claim: str, source: str) -> None:
    assert verdict(claim, passage(source)).verdict is not Verdict.SUPPORTED


@given(one=KEYS)
def test_what_states_the_denied_is_opposed_to_it(one: str) -> None:
    assert complements(one) <= opposites(one)
