"""Privacy: personal data and secrets in every text of a run, by patterns, validators and name cues.

How it votes, by what is found in the ANSWER:

- a private key, a JSON Web Token or an issuer's API key: a hard DENY. Their shape proves them, and a live credential in
  an answer means that a source holds one: masking would hide what a person has to rotate.
- anything else: ALLOW_WITH_REDACTION, a password after its name included, since there the rule guesses.
- nothing: ALLOW. What is found in the request and in the sources is named in the findings; the request's is masked
  before any tool or model is asked.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import phonenumbers
import stdnum

from guardians.guardian import Ballot, Basis, Finding, Material, Part, Piece, Vote
from guardians.normal import Folded, fold
from guardians.privacyrules import ibans, identifiers, names, netaddresses, phones, secretshapes, streets
from guardians.privacyrules.sightings import Sighting, resolved

COVERAGE = "coverage: patterns, validators and name cues; no model"
# Raised when a vote could change without any of the tables that are hashed into the version.
REVISION = 1
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
BACKEND = f"stdnum {stdnum.__version__}, phonenumbers {phonenumbers.__version__}"
DETECTORS = (ibans, identifiers, phones, netaddresses, streets, secretshapes, names)


def table_hash() -> str:
    """Return the hash of everything in the detectors that is no code: patterns, scores, words; 12 hex digits."""
    tables = {f"{module.__name__}.{name}": value for module in DETECTORS for name, value in vars(module).items()}
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
    """The guardian that looks for personal data and secrets. It opens no socket and loads no model."""

    name = "privacy"
    version = f"{REVISION}+{table_hash()}"

    def review(self, material: Material) -> Vote:
        """Return the findings in all pieces, and the ballot that those in the answer call for."""
        findings = tuple(found_in(material.pieces))
        ballot = ballot_of(findings)
        return Vote(
            guardian=self.name,
            ballot=ballot,
            findings=findings,
            score=max((finding.score for finding in findings), default=0.0),
            basis=Basis.DETERMINISTIC,
            hard=ballot is Ballot.DENY,
            reason=reason_of(findings),
            backend=BACKEND,
            version=self.version,
            material=material.digest(),
            policy_hash=material.policy_hash,
        )


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
    return f"{said}; {request} in the request, {others} elsewhere; {COVERAGE}"


def found_in(pieces: Sequence[Piece]) -> Iterator[Finding]:
    """Yield the findings of each piece. A value that its cue gave away in one piece is found in every piece."""
    folded = [fold(piece.text) for piece in pieces]
    seen = [sightings(text) for text in folded]
    echoes = echoed(folded, seen)
    for piece, text, first in zip(pieces, folded, seen, strict=True):
        again = list(repeated(text.text, echoes))
        kept = resolved([*first, *again]) if again else first
        limit = SOURCE_FINDINGS if piece.part in {Part.DOCUMENT, Part.TOOL_RESULT, Part.TOOL_DESCRIPTION} else len(kept)
        yield from (finding_of(sighting, piece, text) for sighting in kept[:limit])


def sightings(folded: Folded) -> Sequence[Sighting]:
    return remembered(folded.text) if len(folded.text) <= REMEMBERED_CHARS else looked_for(folded.text)


# A run's question is looked at three times and its answer twice, and passages of a corpus come back with every run.
@lru_cache(maxsize=1024)
def remembered(text: str) -> Sequence[Sighting]:
    return looked_for(text)


def looked_for(text: str) -> Sequence[Sighting]:
    return tuple(resolved(sighting for detector in DETECTORS for sighting in detector.seen(text)))


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
