"""A verifier's word as it is kept: under a name that tells nothing, sealed with a key that only the same texts make.

Name and key are HMACs over everything that decides, under keys of one workspace. Whoever changes any of it asks under
another name, and whoever does not have the texts cannot open what was kept, even with the vault's key.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import ormsgpack

from audit import vault
from audit.spans import Span
from evidence.passages import Passage
from evidence.recall import Asked, Consultation
from evidence.verdicts import Alignment, Rule, Stance

# Of what is kept: a value is padded, so that its length tells little, and a longer one is not kept.
STEP, LIMIT = 256, 8192  # bytes
LENGTH = 4


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one workspace: one for names, one for seals."""

    name: bytes = field(repr=False)
    seal: bytes = field(repr=False)


# Made for every answer; deriving takes as long as some claims.
@lru_cache(maxsize=1024)
def keys_of(root: bytes, whose: str) -> Keys:
    """Return what the vault's key makes for this purpose and a workspace, by its id."""
    return Keys(*(vault.derive(root, f"verifications/{part}/{whose}") for part in ("name", "seal")))


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the word on one claim is kept, and under which key. ``name`` has 64 hex digits."""

    name: str
    key: vault.DataKey

    @property
    def binding(self) -> vault.Binding:
        return vault.Binding("verification", "alignments", self.name)


def entries(keys: Keys, consultation: Consultation, *, code: bytes) -> tuple[Entry, ...]:
    """Return the entry of each claim that is asked about. ``code`` stands for the program that would judge."""
    known = {id(passage): digest_of(passage) for passage in consultation.context.passages}
    around = hashlib.sha256(
        framed(
            code,
            consultation.verifier,
            repr(consultation.calibration),
            consultation.context.question,
            *known.values(),
        )
    ).digest()
    return tuple(entry(keys, material(around, asked, known)) for asked in consultation.asked)


def material(around: bytes, asked: Asked, known: dict[int, bytes]) -> bytes:
    claim = asked.claim
    beside = [known.get(id(passage)) or digest_of(passage) for passage in asked.passages]
    return framed(around, claim.text, f"{claim.span.start}", f"{claim.span.end}", claim.kind.value, *beside)


def entry(keys: Keys, known: bytes) -> Entry:
    name = hmac.digest(keys.name, known, "sha256")
    key = vault.DataKey(UUID(bytes=name[: vault.ID_SIZE]), hmac.digest(keys.seal, known, "sha256"))
    return Entry(name.hex(), key)


def digest_of(passage: Passage) -> bytes:
    """Return a hash of what a verifier may go by: not of id and ``sha256``, which each run has for itself."""
    texts = (passage.source, passage.text, passage.title, passage.host, passage.original)
    return hashlib.sha256(framed(*texts, repr(passage.trusted), repr(passage.weight))).digest()


def framed(*parts: str | bytes) -> bytes:
    """Return the parts with their lengths, so that no text can pass for two."""
    found = [part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(part).to_bytes(8) + part for part in found)


def seal(where: Entry, found: Sequence[Alignment]) -> bytes | None:
    """Return a verifier's word on one claim, sealed; None where it is too long or holds half a character."""
    try:
        packed = ormsgpack.packb([plain(one) for one in found])
    except ormsgpack.MsgpackEncodeError:
        return None
    size = -(-(LENGTH + len(packed)) // STEP) * STEP
    if size > LIMIT:
        return None
    padded = (len(packed).to_bytes(LENGTH) + packed).ljust(size, b"\0")
    return vault.seal(where.key, padded, binding=where.binding)


def plain(one: Alignment) -> tuple[object, ...]:
    shares = (number(one.p_supported), number(one.p_contradicted))
    spans = (one.claim_span.start, one.claim_span.end, one.passage_span.start, one.passage_span.end)
    return (one.stance.value, one.rule.value, *shares, *spans, one.detail)


def number(value: float) -> float:
    return int(value) if isinstance(value, int) else float(value)


def opened(where: Entry, sealed: bytes, passages: Sequence[Passage]) -> tuple[Alignment, ...]:
    """Return the alignments that were kept, with these passages.

    Raises:
        vault.SealError: it is not what was kept there.
        ValueError, TypeError: what was kept are no alignments of so many passages.
    """
    padded = vault.open_sealed(where.key, sealed, binding=where.binding)
    packed = padded[LENGTH : LENGTH + int.from_bytes(padded[:LENGTH])]
    found = ormsgpack.unpackb(packed)
    return tuple(alignment(passage, *known) for passage, known in zip(passages, found, strict=True))


def alignment(passage: Passage, *known: Any) -> Alignment:  # noqa: ANN401 - consult() checks what it is given
    stance, rule, supported, contradicted, start, end, passage_start, passage_end, detail = known
    spans = Span(start, end), Span(passage_start, passage_end)
    return Alignment(passage, Stance(stance), supported, contradicted, Rule(rule), *spans, detail)
