"""Signed tree heads: C2SP tlog-checkpoint in a C2SP signed note, with Ed25519.

The parser takes one form only, so that no byte of a note can change unnoticed: see facts on base64's unused bits.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519 = b"\x01"
SEPARATOR = "\n\n"
DASH = "\u2014"
NOTE_LIMIT = 10_000
DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteError(ValueError):
    """A note that is not signed by us, or not written exactly as it should be."""


def key_hash(name: str, public: bytes) -> bytes:
    """Return the 4-byte key id of C2SP signed-note."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A name and an Ed25519 public key (32 bytes)."""

    name: str
    public: bytes

    @property
    def vkey(self) -> str:
        encoded = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{key_hash(self.name, self.public).hex()}+{encoded}"

    def verify(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signer:
    """A name and an Ed25519 seed (32 bytes). The seed never shows."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not name or any(character.isspace() or character == "+" for character in name):
            raise ValueError(f"key name {name!r} is empty or holds white space or '+'; choose another")
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def __repr__(self) -> str:
        return f"Signer({self.name!r})"

    @cached_property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, body: str) -> str:
        """Return the note: the body, a blank line, one signature line."""
        signature = key_hash(self.name, self.verifier.public) + self._key.sign(body.encode())
        return f"{body}\n{DASH} {self.name} {base64.b64encode(signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a checkpoint says: whose log, how many entries, which root (32 bytes)."""

    origin: str
    size: int
    root: bytes


def checkpoint(origin: str, size: int, root: bytes) -> str:
    """Return the body of a checkpoint."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def exact_base64(text: str, what: str) -> bytes:
    """Decode base64 that has exactly one spelling: the unused bits of the last character are zero."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{what} is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise NoteError(f"{what} is not canonical base64")
    return data


def parse_note(note: str, *, origin: str, verifiers: Iterable[Verifier]) -> TreeHead:
    """Return the tree head of a note that one of the verifiers signed.

    Raises:
        NoteError: anything in it is not exactly as it should be.
    """
    if len(note) > NOTE_LIMIT:
        raise NoteError(f"the note has {len(note)} characters; at most {NOTE_LIMIT} are taken")
    if any((character < " " and character != "\n") or "\ud800" <= character <= "\udfff" for character in note):
        raise NoteError("the note holds control characters or half a surrogate pair")
    text, separator, signatures = note.partition(SEPARATOR)
    if not separator or not signatures.endswith("\n"):
        raise NoteError("the note has no signatures")
    body = f"{text}\n"
    lines = signatures[:-1].split("\n")
    if len(lines) != 1:
        raise NoteError(f"the note has {len(lines)} signature lines; exactly one is taken")
    check_signature(lines[0], body, {(v.name, key_hash(v.name, v.public)): v for v in verifiers})
    return parse_body(text, origin)


def check_signature(line: str, body: str, known: dict[tuple[str, bytes], Verifier]) -> None:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != DASH or not name or not encoded:
        raise NoteError("the signature line is malformed")
    data = exact_base64(encoded, "the signature")
    verifier = known.get((name, data[:4]))
    if verifier is None or not verifier.verify(data[4:], body.encode()):
        raise NoteError(f"no valid signature by {' or '.join(sorted(v.name for v in known.values())) or 'a known key'}")


def parse_body(text: str, origin: str) -> TreeHead:
    lines = text.split("\n")
    if len(lines) != 3:
        raise NoteError(f"the checkpoint has {len(lines)} lines; origin, size and root are needed")
    if lines[0] != origin:
        raise NoteError("the checkpoint is of another log")
    if not DECIMAL.fullmatch(lines[1]):
        raise NoteError("the size is not a canonical decimal")
    root = exact_base64(lines[2], "the root")
    if len(root) != 32:
        raise NoteError(f"the root has {len(root)} bytes; 32 are needed")
    return TreeHead(lines[0], int(lines[1]), root)
