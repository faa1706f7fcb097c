"""What a count says about a share: the one-sided bound of Clopper and Pearson, for thresholds that are stated."""

import math
from bisect import bisect_right
from functools import lru_cache

STEPS = 60


def at_most(hits: int, n: int, share: float) -> float:
    """Return the probability of at most ``hits`` among ``n`` when each hits with this probability (0 < share < 1)."""
    logs = math.log(share), math.log1p(-share)
    terms = (
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * logs[0] + (n - k) * logs[1]
        for k in range(hits + 1)
    )
    return min(1.0, math.fsum(map(math.exp, terms)))


# It is asked of a record in force before every judgement, and takes as long as there are hits.
@lru_cache(maxsize=1024)
def upper_bound(hits: int, n: int, *, delta: float) -> float:
    """Return the share that ``hits`` of ``n`` does not exceed with confidence ``1 - delta``; 1.0 without any.

    One-sided bound of Clopper and Pearson (1934): the largest share at which so few hits are likelier than delta.
    """
    if hits >= n:
        return 1.0
    low, high = hits / n, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(hits, n, middle) > delta else (low, middle)
    return high


def least_n(*, alpha: float, delta: float) -> int:
    """Return how many it takes to state a bound of alpha at all, when none of them hits: ``1 - delta ** (1 / n)``."""
    return math.ceil(math.log(delta) / math.log1p(-alpha))


def most_hits(n: int, *, alpha: float, delta: float) -> int:
    """Return how many of ``n`` may hit under the bound; -1 when it breaks without any."""
    # No bound is below the share that was seen, so no more than that can be allowed.
    counts = range(int(alpha * n) + 1)
    return bisect_right(counts, alpha, key=lambda hits: upper_bound(hits, n, delta=delta)) - 1
