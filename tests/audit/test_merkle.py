"""The Merkle tree against RFC 9162 written out naively, and every proof that a verifier must refuse."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle
from audit.merkle import ProofError

LEAVES = [hashlib.sha256(b"\x00" + str(n).encode()).digest() for n in range(130)]
SIZES = range(1, len(LEAVES))


def split(n: int) -> int:
    """Return the largest power of two smaller than n (RFC 9162, 2.1.1)."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash (RFC 9162, 2.1.1)."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PATH(m, D_n) (RFC 9162, 2.1.3.1)."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """Return SUBPROOF(m, D_n, b) (RFC 9162, 2.1.4.1)."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


ROOTS = [mth(LEAVES[:n]) for n in range(len(LEAVES) + 1)]


def nodes_of(leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    tree = merkle.Accumulator()
    return {(node.level, node.index): node.hash for leaf in leaves for node in tree.append(leaf)}


NODES = nodes_of(LEAVES)


def fetch(level: int, index: int) -> bytes:
    return NODES[level, index]


def refused(verify: Callable[..., None], **arguments: object) -> bool:
    try:
        verify(**arguments)
    except ProofError:
        return True
    return False


def test_leaves_and_nodes_are_told_apart() -> None:
    assert merkle.leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest()
    assert merkle.node_hash(b"a" * 32, b"b" * 32) == hashlib.sha256(b"\x01" + b"a" * 32 + b"b" * 32).digest()


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.root([]) == hashlib.sha256(b"").digest()


def test_roots_are_those_of_the_definition() -> None:
    assert [merkle.root(LEAVES[:n]) for n in range(len(LEAVES) + 1)] == ROOTS


def test_a_tree_of_stored_nodes_has_the_same_roots() -> None:
    assert [merkle.subtree_root(n, fetch) for n in SIZES] == ROOTS[1:-1]


def test_a_tree_may_grow_from_any_size_by_any_number() -> None:
    for size in (0, 1, 7, 64, 100):
        for more in (1, 2, 29):
            grown = {(n.level, n.index): n.hash for n in merkle.new_nodes(size, LEAVES[size : size + more], fetch)}
            assert grown.items() == nodes_of(LEAVES[: size + more]).items() - nodes_of(LEAVES[:size]).items()


def test_inclusion_proofs_are_those_of_the_definition_and_verify() -> None:
    for size in SIZES:
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, fetch)
            assert list(proof) == path(index, LEAVES[:size])
            merkle.verify_inclusion(index=index, size=size, leaf=LEAVES[index], root=ROOTS[size], proof=proof)


def test_consistency_proofs_are_those_of_the_definition_and_verify() -> None:
    for size2 in SIZES:
        for size1 in range(1, size2 + 1):
            proof = merkle.consistency_proof(size1, size2, fetch)
            assert list(proof) == subproof(size1, LEAVES[:size2], whole=True)
            merkle.verify_consistency(size1=size1, size2=size2, root1=ROOTS[size1], root2=ROOTS[size2], proof=proof)


def test_a_proof_of_a_million_leaves_has_twenty_hashes() -> None:
    asked: list[tuple[int, int]] = []

    def note(level: int, index: int) -> bytes:
        asked.append((level, index))
        return bytes(32)

    assert len(merkle.inclusion_proof(123_456, 1 << 20, note)) == len(asked) == 20


def longer_and_shorter(proof: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [[*proof, bytes(32)], [bytes(32), *proof], [*proof, *proof[-1:]], proof[:-1], proof[1:]]


def test_an_inclusion_proof_of_another_length_is_refused() -> None:
    for size in range(2, 40):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, fetch)
            known = {"index": index, "size": size, "leaf": LEAVES[index], "root": ROOTS[size]}
            assert all(refused(merkle.verify_inclusion, proof=wrong, **known) for wrong in longer_and_shorter(proof))


def test_an_inclusion_proof_holds_for_its_index_size_leaf_and_root_only() -> None:
    for size in range(2, 40):
        proof = merkle.inclusion_proof(size // 2, size, fetch)
        known: dict[str, Any] = {
            "index": size // 2,
            "size": size,
            "leaf": LEAVES[size // 2],
            "root": ROOTS[size],
            "proof": proof,
        }
        merkle.verify_inclusion(**known)
        for change in (
            {"index": size // 2 - 1},
            {"index": size},
            {"index": -1},
            {"leaf": LEAVES[size]},
            {"leaf": b"short"},
            {"root": ROOTS[size - 1]},
            {"root": ROOTS[size] + b"\x00"},
            {"proof": [b"", *proof[1:]]},
            {"proof": [*proof[:-1], proof[-1] + b"\x00"]},
        ):
            assert refused(merkle.verify_inclusion, **{**known, **change}), change


def test_a_consistency_proof_of_another_length_is_refused() -> None:
    for size2 in range(2, 40):
        for size1 in range(1, size2):
            proof = merkle.consistency_proof(size1, size2, fetch)
            known = {"size1": size1, "size2": size2, "root1": ROOTS[size1], "root2": ROOTS[size2]}
            assert all(refused(merkle.verify_consistency, proof=wrong, **known) for wrong in longer_and_shorter(proof))


@pytest.mark.parametrize(
    ("size1", "size2", "root1", "root2", "proof"),
    [
        (0, 0, ROOTS[0], ROOTS[0], []),
        (0, 5, ROOTS[0], ROOTS[5], []),
        (0, 5, ROOTS[0], ROOTS[5], [ROOTS[5]]),
        (-1, 5, ROOTS[0], ROOTS[5], []),
        (6, 5, ROOTS[6], ROOTS[5], []),
        (5, 5, ROOTS[5], ROOTS[5], [LEAVES[0]]),
        (5, 5, ROOTS[5], ROOTS[6], []),
        (4, 5, ROOTS[4], ROOTS[5], []),
        (5, 7, ROOTS[5], ROOTS[7], []),
        (4, 5, ROOTS[4], ROOTS[5], [LEAVES[3]]),
        (4, 5, ROOTS[3], ROOTS[5], [LEAVES[4]]),
        (4, 5, ROOTS[4][:31], ROOTS[5], [LEAVES[4]]),
        (4, 5, ROOTS[4], ROOTS[5], [LEAVES[4][:31]]),
    ],
)
def test_a_consistency_proof_that_proves_nothing_is_refused(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: list[bytes]
) -> None:
    with pytest.raises(ProofError):
        merkle.verify_consistency(size1=size1, size2=size2, root1=root1, root2=root2, proof=proof)


def test_equal_trees_need_no_hashes() -> None:
    merkle.verify_consistency(size1=5, size2=5, root1=ROOTS[5], root2=ROOTS[5], proof=[])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_no_inclusion_proof_is_made_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ProofError, match=f"leaf {index} is not in a tree of {size}"):
        merkle.inclusion_proof(index, size, fetch)


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_no_consistency_proof_is_made_of_nothing_or_backwards(size1: int, size2: int) -> None:
    with pytest.raises(ProofError, match=f"sizes {size1} and {size2}"):
        merkle.consistency_proof(size1, size2, fetch)


@given(st.data())
def test_one_flipped_bit_of_an_inclusion_proof_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 129))
    index = data.draw(st.integers(0, size - 1))
    proof = [bytearray(hash_) for hash_ in merkle.inclusion_proof(index, size, fetch)]
    proof[data.draw(st.integers(0, len(proof) - 1))][data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    assert refused(
        merkle.verify_inclusion,
        index=index,
        size=size,
        leaf=LEAVES[index],
        root=ROOTS[size],
        proof=[bytes(hash_) for hash_ in proof],
    )


@given(st.data())
def test_another_history_is_never_consistent(data: st.DataObject) -> None:
    size2 = data.draw(st.integers(2, 129))
    size1 = data.draw(st.integers(1, size2 - 1))
    changed = list(LEAVES[:size2])
    changed[data.draw(st.integers(0, size1 - 1))] = bytes(32)
    rewritten = nodes_of(changed)
    proof = merkle.consistency_proof(size1, size2, lambda level, index: rewritten[level, index])
    known = {"size1": size1, "size2": size2, "root1": ROOTS[size1], "root2": merkle.root(changed)}
    assert refused(merkle.verify_consistency, proof=proof, **known)
