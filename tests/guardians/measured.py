"""The texts that Safety is measured with, and what it says of one text."""

from functools import cache
from pathlib import Path

import yaml

from audit.stakes import Stakes
from guardians.guardian import Ballot, Material, Part, Piece, Vote
from guardians.safety import Safety

SUITES = Path(__file__).parent / "suites"
SAFETY = Safety()


@cache
def suite(family: str, section: str) -> tuple[str, ...]:
    """Return the texts of one section (direct, indirect, documents, requests, harm, harmless) of one family."""
    known = yaml.safe_load((SUITES / f"{family}.yaml").read_text(encoding="utf-8"))
    return tuple(known[section])


def material(*pieces: Piece) -> Material:
    return Material(pieces, {}, Stakes.MEDIUM, "p" * 64)


def vote_on(part: Part, text: str) -> Vote:
    return SAFETY.review(material(Piece(part, "passage-1", text)))


def share(texts: tuple[str, ...], part: Part, ballots: set[Ballot]) -> float:
    """Return the share of texts on which the ballot is one of these, 0 to 1."""
    return sum(vote_on(part, text).ballot in ballots for text in texts) / len(texts)
