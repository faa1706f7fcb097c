"""The coefficients of the gate's scores: what was labelled decides them, within the direction that each may have."""

from dataclasses import replace

from benchmarks.fitting import Row, chosen, cross_validated, document, probability
from evidence.typed.features import AGAINST, FOUND, NAMES
from evidence.typed.scoring import Beside


def beside(*, carried: float, contradicts: float = 0.0) -> Beside:
    values = {"carried": carried, "contradicts": contradicts}
    return Beside(None, tuple(values.get(name, 0.0) for name in NAMES))


def row(*places: Beside, supported: bool, otherwise: bool = False, of_people: bool = True) -> Row:
    return Row(of_people, (places,), supported, otherwise)


CARRIED, ABSENT, OTHERWISE = beside(carried=0.9), beside(carried=0.3), beside(carried=0.9, contradicts=1.0)
TOLD = [
    *[row(CARRIED, ABSENT, supported=True)] * 20,
    *[row(ABSENT, supported=False)] * 20,
    *[row(OTHERWISE, supported=False, otherwise=True, of_people=False)] * 20,
]


def test_what_tells_supported_claims_from_others_gets_its_weight() -> None:
    found = document(TOLD)
    assert found["found"]["carried"] > 1
    assert found["left"]["contradicts"] < 0.5
    assert found["contradicted"]["contradicts"] > 0.5


def test_no_label_turns_the_meaning_of_a_feature_round() -> None:
    wrong = [row(beside(carried=0.1, contradicts=1.0), supported=True)] * 20
    found = document([*wrong, *[row(CARRIED, supported=False)] * 20])
    assert all(found["found"][name] >= 0 for name in FOUND)
    assert all(0 <= found["left"][name] <= 1 for name in AGAINST)
    assert all(found["contradicted"][name] >= 0 for name in NAMES)


def test_a_claim_is_learned_from_beside_what_carries_most_of_it_and_an_unsupported_one_by_its_least_statement() -> None:
    two = Row(True, ((ABSENT, CARRIED), (ABSENT,)), False, False)  # noqa: FBT003 - as the fields stand
    (kept,) = chosen([two], lambda values: values[NAMES.index("carried")])
    assert kept.values == ABSENT.features
    supported = chosen([Row(True, two.places, True, False)], lambda values: values[NAMES.index("carried")])  # noqa: FBT003
    assert [one.values for one in supported] == [CARRIED.features, ABSENT.features]


def test_claims_are_measured_by_coefficients_of_other_groups() -> None:
    rows = [replace(row, group=f"{'wice' if place % 2 else 'fever'}-{place}") for place, row in enumerate(TOLD[:40])]
    assert cross_validated(rows) == {"wice": (1.0, 1.0), "fever": (1.0, 1.0)}


def test_a_probability_is_what_the_head_says() -> None:
    fitted = document(TOLD)
    assert probability(fitted, OTHERWISE.features) < 0.5 < probability(fitted, CARRIED.features)
