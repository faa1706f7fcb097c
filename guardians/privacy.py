"""Privacy: personal data and secrets in every text of a run, by patterns, validators, cues and lists of names.

How it votes, by what is found in the ANSWER:

- a private key, a JSON Web Token or an issuer's API key: a hard DENY. Their shape proves them, and a live credential in
  an answer means that a source holds one: masking would hide what a person has to rotate.
- anything else: ALLOW_WITH_REDACTION, a password after its name included, since there the rule guesses.
- nothing: ALLOW. What is found in the request and in the sources is named in the findings; the request's is masked
  before any tool or model is asked.
"""

import bisect
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache

import email_validator
import phonenumbers
import stdnum

from guardians.guardian import Ballot, Basis, Finding, Material, Part, Piece, Vote
from guardians.normal import Folded, fold
from guardians.privacyrules import (
    capitals,
    dates,
    gazetteer,
    ibans,
    identifiers,
    names,
    nationalids,
    netaddresses,
    organisations,
    people,
    phones,
    places,
    secretshapes,
    streets,
    streetwords,
)
from guardians.privacyrules.readers import Reader
from guardians.privacyrules.sightings import Sighting, resolved

MEANS = "patterns, validators, cues and gazetteer"
# Raised when a vote could change without any of the tables that are hashed into the version.
REVISION = 2
DENIED = frozenset({"PRIVATE_KEY", "JWT", "API_KEY"})
# How many values that were recognised by their cue are looked for in the other texts of a run, and how long they are.
ECHOES = 200
ECHO_LEAST = 6
# So that where the cue stands, its own rule is named.
LESS_SURE = 0.01
# Findings kept of one source. They are recorded and not masked, and a source may be a directory of a thousand people.
SOURCE_FINDINGS = 50
# Of the texts looked at last, no longer than this, what was found is kept: some 4 MB at most.
REMEMBERED_CHARS = 4_000
VALIDATORS = (
    ("stdnum", stdnum.__version__),
    ("phonenumbers", phonenumbers.__version__),
    ("email-validator", email_validator.__version__),
)
BACKEND = ", ".join(f"{name} {version}" for name, version in VALIDATORS)
# What reads a folded text, and what reads its runs of capitals.
OF_TEXT = (ibans, identifiers, phones, netaddresses, secretshapes, names)
OF_CAPITALS = (people, places, organisations)
TABLES = (*OF_TEXT, *OF_CAPITALS, capitals, dates, gazetteer, nationalids, streets, streetwords)


class Coverage(StrEnum):
    """What is looked for.

    DIRECT: what leads to a person by itself: identifiers, contacts, addresses, secrets, and names after a cue.
    EVERYTHING: besides, what does so together with other data: every name of the lists, places, organisations, dates,
    ages, web addresses.
    """

    DIRECT = "direct"
    EVERYTHING = "everything"


def table_hash() -> str:
    """Return the hash of everything in the detectors that is no code: patterns, scores, words; 12 hex digits."""
    tables = {f"{module.__name__}.{name}": value for module in TABLES for name, value in vars(module).items()}
    stated = [
        f"{name} {described(value)}" for name, value in sorted(tables.items()) if name.rpartition(".")[2].isupper()
    ]
    return hashlib.sha256("\n".join((BACKEND, *stated)).encode()).hexdigest()[:12]


def described(value: object) -> str:
    """Return a table as a text that is the same in every process; the order of a set is not."""
    match value:
        case re.Pattern():
            return f"{value.pattern} {value.flags}"
        case frozenset():
            return " ".join(sorted(map(str, value)))
        case tuple():
            return "\n".join(map(described, value))
        case _:
            return str(value)


class Privacy:
    """The guardian that looks for personal data and secrets. Without a reader it opens no socket and loads no model."""

    name = "privacy"

    def __init__(self, coverage: Coverage = Coverage.EVERYTHING, reader: Reader | None = None) -> None:
        """Take a reader whose sightings are added to those of the rules; where it fails, the guardian abstains."""
        self.coverage, self.reader = coverage, reader
        self.version = f"{REVISION}+{TABLE_HASH}+{coverage}" + (f"+{reader.version}" if reader else "")
        self.backend = reader.name if reader else BACKEND

    def review(self, material: Material) -> Vote:
        """Return the findings in all pieces, and the ballot that those in the answer call for."""
        findings = tuple(found_in(material.pieces, coverage=self.coverage, reader=self.reader))
        ballot = ballot_of(findings)
        return Vote(
            guardian=self.name,
            ballot=ballot,
            findings=findings,
            score=max((finding.score for finding in findings), default=0.0),
            basis=Basis.STATISTICAL if self.reader and ballot is not Ballot.DENY else Basis.DETERMINISTIC,
            hard=ballot is Ballot.DENY,
            reason=f"{reason_of(findings)}; {self.looked_with()}",
            backend=self.backend,
            version=self.version,
            material=material.digest(),
            policy_hash=material.policy_hash,
        )

    def looked_with(self) -> str:
        """Return what was looked for and with what, so that nobody takes "nothing found" for "nothing there"."""
        model = self.reader.name if self.reader else "no model"
        return f"coverage: {self.coverage} data by {MEANS}; {model}"


def ballot_of(findings: Iterable[Finding]) -> Ballot:
    kinds = {finding.kind for finding in findings if finding.part is Part.ANSWER}
    if kinds & DENIED:
        return Ballot.DENY
    return Ballot.ALLOW_WITH_REDACTION if kinds else Ballot.ALLOW


def reason_of(findings: Sequence[Finding]) -> str:
    """Return what was found where, by kinds and numbers alone, and what was looked with."""
    answer = {finding.kind for finding in findings if finding.part is Part.ANSWER}
    request = sum(finding.part is Part.REQUEST for finding in findings)
    others = len(findings) - request - sum(finding.part is Part.ANSWER for finding in findings)
    denied = sorted(answer & DENIED)
    said = f"the answer holds {', '.join(denied or sorted(answer))[:120]}" if answer else "nothing in the answer"
    return f"{said}; {request} in the request, {others} elsewhere"


def found_in(
    pieces: Sequence[Piece], *, coverage: Coverage = Coverage.EVERYTHING, reader: Reader | None = None
) -> Iterator[Finding]:
    """Yield the findings of each piece. A value that its cue gave away in one piece is found in every piece."""
    folded = [fold(piece.text) for piece in pieces]
    seen = [sightings(text, coverage) for text in folded]
    echoes = echoed(folded, seen)
    for piece, text, first in zip(pieces, folded, seen, strict=True):
        more = [*repeated(text.text, echoes), *(read_by(reader, piece.text, text) if reader else ())]
        kept = resolved([*first, *more]) if more else first
        limit = SOURCE_FINDINGS if piece.part in {Part.DOCUMENT, Part.TOOL_RESULT, Part.TOOL_DESCRIPTION} else len(kept)
        yield from (finding_of(sighting, piece, text) for sighting in kept[:limit])


def read_by(reader: Reader, text: str, folded: Folded) -> Iterator[Sighting]:
    """Yield a reader's sightings, which are places in the text as it was written, as places in the folded one."""
    for read in reader.seen(text):
        start, end = (bisect.bisect_left(folded.starts, place) for place in (read.start, read.end))
        if start < end:
            yield Sighting(read.rule, read.kind, start, end, read.score)


def sightings(folded: Folded, coverage: Coverage) -> Sequence[Sighting]:
    short = len(folded.text) <= REMEMBERED_CHARS
    return remembered(folded.text, coverage) if short else looked_for(folded.text, coverage)


# A run's question is looked at three times and its answer twice, and passages of a corpus come back with every run.
@lru_cache(maxsize=1024)
def remembered(text: str, coverage: Coverage) -> Sequence[Sighting]:
    return looked_for(text, coverage)


def looked_for(text: str, coverage: Coverage) -> Sequence[Sighting]:
    written = capitals.capitals(text, known=coverage is Coverage.EVERYTHING)
    seen = [sighting for detector in OF_TEXT for sighting in detector.seen(text)]
    if coverage is Coverage.DIRECT:
        return tuple(resolved([*seen, *streets.seen(written, sure=True)]))
    seen += [sighting for detector in OF_CAPITALS for sighting in detector.seen(written)]
    addresses = list(streets.seen(written))
    seen += organisations.addressees(written, addresses)
    return tuple(resolved([*seen, *addresses, *dates.seen(text), *netaddresses.urls(text)]))


def echoed(folded: Sequence[Folded], seen: Sequence[Sequence[Sighting]]) -> dict[str, Sighting]:
    """Return the values that a cue gave away, long enough to be theirs alone; of a name at least two words."""
    values: dict[str, Sighting] = {}
    for text, found in zip(folded, seen, strict=True):
        for sighting in found:
            value = text.text[sighting.start : sighting.end]
            telling = " " in value if sighting.kind == "PERSON" else any(map(str.isdigit, value))
            if sighting.cued and telling and len(value) >= ECHO_LEAST and len(values) < ECHOES:
                values.setdefault(value, sighting)
    return values


def repeated(text: str, values: dict[str, Sighting]) -> Iterator[Sighting]:
    """Yield each place where one of the values stands on its own."""
    for value, first in values.items():
        place = text.find(value)
        while place >= 0:
            end = place + len(value)
            if not text[max(0, place - 1) : place].isalnum() and not text[end : end + 1].isalnum():
                yield Sighting("privacy.repeated", first.kind, place, end, first.score - LESS_SURE, cued=True)
            place = text.find(value, end)


def finding_of(sighting: Sighting, piece: Piece, folded: Folded) -> Finding:
    span = folded.span(sighting.start, sighting.end)
    return Finding(sighting.rule, sighting.kind, piece.part, piece.ref, span, sighting.score)


TABLE_HASH = table_hash()
