"""Texts at random, hostile ones among them, are restored to the byte; tokens tell nothing to another workspace.

A longer one: PROMETHEUS_MASKING_TEXTS=100000 pytest -n 0 tests/guardians/test_restoring.py
"""

import os
import random
from collections.abc import Iterator

import pytest

from audit.spans import Span
from guardians.guardian import Finding, Part, Piece
from guardians.privacy import found_in
from guardians.redaction import mask, restore

TEXTS = int(os.environ.get("PROMETHEUS_MASKING_TEXTS", "1000"))
SEED = int(os.environ.get("PROMETHEUS_MASKING_SEED", "1"))
KEY, OTHER = b"k" * 32, b"o" * 32
KINDS = ("PERSON", "EMAIL", "UK_NHS", "TOKEN", "", "redact", "é_1", "1ST", "K" * 90)
TOKEN = mask("Ada", [Finding("t", "PERSON", Part.ANSWER, "a", Span(0, 3), 1.0)], key=KEY, realm="here").text
FOREIGN = mask("Ada", [Finding("t", "PERSON", Part.ANSWER, "a", Span(0, 3), 1.0)], key=OTHER, realm="here").text
# What is found; what tokens are made of; halves of characters, marks that join, hide or turn round, and other planes.
FRAGMENTS = (
    *(
        "ada@example.org",
        "Dr. Ada Lovelace",
        "+44 20 7946 0018",
        "4929 5785 6933 9117",
        "my name is ",
        "12 Mill Lane, Leeds",
    ),
    *(TOKEN, FOREIGN, TOKEN[:-1], TOKEN[1:], TOKEN.upper(), "<", ">", "<PERSON_", "<TOKEN_", "_", "-", "a2" * 13),
    *(
        "\ud83d",
        "\ude00",
        "\ud800\udfff",
        "\u0301",
        "\u200b",
        "\u202e",
        "\u00ad",
        "\U000e0041",
        "\x00",
        "\r\n",
        "\u2028",
    ),
    *("İ", "ß", "ﬁ", "Ａ", "٣", "\U0001f468\u200d\U0001f469", "e\u0301", "가", "\ufeff", " ", "\n"),
)


def texts(drawn: random.Random) -> Iterator[str]:
    for _ in range(TEXTS):
        parts = [drawn.choice(FRAGMENTS) for _ in range(drawn.randrange(9))]
        parts += [chr(drawn.randrange(0x110000)) for _ in range(drawn.randrange(4))]
        drawn.shuffle(parts)
        yield "".join(parts)


def findings(text: str, drawn: random.Random) -> list[Finding]:
    """Return what Privacy finds, and spans at random over it: overlapping, empty, and beyond the end."""
    ends = [sorted(drawn.randrange(len(text) + 5) for _ in range(2)) for _ in range(drawn.randrange(5))]
    spans = [Span(start, end) for start, end in ends]
    added = [Finding("t", drawn.choice(KINDS), Part.ANSWER, "a", span, drawn.random()) for span in spans]
    return [*found_in([Piece(Part.ANSWER, "a", text)]), *added]


@pytest.mark.timeout(0)
def test_texts_at_random_come_back_to_the_byte_and_only_where_they_were_masked() -> None:
    drawn = random.Random(SEED)  # noqa: S311 - texts, no secrets
    failed: list[tuple[str, str]] = []
    for text in texts(drawn):
        found = findings(text, drawn)
        ours = mask(text, found, key=KEY, realm="here")
        again = mask(text, list(reversed(found)), key=KEY, realm="here")
        theirs = mask(text, found, key=KEY, realm="there")
        checks = {
            "restored": restore(ours.text, key=KEY, realm="here") == text,
            "the same each time": ours == again,
            "not linked": set(ours.tokens).isdisjoint(theirs.tokens),
            "opened by nobody else": all(restore(token, key=KEY, realm="here") == token for token in theirs.tokens),
        }
        failed += [(what, text) for what, held in checks.items() if not held]
    assert failed == []
    assert TEXTS > 0
