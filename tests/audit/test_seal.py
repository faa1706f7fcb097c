"""Signed checkpoints: one spelling, one log, one key. Anything else is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import seal
from audit.seal import DASH, NOTE_LIMIT, NoteError, Signer, TreeHead, Verifier, checkpoint, parse_note

ORIGIN = "northgate.example/audit"
ROOT = bytes(range(32))
OURS = Signer(ORIGIN, b"\x01" * 32)
OTHER = Signer(ORIGIN, b"\x02" * 32)
NOTE = OURS.sign(checkpoint(ORIGIN, 1_000_007, ROOT))
HEAD = TreeHead(ORIGIN, 1_000_007, ROOT)
# A signature line of 68 bytes leaves unused bits in its last base64 character, a root of 32 bytes too.


def read(note: str, *, origin: str = ORIGIN, verifiers: tuple[Verifier, ...] = (OURS.verifier,)) -> TreeHead:
    return parse_note(note, origin=origin, verifiers=verifiers)


def accepted(data: bytes) -> bool:
    try:
        read(data.decode("utf-8", "surrogateescape"))
    except NoteError:
        return False
    return True


def signed(body: str) -> str:
    return OURS.sign(body)


@given(st.integers(0, 2**63 - 1).filter(lambda n: n < 10**19), st.binary(min_size=32, max_size=32))
def test_what_was_signed_is_read_back(size: int, root: bytes) -> None:
    assert read(signed(checkpoint(ORIGIN, size, root))) == TreeHead(ORIGIN, size, root)


def test_the_note_is_written_as_c2sp_says() -> None:
    body, line = NOTE.split("\n\n")
    assert body == f"{ORIGIN}\n1000007\n{base64.b64encode(ROOT).decode()}"
    dash, name, encoded = line.removesuffix("\n").split(" ")
    assert (dash, name) == ("\u2014", ORIGIN)
    assert base64.b64decode(encoded)[:4] == seal.key_hash(ORIGIN, OURS.verifier.public)


def test_no_flip_of_any_bit_is_accepted() -> None:
    data = NOTE.encode()
    flipped = [data[:n] + bytes([data[n] ^ 1 << bit]) + data[n + 1 :] for n in range(len(data)) for bit in range(8)]
    assert len(flipped) > 1_500
    assert not [note for note in flipped if accepted(note)]


def test_no_byte_can_be_left_out_doubled_or_slipped_in() -> None:
    data = NOTE.encode()
    without = [data[:n] + data[n + 1 :] for n in range(len(data))]
    slipped = [data[:n] + extra + data[n:] for n in range(len(data) + 1) for extra in (b"\n", b" ", b"A", b"=", b"\r")]
    assert not [note for note in (*without, *slipped) if note != data and accepted(note)]


def test_a_checkpoint_of_another_key_is_refused() -> None:
    with pytest.raises(NoteError, match=f"no valid signature by {ORIGIN}"):
        read(OTHER.sign(checkpoint(ORIGIN, 5, ROOT)))


def test_a_checkpoint_is_refused_where_no_key_is_known() -> None:
    with pytest.raises(NoteError, match="no valid signature by a known key"):
        read(NOTE, verifiers=())


def test_a_key_under_another_name_is_another_key() -> None:
    renamed = Signer("elsewhere.example/audit", b"\x01" * 32)
    with pytest.raises(NoteError, match="no valid signature"):
        read(renamed.sign(checkpoint(ORIGIN, 5, ROOT)))


def test_one_of_several_known_keys_is_enough() -> None:
    assert read(NOTE, verifiers=(OTHER.verifier, OURS.verifier)) == HEAD


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(NoteError, match="of another log"):
        read(NOTE, origin="elsewhere.example/audit")


def test_a_checkpoint_signed_by_two_is_refused() -> None:
    with pytest.raises(NoteError, match="2 signature lines; exactly one"):
        read(NOTE + OTHER.sign(checkpoint(ORIGIN, 5, ROOT)).split("\n\n")[1])


ENCODED = base64.b64encode(ROOT).decode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (f"{ORIGIN}\n5\n{ENCODED}\nextra\n", "4 lines"),
        (f"{ORIGIN}\n5\n", "2 lines"),
        (f"{ORIGIN}\n05\n{ENCODED}\n", "canonical decimal"),
        (f"{ORIGIN}\n+5\n{ENCODED}\n", "canonical decimal"),
        (f"{ORIGIN}\n-5\n{ENCODED}\n", "canonical decimal"),
        (f"{ORIGIN}\n5 \n{ENCODED}\n", "canonical decimal"),
        (f"{ORIGIN}\n\u0665\n{ENCODED}\n", "canonical decimal"),
        (f"{ORIGIN}\n{10**19}\n{ENCODED}\n", "canonical decimal"),
        (f"{ORIGIN}\n5\n{base64.b64encode(ROOT[:31]).decode()}\n", "31 bytes; 32 are needed"),
        (f"{ORIGIN}\n5\n{ENCODED[:-2]}9=\n", "the root is not canonical base64"),
        (f"{ORIGIN}\n5\n{ENCODED[:-1]}\n", "the root is not base64"),
        (f"{ORIGIN}\n5\n\u00e9{ENCODED[1:]}\n", "the root is not base64"),
    ],
)
def test_a_body_spelt_otherwise_is_refused_though_we_signed_it(body: str, message: str) -> None:
    with pytest.raises(NoteError, match=message):
        read(signed(body))


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ("", "no signatures"),
        (NOTE.removesuffix("\n"), "no signatures"),
        (NOTE.replace("\n\n", "\n"), "no signatures"),
        (NOTE.replace(DASH, "-"), "malformed"),
        (NOTE.partition("\n\n")[0] + "\n\n" + f"{DASH} {ORIGIN}\n", "malformed"),
        (NOTE.partition("\n\n")[0] + "\n\n" + f"{DASH} {ORIGIN} AAAA\n", "no valid signature"),
        (NOTE.replace("\n", "\r\n"), "control characters"),
        (f"\x0b{NOTE}", "control characters"),
        (f"\udc80{NOTE}", "half a surrogate pair"),
        ("x" * (NOTE_LIMIT + 1), f"at most {NOTE_LIMIT}"),
    ],
)
def test_a_note_that_is_not_written_so_is_refused(note: str, message: str) -> None:
    with pytest.raises(NoteError, match=message):
        read(note)


def test_the_seed_never_shows() -> None:
    assert repr(OURS) == str(OURS) == f"Signer('{ORIGIN}')"


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\t", "line\n"])
def test_a_key_name_that_would_break_the_note_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="empty or holds white space"):
        Signer(name, b"\x01" * 32)


def test_the_verifier_key_names_type_name_and_hash() -> None:
    name, hash_, encoded = OURS.verifier.vkey.split("+", 2)
    assert (name, bytes.fromhex(hash_)) == (ORIGIN, seal.key_hash(ORIGIN, OURS.verifier.public))
    assert base64.b64decode(encoded) == b"\x01" + OURS.verifier.public
