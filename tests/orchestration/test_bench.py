"""What decides is known by one hash."""

from evidence.gate import DEFAULT_POLICY
from evidence.vectors import Nearness
from guardians.consensus import DEFAULT_CONSENSUS
from orchestration.engine.bench import policy_hash


class Blind:
    """Vectors that know no word."""

    def __init__(self, digest: str) -> None:
        self.digest = digest

    def over(self, texts: object) -> Nearness:  # noqa: ARG002 - it knows none of them
        return lambda _: []


def hashed(vectors: Blind | None) -> str:
    return policy_hash("0" * 64, (), DEFAULT_POLICY, DEFAULT_CONSENSUS, vectors)


def test_word_vectors_are_part_of_the_policy_where_they_are_used() -> None:
    assert len({hashed(None), hashed(Blind("a")), hashed(Blind("b"))}) == 3
    assert hashed(None) == policy_hash("0" * 64, (), DEFAULT_POLICY, DEFAULT_CONSENSUS)
