"""What decides is known by one hash."""

from dataclasses import replace
from typing import Any

import pytest

from evidence.gate import DEFAULT_POLICY, Stronger
from evidence.typed.scoring import CALIBRATION, TYPED
from evidence.vectors import Nearness
from guardians import activating
from guardians.consensus import DEFAULT_CONSENSUS
from guardians.masking import parse
from guardians.safety import Safety
from orchestration.engine import bench


class Blind:
    """Vectors that know no word."""

    def __init__(self, digest: str) -> None:
        self.digest = digest

    def over(self, texts: object) -> Nearness:  # noqa: ARG002 - it knows none of them
        return lambda _: []


def hashed(**changed: Any) -> str:
    return replace(bench.parts(), **changed).policy_hash


def test_word_vectors_are_part_of_the_policy_where_they_are_used() -> None:
    assert len({hashed(vectors=vectors) for vectors in (None, Blind("a"), Blind("b"))}) == 3
    assert hashed(vectors=None) == bench.parts().policy_hash


def test_nobody_gives_parts_a_hash_that_is_not_theirs() -> None:
    with pytest.raises(ValueError, match="policy_hash"):
        hashed(policy_hash="0" * 64)


@pytest.mark.parametrize(
    "changed",
    [
        {"packs": replace(activating.built_in(), hash="0" * 64)},
        {"guardians": (Safety(9.5),)},
        {"gate": replace(DEFAULT_POLICY, needs=())},
        {"consensus": replace(DEFAULT_CONSENSUS, second_safety="other")},
        {"stronger": Stronger(TYPED, CALIBRATION, 1.0)},
        {"masking": parse("EMAIL=redact")},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_whatever_decides_changes_the_hash(changed: dict[str, Any]) -> None:
    assert hashed(**changed) != bench.parts().policy_hash
