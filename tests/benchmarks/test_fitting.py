"""The coefficients of the gate's scores: what was labelled decides them, within the direction that each may have."""

import pytest

from benchmarks.fitting import CONTRADICTION, SUPPORT, Direction, Row, document, fitted
from evidence.typed.features import AGAINST, FOUND, NAMES


def row(*, carried: float, opposed: float, supported: bool, otherwise: bool = False) -> Row:
    values = {"carried": carried, "opposed": opposed}
    return Row(tuple(values.get(name, 0.0) for name in NAMES), supported, otherwise)


TOLD = [
    *[row(carried=0.9, opposed=0.0, supported=True)] * 20,
    *[row(carried=0.3, opposed=0.0, supported=False)] * 20,
    *[row(carried=0.9, opposed=1.0, supported=False, otherwise=True)] * 20,
]


def test_what_tells_supported_claims_from_others_gets_its_weight() -> None:
    found = document(TOLD)
    assert found["supported"]["carried"] > 1
    assert found["supported"]["opposed"] < -1
    assert found["contradicted"]["opposed"] > 1


def test_no_label_turns_the_meaning_of_a_feature_round() -> None:
    wrong = [row(carried=1 - one.values[NAMES.index("carried")], opposed=1.0, supported=True) for one in TOLD]
    mixed = [*wrong, *[row(carried=0.9, opposed=0.0, supported=False)] * 20]
    found = dict(zip(("bias", *NAMES), fitted(mixed, [one.supported for one in mixed], SUPPORT), strict=True))
    assert all(found[name] >= 0 for name in FOUND)
    assert all(found[name] <= 0 for name in AGAINST)


@pytest.mark.parametrize("bounds", [SUPPORT, CONTRADICTION])
def test_the_bias_is_free(bounds: Direction) -> None:
    few = [*TOLD[20:22], *TOLD[:1]]
    assert fitted(few, [False, False, True], bounds)[0] < 0
