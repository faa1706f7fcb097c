"""Masking that can be taken back to the byte: each finding becomes a token that holds its own ciphertext.

A policy may have some kinds masked otherwise (``guardians.masking``); what is blotted out or shortened does not come
back.

A token is ``<KIND_BODY>``, where BODY is AES-SIV (RFC 5297) over what stood there, with the kind as associated data.
AES-SIV is deterministic, so within one run the same value gets the same token, and a reader can still tell two people
apart; the key is derived from the run's, so tokens of two runs cannot be linked. Where one key serves several runs or
workspaces, their realm is associated data too and keeps them apart. ``restore`` needs no table: a token
that moved to another sentence still opens, and one that was changed is left as it is.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from audit.vault import derive
from guardians.guardian import Finding
from guardians.masking import PSEUDONYMS, MaskingPolicy, Way, shown

PURPOSE = "redaction"
VERSION = b"mask/v1"
LABEL_LIMIT = 40
# A token inside a text that is masked would be opened together with ours; so it is masked too, under this label.
NESTED = "TOKEN"
UNNAMED = "MASKED"
# Groups keep a body from looking like one long run of base64, which the Safety guardian would look into.
GROUP = 32

TOKEN = re.compile(rf"<([A-Z][A-Z0-9_]{{0,{LABEL_LIMIT - 1}}})_([a-z2-7-]{{26,}})>")
NOT_LABEL = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without what was found in it.

    Attributes:
        tokens: what stands in the text for what was taken out, in the order of the text.
    """

    text: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """A range of a text to be masked, and under which label."""

    start: int
    end: int
    label: str
    score: float
    kind: str


@dataclass(frozen=True, slots=True)
class Sealer:
    """Makes and opens the tokens of one key and realm."""

    cipher: AESSIV
    realm: bytes

    def seal(self, value: str, label: str) -> str:
        sealed = self.cipher.encrypt(value.encode("utf-8", "surrogatepass"), [*self.bound(label)])
        return f"<{label}_{body_of(sealed)}>"

    def bound(self, label: str) -> tuple[bytes, ...]:
        return (VERSION, label.encode(), self.realm) if self.realm else (VERSION, label.encode())


def mask(
    text: str, findings: Sequence[Finding], *, key: bytes, realm: str = "", policy: MaskingPolicy = PSEUDONYMS
) -> Masked:
    """Return the text with a token, or what the policy wants, in place of each finding.

    Findings without a place, or with an empty one, mask nothing; a span that ends outside the text ends with it. Spans
    that overlap become one token, of the kind with the highest score. Where all of them are tokens, ``restore``
    returns exactly ``text``.

    Args:
        findings: in any order; their spans are code points of ``text``.
        key: 32 bytes, the data key of the run.
        realm: name of the workspace or run, where the key serves more than one.
    """
    sealer = sealer_of(key, realm)
    cuts = merged([*wanted(findings, len(text)), *nested(text, sealer)])
    pieces: list[str] = []
    tokens: list[str] = []
    done = 0
    for cut in cuts:
        tokens.append(replaced(text[cut.start : cut.end], cut, sealer=sealer, policy=policy))
        pieces += (text[done : cut.start], tokens[-1])
        done = cut.end
    return Masked("".join([*pieces, text[done:]]), tuple(tokens))


def replaced(value: str, cut: Cut, *, sealer: Sealer, policy: MaskingPolicy) -> str:
    way = Way.PSEUDONYM if cut.label == NESTED else policy.way(cut.kind)
    return sealer.seal(value, cut.label) if way is Way.PSEUDONYM else shown(value, cut.kind, way)


def restore(text: str, *, key: bytes, realm: str = "") -> str:
    """Return a masked text as it was. What is no token of this key is left as it is.

    A text that was masked twice is restored by restoring it twice.
    """
    sealer = sealer_of(key, realm)

    def original(found: re.Match[str]) -> str:
        value = opened(found, sealer)
        return found.group() if value is None else value

    return TOKEN.sub(original, text)


def sealer_of(key: bytes, realm: str) -> Sealer:
    return Sealer(AESSIV(derive(key, PURPOSE)), realm.encode("utf-8", "surrogatepass"))


def wanted(findings: Iterable[Finding], length: int) -> Iterator[Cut]:
    for finding in findings:
        span = finding.span
        if span is not None and span.start < min(span.end, length):
            yield Cut(span.start, min(span.end, length), label_of(finding.kind), finding.score, finding.kind)


def nested(text: str, sealer: Sealer) -> Iterator[Cut]:
    """Yield the tokens of this key that a text already holds. They outscore whatever else is found there."""
    for found in TOKEN.finditer(text):
        if opened(found, sealer) is not None:
            yield Cut(found.start(), found.end(), NESTED, float("inf"), NESTED)


def merged(cuts: Iterable[Cut]) -> list[Cut]:
    """Return cuts in order and without overlaps. Touching ones stay apart: they are two values."""
    made: list[Cut] = []
    for cut in sorted(cuts, key=lambda cut: (cut.start, cut.end, cut.label)):
        if made and cut.start < made[-1].end:
            last = made.pop()
            best = max(last, cut, key=lambda cut: cut.score)
            made.append(Cut(last.start, max(last.end, cut.end), best.label, best.score, best.kind))
        else:
            made.append(cut)
    return made


def label_of(kind: str) -> str:
    """Return a kind as it stands in a token: capitals, digits and underscores, beginning with a letter."""
    label = NOT_LABEL.sub("_", kind.upper())[:LABEL_LIMIT].strip("_")
    return label if label[:1].isalpha() else UNNAMED


def body_of(sealed: bytes) -> str:
    digits = base64.b32encode(sealed).decode().rstrip("=").lower()
    return "-".join(digits[place : place + GROUP] for place in range(0, len(digits), GROUP))


def opened(found: re.Match[str], sealer: Sealer) -> str | None:
    """Return what a token stands for, or None when it is none of this key, letter by letter."""
    label, body = found.groups()
    digits = body.replace("-", "").upper()
    try:
        sealed = base64.b32decode(digits + "=" * (-len(digits) % 8))
        value = sealer.cipher.decrypt(sealed, [*sealer.bound(label)])
        # Several spellings of a body decode to the same bytes. Only ours counts.
        return value.decode("utf-8", "surrogatepass") if body_of(sealed) == body else None
    except (InvalidTag, ValueError):
        return None
