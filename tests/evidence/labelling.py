"""Labels of claims, as people and appeals give them."""

from evidence.calibration import Labelled, Origin
from evidence.typed.scoring import TYPED


def labels(
    supported: list[float], unsupported: list[float], *, origin: Origin = Origin.OPERATOR, verifier: str = TYPED.id
) -> list[Labelled]:
    return [Labelled(verifier, score, supported=True, origin=origin) for score in supported] + [
        Labelled(verifier, score, supported=False, origin=origin) for score in unsupported
    ]


def strict() -> list[Labelled]:
    """Return labels that only a threshold of 0.9999 is bounded by: 20 of 60 unsupported claims score 0.99."""
    return labels([0.9999] * 30, [0.99] * 20 + [0.1] * 40)
