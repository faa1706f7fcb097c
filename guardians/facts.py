"""What the policy packs may ask about a run: every fact by name, its shape, its value when nobody stated it.

A fact that a rule names and nobody supplies must not read as "no" by accident, and a misspelt one must not read as
"not stated". So the whole environment is declared here: ``facts`` fills it, ``problems`` refuses what does not fit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

TEXT_LIMIT = 200
ITEMS_LIMIT = 1_000
# Conditions iterate over claims; the evaluator stops at some 10,000 steps.
CLAIMS_LIMIT = 2_000


class FactError(ValueError):
    """A stated fact that cannot be taken. The message names it, what it may be, and the cure."""


class Shape(StrEnum):
    TEXT = "a text"
    FLAG = "true or false"
    COUNT = "a whole number, 0 or more"
    SHARE = "a number from 0 to 1"
    TEXTS = "a list of texts"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: what it means, its shape, and what it is when nobody stated it.

    ``strict`` is the value for something that is there but was not described: a tool is taken for an outside one until
    somebody says otherwise. ``choices`` closes the vocabulary where an unknown word would make a rule rest in silence.
    """

    says: str
    shape: Shape
    default: object
    strict: object = None
    choices: frozenset[str] = frozenset()


def text(says: str, *choices: str) -> Fact:
    return Fact(says, Shape.TEXT, "", choices=frozenset(("", *choices)) if choices else frozenset())


def flag(says: str, *, strict: bool | None = None) -> Fact:
    return Fact(says, Shape.FLAG, default=False, strict=strict)


def count(says: str, *, strict: int | None = None) -> Fact:
    return Fact(says, Shape.COUNT, 0, strict=strict)


def texts(says: str, *choices: str) -> Fact:
    return Fact(says, Shape.TEXTS, (), choices=frozenset(choices))


# The client states these; who is asked for them answers for them.
REQUEST = {
    "jurisdiction": text(
        "whose law applies to the person concerned; '' = not stated, and no jurisdiction's rules apply",
        *("EU", "EEA", "UK", "CH", "US", "US-CA", "OTHER"),
    ),
    "lawful_basis": text("GDPR Art. 6(1): consent, contract, legal_obligation, vital_interests, public_task, …"),
    "art9_condition": text("GDPR Art. 9(2): explicit_consent, health_care, …; '' = none"),
    "purpose": text("what the data is used for here; '' = not stated"),
    "needed_entities": texts("kinds of personal data that this purpose needs, such as EMAIL"),
    "parental_consent": flag("a holder of parental responsibility agreed"),
    "official_authority": flag("processing is under official authority (GDPR Art. 10)"),
    "phi": flag("the request concerns protected health information under HIPAA"),
    "authorization": flag("the patient's written authorization is on file (45 CFR 164.508)"),
    "clinician": flag("the answer goes to a licensed clinician who can check its basis"),
    "suitability_profile": flag("the customer's investment profile is on file"),
    "signals": texts("signs of danger in the request", "self_harm", "overdose", "chest_pain"),
}
# About the person whose data this is: the client or the records of this system.
SUBJECT = {
    "age": count("in years; 0 = unknown"),
    "collected_purposes": texts("purposes the data was collected for"),
    "erasure_requested": flag("an erasure request of this person is open"),
}
# About the tool that an action wants to call. No tool: the defaults. A tool: what is not said counts as the worst.
TOOL = {
    "risk": count("tier, 0 READ_ONLY to 4 PRIVILEGE", strict=3),
    "external": flag("its server is run by somebody else", strict=True),
    "region": text("where it processes data: a name in the list ADEQUATE, or any other"),
    "safeguards": flag("standard contractual clauses or binding corporate rules cover the transfer"),
    "purpose": text("what the data is sent for: treatment, patient_request, required_by_law, deidentified_release, …"),
    "baa": flag("a business associate agreement with its operator is in force"),
    "args_tainted": flag("an argument stems from a document or a tool's result", strict=True),
    "arg_roles": texts(
        "what the arguments decide",
        *("recipient", "url", "account", "path", "command", "amount", "free_text"),
    ),
    "schema_changed": flag("its definition differs from the approved one"),
}
OUTPUT = {
    "disclaimer": flag("the answer says that it is no substitute for professional advice"),
    "retail": flag("the answer goes to retail investors"),
}
# What this system knows about the run itself; clients cannot state it.
RUN = {
    "human_review": flag("a person decided or will decide"),
    "legal_or_similar_effect": flag("the decision has legal or similarly significant effects on a person"),
    "decision_domain": text("what is decided on", "credit", "employment", "housing", "education", "insurance", "other"),
    "outcome": text("for the person concerned", "adverse", "favourable"),
    "reasons": texts("reasons given to the person concerned"),
    "principal_approved": flag("a registered principal approved the communication"),
}
CLAIM = {
    "domain": text("medical, finance, … or ''"),
    "topic": text(
        "what it says about a person",
        *("health", "ethnicity", "religion", "politics", "union", "sex_life", "biometric", "genetic"),
    ),
    "about_person": flag("it is about an identifiable person"),
    "flags": texts(
        "what it does",
        *("diagnosis", "dosage", "treatment", "recommendation", "benefit", "risk"),
        *("guarantee", "promissory", "exaggerated", "projection"),
    ),
    "support": Fact("score of the evidence gate", Shape.SHARE, 0.0),
    "grounded": flag("the evidence gate found it SUPPORTED"),
}
MAPS: Mapping[str, Mapping[str, Fact]] = MappingProxyType(
    {"request": REQUEST, "subject": SUBJECT, "tool": TOOL, "output": OUTPUT, "run": RUN}
)
ENTITIES = texts("kinds of sensitive data that the Privacy guardian found, such as EMAIL")
# Secrets of systems, not data about people.
NOT_PERSONAL = frozenset({"SECRET", "API_KEY", "PRIVATE_KEY", "JWT"})


def facts(
    *,
    request: Mapping[str, object] | None = None,
    subject: Mapping[str, object] | None = None,
    tool: Mapping[str, object] | None = None,
    output: Mapping[str, object] | None = None,
    run: Mapping[str, object] | None = None,
    claims: Sequence[Mapping[str, object]] = (),
    entities: Iterable[str] = (),
    on: date | None = None,
) -> dict[str, object]:
    """Return the complete environment: what is stated, over the declared defaults.

    Nothing is checked here, so that what does not fit reaches the packs and is refused there, with a record.

    Args:
        request: stated by the client, see ``REQUEST``. The other maps likewise.
        tool: the tool an action wants to call; empty or None when there is none.
        claims: one map for each claim, see ``CLAIM``.
        entities: kinds of sensitive data found in request and answer. A kind nobody knows counts as personal.
        on: the day for which the rules are asked; without one, every rule counts as in force.
    """
    stated = {"request": request, "subject": subject, "tool": tool, "output": output, "run": run}
    kinds = sorted(set(entities))
    known: dict[str, object] = {name: filled(MAPS[name], given or {}) for name, given in stated.items()}
    known["claims"] = [filled(CLAIM, claim) for claim in claims]
    known["entities"] = kinds
    known["pii"] = any(kind not in NOT_PERSONAL for kind in kinds)
    known["on"] = on.isoformat() if on else ""
    return known


def filled(declared: Mapping[str, Fact], given: Mapping[str, object]) -> dict[str, object]:
    values = {name: unstated(fact, described=bool(given)) for name, fact in declared.items()}
    return {**values, **given}


def unstated(fact: Fact, *, described: bool) -> object:
    value = fact.strict if described and fact.strict is not None else fact.default
    return list(value) if isinstance(value, tuple) else value


def check_request(stated: Mapping[str, object]) -> None:
    """Refuse facts of a client that the packs would refuse later.

    Raises:
        FactError: a name is unknown, or a value has another shape or is none of its choices.
    """
    problem = next(map_problems("request", REQUEST, stated, complete=False), None)
    if problem:
        raise FactError(problem)


def problems(known: Mapping[str, object]) -> Iterator[str]:
    """Yield what keeps the environment from being judged: what is missing, unknown or misshapen, and the cure.

    No value is quoted: it may be personal.
    """
    extra = sorted(set(map(str, known)) - {*MAPS, "claims", "entities", "pii", "on"})
    yield from (f"{name[:60]} is not a fact; known are {', '.join(MAPS)}, claims, entities, pii, on" for name in extra)
    for name, declared in MAPS.items():
        yield from map_problems(name, declared, known.get(name))
    yield from claims_problems(known.get("claims"))
    yield from value_problems("entities", ENTITIES, known.get("entities"))
    if not isinstance(known.get("pii"), bool):
        yield "pii is not true or false; build the facts with guardians.facts.facts"
    if not is_day(known.get("on")):
        yield "on is neither empty nor a date like 2026-01-31; build the facts with guardians.facts.facts"


def map_problems(name: str, declared: Mapping[str, Fact], given: object, *, complete: bool = True) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield f"{name} is missing or no map; build the facts with guardians.facts.facts"
        return
    for key in sorted(set(map(str, given)) - set(declared)):
        yield f"{name}.{key[:60]} is not a fact; known are {', '.join(sorted(declared))}"
    for key, fact in declared.items():
        if key in given:
            yield from value_problems(f"{name}.{key}", fact, given[key])
        elif complete:
            yield f"{name}.{key} is missing; it is {fact.shape.value}"


def claims_problems(claims: object) -> Iterator[str]:
    if not isinstance(claims, Sequence) or len(claims) > CLAIMS_LIMIT:
        yield f"claims is no list of at most {CLAIMS_LIMIT} maps; build the facts with guardians.facts.facts"
        return
    for position, claim in enumerate(claims):
        yield from map_problems(f"claims[{position}]", CLAIM, claim)


def value_problems(name: str, fact: Fact, value: object) -> Iterator[str]:
    if not fits(fact.shape, value):
        yield f"{name} is not {fact.shape.value} within {TEXT_LIMIT} characters and {ITEMS_LIMIT} items; state it so"
    elif fact.choices and not fact.choices.issuperset(words(value)):
        yield f"{name} is a word nobody knows; use {', '.join(sorted(fact.choices - {''}))}"


def fits(shape: Shape, value: object) -> bool:
    match shape:
        case Shape.TEXT:
            return is_text(value)
        case Shape.FLAG:
            return isinstance(value, bool)
        case Shape.COUNT:
            return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
        case Shape.SHARE:
            return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        case Shape.TEXTS:
            return isinstance(value, list) and len(value) <= ITEMS_LIMIT and all(map(is_text, value))
        case _:
            assert_never(shape)


def words(value: object) -> Iterable[str]:
    return [value] if isinstance(value, str) else map(str, value) if isinstance(value, list) else ()


def is_text(value: object) -> bool:
    """Tell whether a value is a short text that every encoding can carry (CEL takes no half surrogate pairs)."""
    return (
        isinstance(value, str)
        and len(value) <= TEXT_LIMIT
        and (value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value))
    )


def is_day(value: object) -> bool:
    if value == "":
        return True
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def flat(known: Mapping[str, object]) -> dict[str, object]:
    """Return a checked environment under the names that conditions use: ``request.purpose``, ``claims``, ``pii``."""
    values: dict[str, object] = {name: known[name] for name in ("claims", "entities", "pii")}
    for name in MAPS:
        given = known[name]
        if isinstance(given, Mapping):
            values |= {f"{name}.{key}": value for key, value in given.items()}
    return values
