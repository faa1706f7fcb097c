"""Golden cases of the policy packs, and what becomes of a condition when one operator in it is turned round."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from guardians import packs
from guardians.facts import facts
from guardians.packs import CompiledRule, PackSet

TODAY = date(2026, 11, 24)
PACKS = packs.load(Path(packs.__file__).parent / "packs")
RULES = {item.rule.id: item for item in PACKS.rules}
CASES: dict[str, dict[str, list[dict[str, Any]]]] = {
    rule: cases
    for path in sorted((Path(__file__).parent / "golden").glob("*.yaml"))
    for rule, cases in yaml.safe_load(path.read_text(encoding="utf-8")).items()
}
OPERATOR = re.compile(r"'[^']*'|&&|\|\||==|!=|<=|>=|<|>|!|\+|-")
TURNED = {
    "&&": ["||"],
    "||": ["&&"],
    "==": ["!="],
    "!=": ["=="],
    "<": ["<=", ">", ">="],
    "<=": ["<", ">", ">="],
    ">": [">=", "<", "<="],
    ">=": [">", "<", "<="],
    "!": [""],
}
MEMBERSHIP = re.compile(r"((?:'[^']*'|[\w.]+)) in (\[[^\]]*\]|[\w.]+)")


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts with some changed; maps are changed field by field."""
    known = dict(base)
    for name, value in change.items():
        known[name] = {**known.get(name, {}), **value} if isinstance(value, dict) else value
    return known


def firing(rule: str) -> list[dict[str, object]]:
    return [facts(on=TODAY, **stated) for stated in CASES[rule]["fires"]]


def resting(rule: str) -> list[dict[str, object]]:
    base = CASES[rule]["fires"][0]
    return [facts(on=TODAY, **merged(base, change)) for change in CASES[rule]["rests"]]


def mutants(condition: str) -> Iterator[str]:
    """Yield the condition with each comparison, logical operator and membership turned round, one at a time."""
    for found in OPERATOR.finditer(condition):
        for other in TURNED.get(found.group(), []):
            yield condition[: found.start()] + other + condition[found.end() :]
    for found in MEMBERSHIP.finditer(condition):
        yield f"{condition[: found.start()]}!({found.group()}){condition[found.end() :]}"


def alone(item: CompiledRule, condition: str) -> PackSet:
    """Return a set of one rule, under another condition."""
    compiled = CompiledRule(item.rule, item.pack, PACKS.language.compile(condition))
    return PackSet(PACKS.packs, (compiled,), PACKS.lists, PACKS.language, PACKS.hash)


def breaks(item: CompiledRule, condition: str) -> bool:
    """Tell whether some golden case of a rule fails under another condition."""
    changed = alone(item, condition)
    return not all(changed.evaluate(known) for known in firing(item.rule.id)) or any(
        changed.evaluate(known) for known in resting(item.rule.id)
    )


def surviving(rule: str) -> list[str]:
    """Return the turned-round conditions of a rule that no golden case notices."""
    item = RULES[rule]
    return [mutant for mutant in mutants(item.rule.when) if not breaks(item, mutant)]
