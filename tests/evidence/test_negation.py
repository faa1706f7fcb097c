"""What denies, and what it denies."""

import pytest

from evidence.language.negation import find
from evidence.language.reading import read
from evidence.language.text import tokens


def denied(text: str) -> list[str]:
    reading = read(text)
    return [token.text for at, token in enumerate(reading.tokens) if reading.denials[at] % 2 and token.text.isalpha()]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The pump is not open.", ["open"]),
        ("The pump isn’t open.", ["open"]),
        ("The pump doesnt open.", ["open"]),
        ("No pump is open.", ["pump", "is", "open"]),
        ("It is not open, but it runs.", ["open"]),
        ("It is not open because it leaks.", ["open"]),
        ("It is not open; it runs.", ["open"]),
        ("It runs without a filter and stops.", ["a", "filter", "and", "stops"]),
        ("It is not only open.", []),
        ("It holds no more than 5 litres of oil.", []),
        ("It was not therefore closed.", ["therefore", "closed"]),
        ("It is never not open.", ["not"]),
    ],
)
def test_a_negation_denies_the_rest_of_its_clause(text: str, words: list[str]) -> None:
    assert denied(text) == words


def test_a_list_goes_on_behind_a_comma() -> None:
    assert "zinc" in denied("It does not contain iron, or zinc.")
    assert "zinc" not in denied("It does not contain iron, and zinc is added.")


def test_tokens_of_a_bound_deny_nothing() -> None:
    found = tokens("no more than 5")
    assert find(found, {0, 1, 2}) == ()
    assert len(find(found, frozenset())) == 1
