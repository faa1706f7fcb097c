"""Golden cases of the policy packs, and what becomes of a condition when one thing in it is turned round.

Of each rule: `fires` are facts on which it fires, `rests` are changes to the first of them that let it rest.
`fires_for` and `rests_for` set one fact of that first case to each of several values: `$NAME` are those of a list.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from guardians import packs
from guardians.facts import CLAIM, MAPS, Shape, facts
from guardians.packs import CompiledRule, PackSet

TODAY = date(2026, 11, 24)
PACKS = packs.load(Path(packs.__file__).parent / "packs")
RULES = {item.rule.id: item for item in PACKS.rules}
CASES: dict[str, dict[str, Any]] = {
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
FLAGS = {f"{name}.{key}" for name, known in MAPS.items() for key, fact in known.items() if fact.shape is Shape.FLAG}
FLAGS |= {"pii", *(f"c.{key}" for key, fact in CLAIM.items() if fact.shape is Shape.FLAG)}
WORD = re.compile(r"'[^']*'|[a-z]\w*(?:\.\w+)*")
NUMBER = re.compile(r"(?<![\w'.])\d+(?:\.\d+)?(?![\w'])")
LITERAL = re.compile(r"'[^']+'")
LIST = re.compile(r"(?<= in )[A-Z][A-Z0-9_]+\b")
QUANTIFIER = re.compile(r"\.exists\(")
MEMBERSHIP = re.compile(r"((?:'[^']*'|[\w.]+)) in (\[[^\]]*\]|[\w.]+)")


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts with some changed; maps are changed field by field."""
    known = dict(base)
    for name, value in change.items():
        known[name] = {**known.get(name, {}), **value} if isinstance(value, dict) else value
    return known


def environment(stated: Mapping[str, Any]) -> dict[str, object]:
    """Return the facts of a golden case: it names one tool, where the facts hold several."""
    known = dict(stated)
    tools = [known.pop("tool")] if "tool" in known else []
    return facts(on=TODAY, tools=tools, **known)


def varied(base: Mapping[str, Any], variations: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Yield a case with one fact set to each of several values; `claims.0.topic` is the topic of the first claim."""
    for path, values in variations.items():
        for value in chain.from_iterable(PACKS.lists[str(v)[1:]] if str(v).startswith("$") else [v] for v in values):
            *steps, last = path.split(".")
            case = deepcopy(dict(base))
            place: Any = case
            for step in steps:
                place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
            place[last] = [value] if last in {"entities", "flags", "signals", "arg_roles"} else value
            yield case


def firing(rule: str) -> list[dict[str, object]]:
    cases = CASES[rule]
    return [environment(stated) for stated in (*cases["fires"], *varied(cases["fires"][0], cases.get("fires_for", {})))]


def resting(rule: str) -> list[dict[str, object]]:
    cases = CASES[rule]
    base = cases["fires"][0]
    changed = (merged(base, change) for change in cases.get("rests", []))
    return [environment(stated) for stated in (*changed, *varied(base, cases.get("rests_for", {})))]


def needed_by(rule: str) -> set[str]:
    """Return the facts without which a rule rests, in one of the cases on which it fires, by ``map.name``."""
    found = set()
    for base in CASES[rule]["fires"]:
        places = [(name, key) for name in MAPS for key in base.get(name, {})]
        for name, key in places:
            less = {**base, name: {other: value for other, value in base[name].items() if other != key}}
            if rule not in {match.rule for match in PACKS.evaluate(environment(less))}:
                found.add(f"{name}.{key}")
    return found


def mutants(condition: str) -> Iterator[str]:
    """Yield the condition with each operator, quantifier, truth value and constant changed, one at a time."""

    def put(found: re.Match[str], other: str) -> str:
        return condition[: found.start()] + other + condition[found.end() :]

    for found in OPERATOR.finditer(condition):
        yield from (put(found, other) for other in TURNED.get(found.group(), []))
    yield from (put(found, f"!({found.group()})") for found in MEMBERSHIP.finditer(condition))
    yield from (put(found, ".all(") for found in QUANTIFIER.finditer(condition))
    yield from (put(found, f"!{found.group()}") for found in WORD.finditer(condition) if found.group() in FLAGS)
    yield from (put(found, "'no such word'") for found in LITERAL.finditer(condition))
    yield from (put(found, "['no such word']") for found in LIST.finditer(condition))
    for found in NUMBER.finditer(condition):
        step = 0.01 if "." in found.group() else 1
        value = type(step)(found.group())
        yield from (put(found, f"{round(value + change, 4)}") for change in (step, -step))


def alone(item: CompiledRule, condition: str) -> PackSet:
    """Return a set of one rule, under another condition."""
    compiled = CompiledRule(item.rule, item.pack, PACKS.language.compile(condition))
    return replace(PACKS, rules=(compiled,))


@cache
def cases_of(rule: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    return firing(rule), resting(rule)


def breaks(rule: str, changed: PackSet) -> bool:
    """Tell whether some golden case of a rule fails under changed packs."""
    fires, rests = cases_of(rule)
    return not all(changed.evaluate(known) for known in fires) or any(changed.evaluate(known) for known in rests)


def surviving(rule: str) -> list[str]:
    """Return the changed conditions of a rule that no golden case notices."""
    item = RULES[rule]
    return [mutant for mutant in mutants(item.rule.when) if not breaks(rule, alone(item, mutant))]


def unnoticed(name: str) -> list[str]:
    """Return the members of a list that no golden case misses."""
    users = [item for item in RULES.values() if re.search(rf"\b{name}\b", item.rule.when)]
    return [
        member
        for member in PACKS.lists[name]
        if not any(breaks(item.rule.id, without(item, name, member)) for item in users)
    ]


def without(item: CompiledRule, name: str, member: str) -> PackSet:
    """Return a set of one rule with a list that lacks a member."""
    left = tuple(other for other in PACKS.lists[name] if other != member)
    return replace(PACKS, rules=(item,), lists={**PACKS.lists, name: left})
