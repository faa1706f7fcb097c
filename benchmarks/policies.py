"""What one evaluation of all policy packs costs: facts checked, every rule asked. ``python -m benchmarks.policies``.

The ratio is to the same rules with the facts handed over anew for each, as an evaluator without prepared values would.
"""

import time
from collections.abc import Callable

from benchmarks.measuring import percentile
from benchmarks.results import Figure, save
from guardians import packs
from guardians.facts import facts, flat
from guardians.packs import PackSet

ROUNDS = 400
GOAL = 500.0
CLAIM = {"domain": "finance", "flags": ["risk", "benefit"], "support": 0.9, "grounded": True}
TOOL = {"risk": 1, "external": True, "region": "EU", "purpose": "service", "arg_roles": ["recipient"]}


def environment() -> dict[str, object]:
    """Return facts of a usual size: ten claims, six kinds of data, one tool."""
    return facts(
        request={"jurisdiction": "EU", "lawful_basis": "contract", "needed_entities": ["EMAIL"]},
        tools=[TOOL],
        claims=[CLAIM] * 10,
        entities=["EMAIL", "PERSON", "PHONE", "IBAN", "STREET_ADDRESS", "DATE_OF_BIRTH"],
    )


def anew(known: PackSet, given: dict[str, object]) -> int:
    """Ask every rule with an environment of its own; return how many fire."""
    (values,) = flat(given)
    return sum(item.condition.holds(known.language.values({**values, **known.lists})) for item in known.rules)


def spent(ask: Callable[[], object], rounds: int) -> list[float]:
    """Return the processor time of each call in microseconds, smallest first."""
    found = []
    for _ in range(rounds):
        started = time.process_time_ns()
        ask()
        found.append((time.process_time_ns() - started) / 1_000)
    return sorted(found)


def measure() -> list[Figure]:
    known, given = packs.load(packs.BUILT_IN), environment()
    whole, apart = [], []
    for _ in range(8):  # in turns, so that both see the same machine
        whole += spent(lambda: known.evaluate(given), ROUNDS // 8)
        apart += spent(lambda: anew(known, given), ROUNDS // 8)
    median, high = (percentile(whole, share) for share in (0.5, 0.95))
    ratio = percentile(apart, 0.5) / median
    what = f"all {len(known.rules)} rules of the policy packs, one evaluation"
    note = f"facts checked, ten claims, one tool, {ROUNDS} times, processor time"
    return [
        Figure(f"{what}, median", round(median), "us", "< 500 us", median < GOAL, note),
        Figure(f"{what}, p95", round(high), "us", "< 500 us", high < GOAL, note),
        Figure("the same with the facts handed over anew for each rule", round(ratio, 1), "x", "", None, note),
    ]


if __name__ == "__main__":
    measured = measure()
    save("policies", measured, command="python -m benchmarks.policies")
    for figure in measured:
        print(f"{figure.what}: {figure.value} {figure.unit} {figure.goal}")
