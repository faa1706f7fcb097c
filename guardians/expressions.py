"""Conditions in CEL (Common Expression Language): compiled once with types checked, evaluated without side effects.

The one place that knows the CEL library. Its evaluator has no clock, no I/O, linear-time patterns (RE2) and a bounded
number of iterations; errors come back as values of the type ERROR and are raised here: nobody may read one as "no".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from cel_expr_python import cel

from guardians.facts import CLAIM, MAPS, Fact, Shape

ENGINE = f"cel-expr-python {version('cel-expr-python')}"
CONDITION_LIMIT = 2_000
PATTERN_LIMIT = 1_000
TYPES = {
    Shape.TEXT: cel.Type.STRING,
    Shape.FLAG: cel.Type.BOOL,
    Shape.COUNT: cel.Type.INT,
    Shape.SHARE: cel.Type.DOUBLE,
    Shape.TEXTS: cel.Type.List(cel.Type.STRING),
}
LITERAL = re.compile(r"'[^'\\]*'|\"[^\"\\]*\"")
INDEX = re.compile(r"(?:\b(?!in\b)\w+|[)\]])\s*\[\s*''")
SHADOW = re.compile(rf"\(\s*(?:{'|'.join(MAPS)})\s*,")
FIELD = re.compile(r"\b([a-z_][a-z0-9_]*)\.([a-z_][a-z0-9_]*)\b(?!\s*\()")


class ExpressionError(ValueError):
    """A condition that does not compile, or whose evaluation gave no answer."""


@dataclass(frozen=True, slots=True)
class Values:
    """Facts in the evaluator's own form: made once, read by every condition."""

    activation: Any


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    text: str
    program: Any

    def holds(self, values: Values) -> bool:
        """Tell whether the condition is true.

        Raises:
            ExpressionError: it has no truth value: a missing key, a wrong type, too many iterations.
        """
        try:
            result = self.program.eval(values.activation)
            kind = result.type()
        except RuntimeError as error:
            raise ExpressionError(code_of(str(error))) from error
        if kind != cel.Type.BOOL:
            raise ExpressionError(code_of(str(result.value())) if kind == cel.Type.ERROR else "NOT_BOOL")
        return bool(result.value())


def code_of(message: str) -> str:
    """Return the error's code without its text, which can quote a fact."""
    code = message.partition(":")[0]
    return code if re.fullmatch(r"[A-Z_]{1,40}", code) else "ERROR"


@dataclass(frozen=True, slots=True)
class Language:
    """The names that conditions may use: the facts, and the packs' lists."""

    environment: Any
    claims: bool = True  # whether conditions may name claims

    def compile(self, text: str) -> Condition:
        """Return the compiled condition.

        Raises:
            ExpressionError: it is too long, no CEL, of another type than bool, or names something undeclared.
        """
        if len(text) > CONDITION_LIMIT:
            raise ExpressionError(f"has {len(text)} characters; at most {CONDITION_LIMIT}: split the rule in two")
        if self.claims:
            check_claim_fields(text)
        try:
            program = self.environment.compile(text)
        except RuntimeError as error:
            raise ExpressionError(" ".join(str(error).split())[:300]) from error
        if program.return_type() != cel.Type.BOOL:
            raise ExpressionError(f"gives {program.return_type().name()}; a condition gives BOOL")
        return Condition(text, program)

    def values(self, flat: Mapping[str, object]) -> Values:
        """Return facts and lists in the evaluator's form; it knows lists, no tuples.

        Nothing is refused here: a value that the evaluator cannot read fails the condition that asks for it.
        """
        known = {name: list(value) if isinstance(value, tuple) else value for name, value in flat.items()}
        return Values(self.environment.Activation(known))


def language(lists: Iterable[str]) -> Language:
    """Return the language over the declared facts and lists of these names.

    Each fact is a variable of its own with a dotted name, so that the compiler knows its type: over a map of dynamic
    values it would take any misspelt field.
    """
    variables = {
        f"{name}.{key}": TYPES[fact.shape] for name, declared in MAPS.items() for key, fact in declared.items()
    }
    variables |= dict.fromkeys((*lists, "entities"), TYPES[Shape.TEXTS])
    variables |= {"pii": cel.Type.BOOL, "claims": cel.Type.List(cel.Type.Map(cel.Type.STRING, cel.Type.DYN))}
    return Language(cel.NewEnv(variables=variables))


@lru_cache(maxsize=1)
def call_language() -> Language:
    """Return the language over one tool call: ``arguments``, a map of any values, ``tool`` and ``tier`` (0 to 4)."""
    variables = {
        "arguments": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
        "tool": cel.Type.STRING,
        "tier": cel.Type.INT,
    }
    return Language(cel.NewEnv(variables=variables), claims=False)


def check_claim_fields(text: str) -> None:
    """Refuse a misspelt field of a claim: claims are maps of dynamic values, so the compiler cannot."""
    known: Mapping[str, Fact] = CLAIM
    bare = LITERAL.sub("''", text)
    if INDEX.search(bare) or SHADOW.search(bare):
        raise ExpressionError("hides a field's name from the compiler; write c.domain, and name no variable like a map")
    for root, field in FIELD.findall(bare):
        if root not in MAPS and field not in known:
            raise ExpressionError(f"undeclared reference to '{root}.{field}'; a claim has {', '.join(sorted(known))}")


@lru_cache(maxsize=1)
def pattern_program() -> tuple[Any, Any]:
    environment = cel.NewEnv(variables={"value": cel.Type.STRING, "pattern": cel.Type.STRING})
    return environment, environment.compile("value.matches(pattern)")


def matches(pattern: str, value: str) -> bool:
    """Tell whether an untrusted pattern is found in a text, in linear time (RE2: no look-around, no back-reference).

    Raises:
        ExpressionError: the pattern is over PATTERN_LIMIT characters or none that RE2 takes.
    """
    if len(pattern) > PATTERN_LIMIT:
        raise ExpressionError(f"the pattern has {len(pattern)} characters; at most {PATTERN_LIMIT} are taken")
    environment, program = pattern_program()
    activation = environment.Activation({"value": value, "pattern": pattern})
    return Condition("value.matches(pattern)", program).holds(Values(activation))
