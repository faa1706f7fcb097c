"""A policy pack as a file: strict YAML in, rules and lists out, with one hash over the canonical form."""

import re
from collections import Counter
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from audit import canonical
from audit.canonical import JSON, CanonicalError

FILE_LIMIT = 256_000
RULES_LIMIT = 500
TEXT_LIMIT = 2_000
CITATION_LIMIT = 300
RULE_ID = re.compile(r"[a-z][a-z0-9_]{0,39}(?:\.[a-z0-9_]{1,39}){1,3}")
PACK_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LIST_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,39}")


class PackError(ValueError):
    """A pack that cannot be used. The message names the file, the rule and the cure."""


class Effect(StrEnum):
    """What a rule that fires calls for, from the mildest to the strictest."""

    ALLOW = "allow"
    ANNOTATE = "annotate"
    REDACT = "redact"
    REQUIRE_APPROVAL = "require_approval"
    DENY = "deny"

    @property
    def rank(self) -> int:
        return tuple(Effect).index(self)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a condition over the facts (CEL), what it calls for, and by what law and whose reading.

    ``hard`` makes a denial a veto. A denial is hard unless its pack says otherwise.
    """

    id: str
    when: str
    effect: Effect
    says: str
    citation: str
    effective_from: date
    effective_to: date | None
    reviewed_on: date
    reviewed_by: str
    hard: bool = False

    def in_force(self, on: date | None) -> bool:
        """Tell whether the rule applies on a day, both ends included. Without a day every rule applies."""
        return on is None or (self.effective_from <= on and (self.effective_to is None or on <= self.effective_to))


@dataclass(frozen=True, slots=True)
class Pack:
    """Rules and lists of one subject.

    Attributes:
        hash: SHA-256 over the canonical form of ``content``, 64 hex digits.
        place: where it was read from, for messages.
    """

    name: str
    title: str
    version: str
    review_due: date
    lists: Mapping[str, tuple[str, ...]]
    rules: tuple[Rule, ...]
    content: Mapping[str, JSON]
    hash: str
    place: str


class StrictLoader(yaml.SafeLoader):
    """YAML without the parts that surprise: a key given twice, an alias (which can grow a small file without end)."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not taken: write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = Counter(str(key.value) for key, _ in node.value)
        twice = {name for name, times in names.items() if times > 1}
        if twice:
            raise yaml.MarkedYAMLError(problem=f"{min(twice)!r} is given twice: keep one")
        return super().construct_mapping(node, deep=deep)


class Fields:
    """A mapping of a pack file that is taken apart field by field; ``place`` says where it stands."""

    def __init__(self, value: object, place: str, *, known: tuple[str, ...]) -> None:
        if not isinstance(value, Mapping):
            raise PackError(f"{place}: is {type(value).__name__}; write a mapping with {', '.join(known)}")
        unknown = sorted(set(map(str, value)) - set(known))
        if unknown:
            raise PackError(f"{place}: {unknown[0]!r} is not a field; known are {', '.join(known)}")
        self.values, self.place = value, place

    def text(self, name: str, *, limit: int = TEXT_LIMIT, pattern: re.Pattern[str] | None = None) -> str:
        value = self.values.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > limit:
            raise PackError(
                f"{self.place}: {name} is no text of 1 to {limit} characters; write one, in quotes if need be"
            )
        if pattern and not pattern.fullmatch(value):
            raise PackError(f"{self.place}: {name} is {value[:60]!r}; it has to match {pattern.pattern}")
        return value.strip()

    def day(self, name: str) -> date:
        value = self.values.get(name)
        if isinstance(value, str) and DAY.fullmatch(value):
            with suppress(ValueError):
                return date.fromisoformat(value)
        if type(value) is not date:
            raise PackError(f"{self.place}: {name} is no date; write it like 2026-01-31")
        return value

    def day_or_none(self, name: str) -> date | None:
        return None if self.values.get(name) is None else self.day(name)


PACK_FIELDS = ("pack", "title", "version", "review_due", "lists", "rules")
RULE_FIELDS = (
    *("id", "when", "effect", "says", "citation"),
    *("effective_from", "effective_to", "reviewed_on", "reviewed_by", "hard"),
)


def read(path: Path) -> Pack:
    """Return the pack in a file.

    Raises:
        PackError: the file cannot be read, or ``pack_in`` refuses what is in it.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PackError(f"{path.name}: cannot be read ({error.strerror}); check the file and its rights") from error
    return pack_in(raw, place=path.name)


def pack_in(raw: bytes, *, place: str) -> Pack:
    """Return the pack in a text.

    Args:
        place: where it stands, for messages.

    Raises:
        PackError: it is over FILE_LIMIT bytes, no strict YAML, or not in the form of a pack.
    """
    return pack_of(parse(raw, place), place=place)


def pack_of(document: dict[str, Any], *, place: str) -> Pack:
    """Return the pack in a document: one that was parsed, or the ``content`` of a pack that was kept.

    Raises:
        PackError: it is not in the form of a pack.
    """
    top = Fields(document, place, known=PACK_FIELDS)
    rules = document.get("rules") or []
    if not isinstance(rules, list) or len(rules) > RULES_LIMIT:
        raise PackError(f"{place}: rules is no list of at most {RULES_LIMIT}; split the pack")
    name = top.text("pack", pattern=PACK_NAME)
    pack_rules = tuple(rule_of(item, f"{place}: rule {position + 1}") for position, item in enumerate(rules))
    lists = lists_of(document.get("lists"), place)
    try:
        content = plain(document)
        digest = canonical.digest(canonical.encode(content)).hex()
    except CanonicalError as error:
        raise PackError(f"{place}: {error}") from error
    return Pack(
        name=name,
        title=top.text("title"),
        version=top.text("version", limit=40),
        review_due=top.day("review_due"),
        lists=lists,
        rules=pack_rules,
        content=content,
        hash=digest,
        place=place,
    )


def parse(raw: bytes, place: str) -> dict[str, Any]:
    try:
        if len(raw) > FILE_LIMIT:
            raise PackError(f"{place}: has {len(raw)} bytes; at most {FILE_LIMIT} are taken: split the pack")
        document = yaml.load(raw.decode("utf-8"), Loader=StrictLoader)  # noqa: S506  (a SafeLoader, made stricter)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        if isinstance(error, PackError):
            raise
        raise PackError(f"{place}: no YAML that is taken: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(document, dict):
        raise PackError(f"{place}: is {type(document).__name__}; write a mapping with {', '.join(PACK_FIELDS)}")
    return document


def rule_of(item: object, place: str) -> Rule:
    fields = Fields(item, place, known=RULE_FIELDS)
    rule_id = fields.text("id", limit=80, pattern=RULE_ID)
    fields.place = f"{place.partition(':')[0]}: rule {rule_id}"
    effect = fields.text("effect")
    if effect not in set(Effect):
        raise PackError(f"{fields.place}: effect is {effect[:40]!r}; use {', '.join(Effect)}")
    rule = Rule(
        id=rule_id,
        when=fields.text("when"),
        effect=Effect(effect),
        says=fields.text("says", limit=CITATION_LIMIT),
        citation=fields.text("citation", limit=CITATION_LIMIT),
        effective_from=fields.day("effective_from"),
        effective_to=fields.day_or_none("effective_to"),
        reviewed_on=fields.day("reviewed_on"),
        reviewed_by=fields.text("reviewed_by", limit=CITATION_LIMIT),
        hard=hardness(fields, Effect(effect)),
    )
    if rule.effective_to and rule.effective_to < rule.effective_from:
        raise PackError(
            f"{fields.place}: effective_to is before effective_from; it would never fire: correct the dates"
        )
    return rule


def hardness(fields: Fields, effect: Effect) -> bool:
    """Return whether a rule vetoes: by default every denial does, and nothing else can."""
    if "hard" not in fields.values:
        return effect is Effect.DENY
    value = fields.values["hard"]
    if not isinstance(value, bool) or effect is not Effect.DENY:
        raise PackError(f"{fields.place}: hard is {value!r} beside {effect}; write true or false, beside deny only")
    return value


def lists_of(value: object, place: str) -> dict[str, tuple[str, ...]]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise PackError(f"{place}: lists is {type(value).__name__}; write a mapping from NAME to a list of texts")
    for name, items in value.items():
        if not isinstance(name, str) or not LIST_NAME.fullmatch(name):
            raise PackError(f"{place}: the list name {str(name)[:60]!r} has to match {LIST_NAME.pattern}")
        if not isinstance(items, list) or not items or not all(isinstance(item, str) and item for item in items):
            raise PackError(
                f"{place}: list {name} is no list of texts; quote words like 'NO' that YAML reads otherwise"
            )
    return {name: tuple(items) for name, items in value.items()}


def plain(value: JSON | date) -> JSON:
    """Return a parsed document with its dates as texts, ready for the canonical form."""
    match value:
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case date():
            return value.isoformat()
        case _:
            return value
