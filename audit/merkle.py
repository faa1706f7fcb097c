"""Merkle trees as RFC 9162 section 2.1 defines them, over stored complete subtrees.

A tree of any size is a row of complete subtrees (its compact range). They are kept as nodes (level, index), level 0
being the leaves, so that appending and proving read a handful of them.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

HASH_SIZE = 32
Fetch = Callable[[int, int], bytes]


class ProofError(ValueError):
    """A proof that proves nothing, or the wrong thing."""


@dataclass(frozen=True, slots=True)
class Node:
    """A complete subtree's hash: ``level`` is log2 of its leaves, ``index`` its place among its like."""

    level: int
    index: int
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf. The prefix keeps a leaf from passing for an inner node (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


EMPTY_ROOT = hashlib.sha256(b"").digest()


@dataclass(slots=True)
class Accumulator:
    """The root of a growing list of leaves, in log2(n) hashes of memory."""

    size: int = 0
    stack: list[tuple[int, bytes]] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[Node]:
        """Add a leaf hash; return every subtree it completes, the leaf itself first."""
        done = [Node(0, self.size, leaf)]
        level, hash_ = 0, leaf
        while self.stack and self.stack[-1][0] == level:
            _, left = self.stack.pop()
            level, hash_ = level + 1, node_hash(left, hash_)
            done.append(Node(level, self.size >> level, hash_))
        self.stack.append((level, hash_))
        self.size += 1
        return done

    def root(self) -> bytes:
        """Return the root, 32 bytes; of no leaves, the hash of nothing."""
        if not self.stack:
            return EMPTY_ROOT
        _, hash_ = self.stack[-1]
        for _, left in reversed(self.stack[:-1]):
            hash_ = node_hash(left, hash_)
        return hash_


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    tree = Accumulator()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def levels(size: int) -> list[int]:
    """Return the levels of the complete subtrees that make up a tree, largest first."""
    return [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]


def stored(size: int, fetch: Fetch) -> Accumulator:
    """Return the accumulator of a stored tree."""
    stack, begin = [], 0
    for level in levels(size):
        stack.append((level, fetch(level, begin >> level)))
        begin += 1 << level
    return Accumulator(size, stack)


def subtree_root(size: int, fetch: Fetch) -> bytes:
    return stored(size, fetch).root()


def new_nodes(size: int, leaves: Sequence[bytes], fetch: Fetch) -> tuple[Node, ...]:
    """Return every node that appending these leaf hashes to a tree of ``size`` completes."""
    tree = stored(size, fetch)
    return tuple(node for leaf in leaves for node in tree.append(leaf))


def split_of(size: int) -> int:
    """Return the largest power of two below ``size`` (RFC 9162, 2.1.1)."""
    return 1 << ((size - 1).bit_length() - 1)


def range_root(begin: int, end: int, fetch: Fetch) -> bytes:
    """Return the root over leaves ``begin <= i < end``, where ``begin`` is a multiple of the range's power of two."""
    size = end - begin
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return fetch(level, begin >> level)
    middle = begin + split_of(size)
    return node_hash(range_root(begin, middle, fetch), range_root(middle, end, fetch))


def inclusion_proof(index: int, size: int, fetch: Fetch) -> tuple[bytes, ...]:
    """Return the audit path of a leaf (RFC 9162, 2.1.3.1).

    Raises:
        ProofError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + split_of(end - begin)
        if index < middle:
            path.append(range_root(middle, end, fetch))
            end = middle
        else:
            path.append(range_root(begin, middle, fetch))
            begin = middle
    return tuple(reversed(path))


def consistency_proof(size1: int, size2: int, fetch: Fetch) -> tuple[bytes, ...]:
    """Return the proof that the first tree is a beginning of the second (RFC 9162, 2.1.4.1).

    Raises:
        ProofError: not 0 < size1 <= size2.
    """
    if not 0 < size1 <= size2:
        raise ProofError(f"sizes {size1} and {size2}: 0 < first <= second is needed")
    path: list[bytes] = []
    begin, end, whole = 0, size2, True
    while size1 != end:
        middle = begin + split_of(end - begin)
        if size1 <= middle:
            path.append(range_root(middle, end, fetch))
            end = middle
        else:
            path.append(range_root(begin, middle, fetch))
            begin, whole = middle, False
    if not whole:
        path.append(range_root(begin, end, fetch))
    return tuple(reversed(path))


def check_hashes(proof: Sequence[bytes], *roots: bytes) -> None:
    for hash_ in (*proof, *roots):
        if len(hash_) != HASH_SIZE:
            raise ProofError(f"a hash has {len(hash_)} bytes; {HASH_SIZE} are needed")


def verify_inclusion(*, index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that a leaf hash is in the tree (RFC 9162, 2.1.3.2).

    Raises:
        ProofError: it is not, or the proof is malformed.
    """
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    check_hashes(proof, leaf, root)
    node, last, hash_ = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError(f"proof has {len(proof)} hashes; leaf {index} of {size} needs fewer")
        if node & 1 or node == last:
            hash_ = node_hash(sibling, hash_)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hash_ = node_hash(hash_, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError(f"proof has {len(proof)} hashes; leaf {index} of {size} needs more")
    if not hmac.compare_digest(hash_, root):
        raise ProofError(f"leaf {index} of {size} does not lead to the root")


def verify_consistency(*, size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Check that the first tree is a beginning of the second (RFC 9162, 2.1.4.2).

    Raises:
        ProofError: it is not, or the proof is malformed. Size 0 is refused: it proves nothing.
    """
    if not 0 < size1 <= size2:
        raise ProofError(f"sizes {size1} and {size2}: 0 < first <= second is needed")
    check_hashes(proof, root1, root2)
    if size1 == size2:
        if proof or not hmac.compare_digest(root1, root2):
            raise ProofError(f"two trees of {size1} leaves: equal roots and an empty proof are needed")
        return
    if not proof:
        raise ProofError(f"an empty proof cannot lead from {size1} to {size2}")
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    climb_both(path, size1=size1, size2=size2, root1=root1, root2=root2)


def climb_both(path: Sequence[bytes], *, size1: int, size2: int, root1: bytes, root2: bytes) -> None:
    node, last = size1 - 1, size2 - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError(f"the proof from {size1} to {size2} has too many hashes")
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError(f"the proof from {size1} to {size2} has too few hashes")
    if not (hmac.compare_digest(first, root1) and hmac.compare_digest(second, root2)):
        raise ProofError(f"the tree of {size1} is not a beginning of the tree of {size2}")
