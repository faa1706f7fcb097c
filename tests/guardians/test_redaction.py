"""Masking hides what was found and nothing else, and whoever holds the key gets the text back to the byte."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.spans import Span
from guardians.guardian import Finding, Part
from guardians.redaction import TOKEN, mask, restore

KEY, OTHER = b"a" * 32, b"b" * 32
TEXT = "My name is Rosalind Achterberg, and Rosalind Achterberg asks."
NAME = Span(11, 30)


def finding(start: int, end: int, kind: str = "PERSON", score: float = 0.9) -> Finding:
    return Finding("privacy.test", kind, Part.ANSWER, "answer", Span(start, end), score)


kinds = st.one_of(st.sampled_from(["PERSON", "EMAIL", "UK_NHS", "TOKEN", "", "redact", "é_1", "1ST"]), st.text())
spans = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted)
findings = st.lists(
    st.builds(lambda span, kind, score: finding(span[0], span[1], kind, score), spans, kinds, st.floats(0, 1)),
    max_size=8,
)
anything = st.text(st.characters(), max_size=50)
real_tokens = st.builds(
    lambda text, key: mask(text, [finding(0, 50)], key=key).text, anything, st.sampled_from([KEY, OTHER])
)
fragments = st.sampled_from(
    ["<", ">", "_", "<PERSON_", "<TOKEN_a", "a" * 26, "-", "\u0301", "\ud83d", "\ude00", "\x00"]
)
texts = st.lists(st.one_of(anything, real_tokens, fragments), max_size=5).map("".join)


@given(texts, findings)
@example("a\ud800\udfffb", [finding(1, 2)])
@example("e\u0301e\u0301", [finding(1, 3)])
def test_a_masked_text_is_restored_to_the_byte(text: str, found: list[Finding]) -> None:
    assert restore(mask(text, found, key=KEY).text, key=KEY) == text


@given(texts, findings, findings)
def test_a_text_masked_twice_is_restored_by_restoring_twice(
    text: str, first: list[Finding], second: list[Finding]
) -> None:
    once = mask(text, first, key=KEY).text
    twice = mask(once, second, key=KEY).text
    assert restore(twice, key=KEY) == once
    assert restore(restore(twice, key=KEY), key=KEY) == text


@given(st.text(st.characters(min_codepoint=0x391, max_codepoint=0x3A9), min_size=1, max_size=50), findings)
def test_no_character_that_was_found_is_left_and_every_other_one_is(text: str, found: list[Finding]) -> None:
    places = {place for item in found if item.span for place in range(item.span.start, item.span.end)}
    kept = "".join(character for place, character in enumerate(text) if place not in places)
    assert TOKEN.sub("", mask(text, found, key=KEY).text) == kept


@given(texts, findings)
def test_another_key_restores_nothing_of_it(text: str, found: list[Finding]) -> None:
    masked = mask(text, found, key=KEY)
    assert all(restore(token, key=OTHER) == token for token in masked.tokens)


def test_one_value_gets_one_token_within_a_run_and_another_in_the_next() -> None:
    twice = [finding(11, 30), finding(36, 55)]
    here, there = mask(TEXT, twice, key=KEY), mask(TEXT, twice, key=OTHER)
    assert here.tokens[0] == here.tokens[1]
    assert not set(here.tokens) & set(there.tokens)
    assert here.text == f"My name is {here.tokens[0]}, and {here.tokens[0]} asks."


def test_a_token_says_its_kind_and_cannot_pass_for_another_kind() -> None:
    (token,) = mask("Ada", [finding(0, 3)], key=KEY).tokens
    assert token.startswith("<PERSON_")
    forged = token.replace("PERSON", "PUBLIC")
    assert restore(forged, key=KEY) == forged


def test_a_token_still_opens_in_another_sentence() -> None:
    (token,) = mask(TEXT, [finding(NAME.start, NAME.end)], key=KEY).tokens
    assert restore(f"We wrote to {token} today.", key=KEY) == "We wrote to Rosalind Achterberg today."


@pytest.mark.parametrize(
    ("found", "kinds"),
    [
        ([finding(0, 10, "EMAIL", 0.5), finding(5, 15, "PERSON", 0.9)], ["PERSON"]),
        ([finding(0, 20, "EMAIL", 0.9), finding(5, 15, "PERSON", 0.5)], ["EMAIL"]),
        ([finding(0, 5, "EMAIL"), finding(5, 10, "PERSON")], ["EMAIL", "PERSON"]),
        ([finding(0, 5, "EMAIL", 0.5), finding(4, 8, "PHONE", 0.6), finding(7, 12, "IP", 0.7)], ["IP"]),
    ],
)
def test_overlapping_findings_become_one_token_of_the_surest_kind(found: list[Finding], kinds: list[str]) -> None:
    masked = mask(TEXT, found, key=KEY)
    assert [token[1:].rpartition("_")[0] for token in masked.tokens] == kinds
    assert restore(masked.text, key=KEY) == TEXT


@pytest.mark.parametrize("span", [Span(61, 90), Span(200, 300), Span(5, 5), None])
def test_a_finding_without_a_place_in_the_text_masks_nothing(span: Span | None) -> None:
    found = Finding("privacy.test", "PERSON", Part.ANSWER, "answer", span, 0.9)
    assert mask(TEXT, [found], key=KEY).text == TEXT


def test_a_finding_that_ends_outside_the_text_ends_with_it() -> None:
    masked = mask(TEXT, [finding(36, 10_000)], key=KEY)
    assert masked.text == TEXT[:36] + masked.tokens[0]
    assert restore(masked.text, key=KEY) == TEXT


@pytest.mark.parametrize("literal", ["<PERSON_" + "a" * 60 + ">", "<PERSON_x>", "<UK_NHS_" + "a7" * 20 + "-" * 9 + ">"])
def test_what_only_looks_like_a_token_stays_as_it_is(literal: str) -> None:
    assert mask(literal, [], key=KEY).text == literal
    assert restore(literal, key=KEY) == literal


def test_a_token_that_was_pasted_into_a_text_is_told_from_our_own() -> None:
    (token,) = mask("Ada", [finding(0, 3)], key=KEY).tokens
    masked = mask(f"What is {token}?", [], key=KEY)
    assert masked.tokens[0].startswith("<TOKEN_")
    assert restore(masked.text, key=KEY) == f"What is {token}?"


def test_a_respelt_token_is_left_as_it_is() -> None:
    (token,) = mask("Rosalind Achterberg", [finding(0, 19)], key=KEY).tokens
    respelt = token.replace("-", "")
    assert restore(respelt, key=KEY) == respelt


@pytest.mark.parametrize(
    ("kind", "label"),
    [("uk nhs", "UK_NHS"), ("", "MASKED"), ("7", "MASKED"), ("_", "MASKED"), ("é", "MASKED"), ("K" * 90, "K" * 40)],
)
def test_any_kind_becomes_a_label_that_can_be_read_back(kind: str, label: str) -> None:
    (token,) = mask("Ada", [finding(0, 3, kind)], key=KEY).tokens
    assert token.startswith(f"<{label}_")
    assert restore(token, key=KEY) == "Ada"


def test_a_token_is_of_letters_that_no_detector_takes_for_data() -> None:
    (token,) = mask("rosalind.achterberg@example.org", [finding(0, 31, "EMAIL")], key=KEY).tokens
    body = token.removeprefix("<EMAIL_").removesuffix(">")
    assert set(body) <= set(string.ascii_lowercase + "234567-")
    assert max(map(len, body.split("-"))) == 32


def test_a_key_of_another_length_is_used_through_its_derivation() -> None:
    masked = mask("Ada", [finding(0, 3)], key=b"short")
    assert restore(masked.text, key=b"short") == "Ada"
