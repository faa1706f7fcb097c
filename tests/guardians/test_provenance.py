"""A value keeps the name of who wrote it, and one whose way nobody noted is found again however it is written."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.spans import Span
from guardians import provenance
from guardians.provenance import MODEL, OPERATOR, USER, Label, Origin, Source, join, labels_of, source, trace, trusted

IBAN = "GB29NWBK60161331926819"
TOOL = provenance.tool("inbox#1")


def said(text: str) -> Source:
    return source(USER, text)


def read(text: str) -> Source:
    return source(TOOL, text)


def labels(value: str | float, *sources: Source) -> frozenset[Label]:
    return labels_of(trace(value, sources))


def test_what_the_user_said_is_the_users() -> None:
    assert labels("alan@site.example", said("Write to alan@site.example.")) == {USER}


def test_what_was_read_is_the_tools_and_its_place_is_known() -> None:
    [found] = trace("eve@evil.example", [said("Answer my mail."), read("From: eve@evil.example")])
    assert found.label == TOOL
    assert found.span == Span(6, 22)


def test_what_nobody_wrote_is_the_models() -> None:
    assert labels("eve@evil.example", said("Answer my mail."), read("Hello")) == {MODEL}


def test_what_the_user_said_stays_the_users_although_it_was_read_again() -> None:
    assert labels("Anna", said("Write to Anna."), read("Anna sent you a mail")) == {USER}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (IBAN, "Pay to GB29 NWBK 6016 1331 9268 19, please"),
        ("Alan Turing", "to ALAN   TURING"),
        ("team_lunch", "the Team-Lunch on Friday"),
        ("https://site.example/", "look at site.example"),
        ("site.example", "look at https://site.example, then answer"),
        ("ｆｉｌｅ.txt", "read file.txt"),
        ("a%40site.example", "write to a@site.example"),
    ],
)
def test_the_same_value_is_recognised_in_another_spelling(value: str, text: str) -> None:
    assert labels(value, said(text)) == {USER}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("smith@corp.example", "Write to bob.smith@corp.example."),
        ("corp.example", "Write to bob@corp.example."),
        ("my.bank.example", "Log in at my-bank.example."),
        ("site.example", "Look at site.example.evil.example"),
        ("site.example", "Look at site.example/download"),
        ("report.txt", "Read /home/ada/report.txt"),
        ("\u0430lan@site.example", "Write to alan@site.example."),
        ("nn", "Write to Anna."),
        ("200", "Pay 1200 to Anna."),
    ],
)
def test_a_part_of_what_the_user_said_is_not_what_the_user_said(value: str, text: str) -> None:
    assert USER not in labels(value, said(text))


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        lambda text: text.encode().hex(),
        lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
        lambda text: base64.b64encode(text.encode().hex().encode()).decode(),
    ],
)
@pytest.mark.parametrize("value", ["eve@evil.example", IBAN, "/etc/shadow and more"])
def test_an_encoding_hides_no_origin(encode: Callable[[str], str], value: str) -> None:
    encoded = encode(value)
    assert labels(value, read(f"note: {encoded} end")) == {TOOL}
    assert labels(encoded, read(f"note: {value} end")) == {TOOL}


def test_no_encoding_makes_a_value_the_users() -> None:
    assert labels("eve@evil.example", said(base64.b64encode(b"eve@evil.example").decode())) == {MODEL}


@pytest.mark.parametrize("text", ["pay 1,234.50", "pay 1.234,50 €", "pay $1234.5", "pay 1 234.50 now"])
def test_a_number_is_the_same_however_it_is_written(text: str) -> None:
    assert labels(1234.5, said(text)) == {USER}


@pytest.mark.parametrize("text", ["pay 12345", "pay 234.5", "invoice A1234.5", ""])
def test_a_part_of_a_number_is_another_number(text: str) -> None:
    assert labels(1234.5, said(text)) == {MODEL}


@given(st.lists(st.frozensets(st.sampled_from([USER, OPERATOR, MODEL, TOOL]), min_size=1), min_size=1))
def test_a_derived_value_is_trusted_only_where_all_it_was_made_of_is(parts: list[frozenset[Label]]) -> None:
    assert trusted(join(parts)) is all(trusted(part) for part in parts)


def test_a_value_of_nobody_is_not_trusted() -> None:
    assert not trusted(frozenset())


@given(st.text(max_size=200), st.text(max_size=40))
def test_no_text_breaks_the_search(text: str, value: str) -> None:
    assert all(found.label.origin is Origin.TOOL for found in trace(value, [read(text)]))
