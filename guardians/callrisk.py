"""May this call be made? From what was asked, what was read since, and the call itself; no model is asked.

- A call that does not fit its definition is denied.
- A call with an effect needs a person where a value that decides where the effect goes stems from what was read, or
  from nobody; where the tool was not asked for before that was read; and where the tool can delete or change rights.
- What a result wrote counts for more where that result gives orders: then no value of it goes on without a person.

A call that only reads needs a person where it would fetch an address that was put together by the model: such an
address can carry away what was read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from audit.canonical import JSON
from audit.spans import Span
from audit.stakes import Stakes
from guardians import orders, provenance
from guardians.argumentroles import DANGEROUS, Argument, Role, addresses_in, arguments_of
from guardians.foldedtext import Haystack
from guardians.guardian import Ballot, Material, Part, Piece
from guardians.provenance import Label, Origin, Sighting, Source
from guardians.safety import Safety
from guardians.toolrisk import (
    ArgumentError,
    Tier,
    check_arguments,
    effective_tier,
    evident_tier,
    only_reads,
)

LEAST_VALUE, SHINGLE = 3, 5
FIRST_PERSON = Tier.DELETE


class Answer(StrEnum):
    """What becomes of a call; each is stricter than the one before."""

    ALLOW = "allow"
    APPROVE = "approve"
    DENY = "deny"


class Why(StrEnum):
    """Why a call needs a person, or may not be made at all."""

    UNKNOWN_TOOL = "unknown_tool"
    MISFIT = "arguments_do_not_fit"
    TIER = "tier"
    UNPLANNED = "unplanned"
    TAINTED = "tainted"
    INVENTED = "invented"
    ORDERED = "ordered"
    UNTIED = "untied"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. ``argument`` is the name of the outermost argument; ``span`` is a place in what ``label`` names."""

    why: Why
    tool: str
    argument: str = ""
    role: str = ""
    label: str = ""
    span: Span | None = None
    detail: str = ""

    def __str__(self) -> str:
        match self.why:
            case Why.UNKNOWN_TOOL:
                return f"no tool {self.tool[:80]} is offered"
            case Why.MISFIT:
                return self.detail
            case Why.TIER:
                return f"{self.tool} can do {self.detail}"
            case Why.UNPLANNED:
                return f"the request does not ask for {self.tool}, and something else was read since"
            case Why.TAINTED:
                return f"{self.argument} ({self.role}) stems from {self.origin}"
            case Why.INVENTED:
                return f"{self.argument} ({self.role}) is in nothing that was asked or read: the model made it up"
            case Why.ORDERED:
                return f"{self.origin} orders this call"
            case Why.UNTIED:
                return f"no value of the call of {self.tool} is in the request, and something else was read since"
            case Why.DESCRIPTION:
                return f"the description of {self.tool} gives orders: {self.detail}"

    @property
    def origin(self) -> str:
        place = f", characters {self.span.start} to {self.span.end}" if self.span else ""
        return f"{self.label}{place}"


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool as its server defines it, and what an operator registered of it.

    Attributes:
        tier: as registered; None where nobody classified it.
        roles: as registered, by the name of the argument.
        vouched: whether the operator answers for what it returns, such as a directory that only he writes.
    """

    name: str
    description: str = ""
    input_schema: Mapping[str, JSON] = field(default_factory=dict)
    annotations: Mapping[str, JSON] = field(default_factory=dict)
    tier: Tier | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    vouched: bool = False

    @property
    def effective(self) -> Tier:
        return effective_tier(self.tier, self.annotations, self.name, self.input_schema)

    @property
    def evident(self) -> Tier:
        return evident_tier(self.tier, self.annotations, self.name, self.input_schema)

    @property
    def reads(self) -> bool:
        """Tell whether a call has no effect: by an operator's word, or where there is none by all the server says."""
        if self.tier is not None:
            return self.effective is Tier.READ_ONLY
        return only_reads(self.name, self.annotations, self.input_schema)


@dataclass(frozen=True)
class Context:
    """What was asked, and what was read since, each text with its label.

    ``in_request`` says that the call itself stands in the request: then it was planned, and its values are the
    user's, unless one is not in his words and was read elsewhere too.
    """

    asked: Source
    read: tuple[Source, ...] = ()
    in_request: bool = False

    @classmethod
    def of(cls, request: str, read: Sequence[tuple[Label, str]], *, in_request: bool = False) -> "Context":
        known = tuple(provenance.source(label, text) for label, text in read)
        return cls(provenance.source(provenance.USER, request), known, in_request)

    @property
    def sources(self) -> tuple[Source, ...]:
        return (self.asked, *self.read)

    @property
    def untrusted(self) -> tuple[Source, ...]:
        return tuple(known for known in self.read if known.label.origin is Origin.TOOL)

    @cached_property
    def hostile(self) -> tuple[Source, ...]:
        """Return what was read and gives orders, as the Safety guardian reads it."""
        return tuple(known for known in self.untrusted if orders_in(known.text, Part.TOOL_RESULT))


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a call, and every reason for it."""

    answer: Answer
    tier: Tier
    reasons: tuple[Reason, ...]


def judge(
    context: Context,
    offer: Offer | None,
    arguments: Mapping[str, JSON],
    *,
    name: str,
    person_from: Tier = FIRST_PERSON,
) -> Judged:
    """Return what becomes of a call of a tool.

    Args:
        offer: the tool of that name; None where there is none.
        person_from: the tier that somebody or something speaks for, from which on a person is always asked.
    """
    if offer is None:
        return Judged(Answer.DENY, Tier.PRIVILEGE, (Reason(Why.UNKNOWN_TOOL, name),))
    try:
        check_arguments(offer.input_schema, arguments)
    except ArgumentError as error:
        return Judged(Answer.DENY, offer.effective, (Reason(Why.MISFIT, offer.name, detail=str(error)),))
    found = tuple(dict.fromkeys(doubts(context, offer, arguments, person_from=person_from)))
    return Judged(Answer.APPROVE if found else Answer.ALLOW, offer.effective, found)


def doubts(context: Context, offer: Offer, arguments: Mapping[str, JSON], *, person_from: Tier) -> Iterator[Reason]:
    """Yield every reason for which a person has to look at a call that fits its definition."""
    if orders_in(offer.description, Part.TOOL_DESCRIPTION):
        yield Reason(Why.DESCRIPTION, offer.name, detail="read it before the tool is used")
    known = tuple(arguments_of(arguments, registered=offer.roles, schema=offer.input_schema))
    if offer.reads:
        yield from carried_away(context, offer, known)
        return
    if offer.evident >= person_from:
        yield Reason(Why.TIER, offer.name, detail=offer.evident.name)
    planned = context.in_request or not context.untrusted
    if not planned and not orders.asks_for(context.asked.text, offer.name):
        yield Reason(Why.UNPLANNED, offer.name)
    for argument in known:
        yield from values_of(context, offer, argument)
    if not planned and known and not any(asked_with(context, argument.value) for argument in known):
        yield Reason(Why.UNTIED, offer.name)
    yield from ordered(context, offer, known)


def asked_with(context: Context, value: str | float) -> bool:
    return any(provenance.sighting(known, context.asked) for known in {value, number_or_text(value)})


def carried_away(context: Context, offer: Offer, known: Sequence[Argument]) -> Iterator[Reason]:
    """Yield the addresses that a reading call would fetch and nobody wrote, once something was read."""
    for argument in known:
        if argument.role is Role.URL and context.untrusted and not provenance.trace(argument.value, context.sources):
            yield reason_of(offer, argument, argument.role, ())


def values_of(context: Context, offer: Offer, argument: Argument) -> Iterator[Reason]:
    """Yield why a value of a call with an effect needs a person: by what it decides, and by who wrote it."""
    if argument.role in DANGEROUS:
        yield from doubtful(context, offer, argument, argument.role, argument.value)
    elif isinstance(argument.value, str):
        for role, address in addresses_in(argument.value):
            yield from doubtful(context, offer, argument, role, address)
        hidden = tuple(s for s in provenance.trace(argument.value, context.sources) if s.encoded)
        if hidden:
            # Whoever writes an answer in another alphabet hides it from those who read along.
            yield reason_of(offer, argument, argument.role, hidden)
    for known in context.hostile:
        if copied(argument.value, known, context.asked):
            yield reason_of(offer, argument, argument.role, (Sighting(known.label, None),))


def call_facts(context: Context, offer: Offer, arguments: Mapping[str, JSON]) -> dict[str, object]:
    """Return what the policy packs are told of a call: ``guardians.facts.CALL``."""
    known = tuple(arguments_of(arguments, registered=offer.roles, schema=offer.input_schema))
    tainted = any(reason.why is Why.TAINTED for argument in known for reason in values_of(context, offer, argument))
    return {"args_tainted": tainted, "arg_roles": sorted(set(map(word_for, roles_of(known))))}


def roles_of(known: Sequence[Argument]) -> Iterator[Role]:
    """Yield what arguments decide, with the addresses that stand inside of texts."""
    for argument in known:
        yield argument.role
        if argument.role not in DANGEROUS and isinstance(argument.value, str):
            yield from (role for role, _ in addresses_in(argument.value))


def word_for(role: Role) -> str:
    return "free_text" if role is Role.TEXT else role.value


def doubtful(context: Context, offer: Offer, argument: Argument, role: Role, value: str | float) -> Iterator[Reason]:
    sightings = provenance.trace(number_or_text(value) if role is Role.AMOUNT else value, context.sources)
    own = frozenset((provenance.USER,)) if context.in_request else frozenset()
    labels = provenance.join([own, frozenset(found.label for found in sightings)]) or provenance.labels_of(())
    if not provenance.trusted(labels):
        yield reason_of(offer, argument, role, sightings)


def number_or_text(value: str | float) -> str | float:
    try:
        return float(value)
    except ValueError:
        return value


def reason_of(offer: Offer, argument: Argument, role: Role, sightings: Sequence[Sighting]) -> Reason:
    name = argument.place.partition(".")[0]
    if not sightings:
        return Reason(Why.INVENTED, offer.name, name, role.value, str(provenance.MODEL))
    first = sightings[0]
    return Reason(Why.TAINTED, offer.name, name, role.value, str(first.label), first.span)


def copied(value: str | float, known: Source, asked: Source) -> bool:
    """Tell whether a value, or a run of its words, is in what was read and not in what was asked."""
    text = str(value)
    if len(text) < LEAST_VALUE:
        return False
    runs = Haystack.of(text).runs(SHINGLE)
    if runs:
        said = known.haystack.runs(SHINGLE).union(*(layer.runs(SHINGLE) for layer in known.inside))
        return not (runs & said) <= asked.haystack.runs(SHINGLE)
    return provenance.sighting(value, known) is not None and provenance.sighting(value, asked) is None


def ordered(context: Context, offer: Offer, known: Sequence[Argument]) -> Iterator[Reason]:
    """Yield the results that order this very call: its doing, with a value of it that the request does not hold."""
    for read in context.untrusted:
        span = orders.order_for(read.text, offer.name)
        hidden = any(orders.order_for(layer.text, offer.name) for layer in read.inside)
        if (span or hidden) and any(copied(argument.value, read, context.asked) for argument in known):
            yield Reason(Why.ORDERED, offer.name, label=str(read.label), span=span)


def orders_in(text: str, part: Part) -> bool:
    """Tell whether a text that may give no orders gives some, as the Safety guardian reads it."""
    if not text:
        return False
    vote = Safety().review(Material((Piece(part, "text", text),), {}, Stakes.MEDIUM, ""))
    return vote.ballot is not Ballot.ALLOW
