"""Policy packs: rules in CEL over declared facts, compiled when loaded, identified by hash, the strictest effect wins.

The packs are readings of law by engineers. ``NOT_LEGAL_ADVICE`` goes wherever their findings are shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from audit import canonical
from guardians.expressions import Condition, ExpressionError, Language, Values, language
from guardians.facts import flat, problems
from guardians.packfile import Effect, Pack, PackError, Rule, read

NOT_LEGAL_ADVICE = (
    "The policy packs are a technical aid. They are not legal advice, and no lawyer has reviewed them; "
    "have the rules that you rely on checked by counsel."
)
BUILT_IN = Path(__file__).parent / "packs"
FILES_LIMIT = 100
FACTS_RULE = "facts"
PACKS_RULE = "packs"


class Reason(StrEnum):
    MATCHED = "matched"
    POLICY_ERROR = "policy_error"


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fired, or that could not be judged: then it is a hard DENY whatever the rule calls for."""

    rule: str
    pack: str
    effect: Effect
    citation: str
    says: str
    reason: Reason = Reason.MATCHED
    hard: bool = False


@dataclass(frozen=True, slots=True)
class CompiledRule:
    rule: Rule
    pack: str
    condition: Condition

    @property
    def about_tools(self) -> bool:
        return "tool" in self.rule.when


@dataclass(frozen=True, slots=True)
class PackSet:
    """All packs in force together.

    Attributes:
        hash: identifies them: SHA-256 over the packs' names and hashes.
        fault: why they cannot be asked, or ''. With one, every evaluation is a denial.
    """

    packs: tuple[Pack, ...]
    rules: tuple[CompiledRule, ...]
    lists: Mapping[str, tuple[str, ...]]
    language: Language
    hash: str
    fault: str = ""

    def evaluate(self, known: Mapping[str, object]) -> tuple[Match, ...]:
        """Return every rule that fires on an environment made by ``guardians.facts.facts``, in the packs' order.

        Facts that are missing, unknown or misshapen make one match with DENY and no rule is asked; a rule without
        an answer makes one with DENY in its place. Both have the reason ``policy_error``. Rules out of force on the
        environment's day rest.
        """
        if self.fault:
            return (failure(PACKS_RULE, "", self.fault),)
        wrong = next(problems(known), None)
        if wrong:
            return (failure(FACTS_RULE, "", wrong),)
        first, *others = (self.language.values({**values, **self.lists}) for values in flat(known))
        on = date.fromisoformat(str(known["on"])) if known["on"] else None
        asked = (item for item in self.rules if item.rule.in_force(on))
        found = (judge_each(item, (first, *others) if item.about_tools else (first,)) for item in asked)
        return tuple(match for match in found if match)

    def overdue(self, on: date) -> tuple[Pack, ...]:
        """Return the packs whose review was due before a day."""
        return tuple(pack for pack in self.packs if pack.review_due < on)


def judge_each(item: CompiledRule, environments: Sequence[Values]) -> Match | None:
    """Return the strictest of what a rule says of each environment: one for each tool that is to be called."""
    if len(environments) == 1:
        return judge(item, environments[0])
    matches = [match for values in environments if (match := judge(item, values))]
    return max(matches, key=lambda match: (match.effect.rank, match.hard), default=None)


def judge(item: CompiledRule, values: Values) -> Match | None:
    try:
        fires = item.condition.holds(values)
    except ExpressionError as error:
        return failure(item.rule.id, item.pack, f"the rule gave no answer: {error}", citation=item.rule.citation)
    if not fires:
        return None
    rule = item.rule
    return Match(rule.id, item.pack, rule.effect, rule.citation, rule.says, hard=rule.hard)


def failure(rule: str, pack: str, says: str, *, citation: str = "") -> Match:
    return Match(rule, pack, Effect.DENY, citation, says, Reason.POLICY_ERROR, hard=True)


def strictest(matches: Iterable[Match]) -> Effect:
    """Return the strictest effect, ALLOW when nothing fired."""
    return max((match.effect for match in matches), key=lambda effect: effect.rank, default=Effect.ALLOW)


def load(directory: Path) -> PackSet:
    """Return the packs of a directory, every condition compiled and checked.

    Raises:
        PackError: there is no pack, one cannot be read, a name is used twice, or a condition does not compile.
    """
    paths = sorted(directory.glob("*.yaml"))
    if not 0 < len(paths) <= FILES_LIMIT:
        raise PackError(f"{directory} has {len(paths)} packs (*.yaml); 1 to {FILES_LIMIT} are needed")
    return assembled([read(path) for path in paths])


def assembled(packs: Sequence[Pack]) -> PackSet:
    """Return packs that are in force together, every condition compiled and checked.

    Raises:
        PackError: a name is used twice, or a condition does not compile.
    """
    refuse_twice("pack", [pack.name for pack in packs])
    refuse_twice("rule", [rule.id for pack in packs for rule in pack.rules])
    refuse_twice("list", [name for pack in packs for name in pack.lists])
    lists = MappingProxyType({name: items for pack in packs for name, items in pack.lists.items()})
    spoken = language(lists)
    rules = tuple(
        CompiledRule(rule, pack.name, compiled(rule, spoken, pack.place)) for pack in packs for rule in pack.rules
    )
    return PackSet(tuple(packs), rules, lists, spoken, hash_of({pack.name: pack.hash for pack in packs}))


def hash_of(hashes: Mapping[str, str]) -> str:
    """Return what identifies packs in force together, by their names and hashes (64 hex digits)."""
    return canonical.digest(canonical.encode({"format": 1, "packs": dict(hashes)})).hex()


def built_in() -> tuple[Pack, ...]:
    """Return the packs that come with this version.

    Raises:
        PackError: as ``load`` does.
    """
    return load(BUILT_IN).packs


def compiled(rule: Rule, spoken: Language, file: str) -> Condition:
    try:
        return spoken.compile(rule.when)
    except ExpressionError as error:
        cure = "use facts declared in guardians/facts.py and lists of the packs"
        raise PackError(f"{file}: rule {rule.id}: {error}; {cure}") from error


def refuse_twice(what: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PackError(f"the {what} {twice[0]!r} is given twice; rename one")
