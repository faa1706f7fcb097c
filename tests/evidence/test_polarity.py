"""Which words are opposed to which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.language.text import key
from evidence.typed.polarity import opposites

STEMS = st.sampled_from(["safe", "rise", "fall", "legal", "able", "day", "regular", "dose"])
KEYS = st.builds("{}{}".format, st.sampled_from(["", "un", "non", "in", "im", "ir", "il", "dis"]), STEMS).map(key)


@pytest.mark.parametrize(
    ("one", "other"), [("rise", "fall"), ("legal", "illegal"), ("paired", "unpaired"), ("regular", "irregular")]
)
def test_opposites_are_listed_or_made_by_a_prefix(one: str, other: str) -> None:
    assert key(other) in opposites(key(one))


@pytest.mark.parametrize(("one", "other"), [("cap", "uncap"), ("rise", "rise"), ("dose", "overdose")])
def test_a_short_word_the_same_word_and_another_prefix_make_no_opposite(one: str, other: str) -> None:
    assert key(other) not in opposites(key(one))


@given(one=KEYS, other=KEYS)
def test_two_words_are_opposed_to_each_other_or_not_at_all(one: str, other: str) -> None:
    assert (other in opposites(one)) is (one in opposites(other))
