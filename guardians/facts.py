"""What the policy packs may ask about a run: every fact by name, its shape, its value when nobody stated it.

A fact that a rule names and nobody supplies must not read as "no" by accident, and a misspelt one must not read as
"not stated". So the whole environment is declared here: ``facts`` fills it, ``problems`` refuses what does not fit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, assert_never

TEXT_LIMIT = 200
ITEMS_LIMIT = 1_000
# Conditions iterate over claims; the evaluator stops at some 10,000 steps.
CLAIMS_LIMIT = 2_000
TOOLS_LIMIT = 20


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


def texts(says: str, *choices: str, strict: tuple[str, ...] | None = None) -> Fact:
    return Fact(says, Shape.TEXTS, (), strict=strict, choices=frozenset(choices))


PROHIBITED = (
    *("social_scoring", "predictive_policing_profile", "emotion_recognition_work", "emotion_recognition_school"),
    *("biometric_categorisation_sensitive", "untargeted_face_scraping", "subliminal_manipulation"),
)
HIGH_RISK = (
    *("remote_biometric_id", "biometric_categorisation", "emotion_recognition", "critical_infrastructure"),
    *("education_admission", "education_assessment", "education_level", "exam_proctoring"),
    *("recruitment", "worker_management", "public_benefits", "creditworthiness", "insurance_pricing"),
    *("emergency_dispatch", "law_enforcement", "migration_border", "justice", "elections"),
)
# What the arguments of a call decide (``guardians.argumentroles.Role``).
ROLES = ("recipient", "url", "account", "path", "command", "amount", "free_text")
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
    "use_case": text(
        "what the answer is used for, in the words of Regulation (EU) 2024/1689 Art. 5 and Annex III; '' = not stated",
        *PROHIBITED,
        *HIGH_RISK,
        "other",
    ),
    "need_to_see_pan": flag("whoever reads the answer has a business need to see full card numbers"),
}
# About the person whose data this is: the client or the records of this system.
SUBJECT = {
    "age": count("in years; 0 = unknown"),
    "collected_purposes": texts("purposes the data was collected for"),
    "erasure_requested": flag("an erasure request of this person is open"),
    "opted_out": flag("this person opted out of sale and sharing"),
    "gpc": flag("this person's browser sends the Global Privacy Control"),
    "opted_in": flag("this person, or for a child under 13 a parent, opted in to sale or sharing"),
    "limit_sensitive": flag("this person limited the use of their sensitive data"),
}
# About a tool that an action wants to call. No tool: the defaults. A tool: what is not said counts as the worst.
TOOL = {
    "risk": count("tier, 0 READ_ONLY to 4 PRIVILEGE", strict=3),
    "external": flag("its server is run by somebody else", strict=True),
    "region": text("where it processes data: a name in the list ADEQUATE, or any other"),
    "safeguards": flag("standard contractual clauses or binding corporate rules cover the transfer"),
    "purpose": text(
        "what the data is sent for; '' = not stated",
        *("treatment", "patient_request", "required_by_law", "deidentified_release"),
        *("sale", "share", "cross_context_ads", "service", "other"),
    ),
    "baa": flag("a business associate agreement with its operator is in force"),
    "args_tainted": flag(
        "what decides where its effect goes, or what it takes, stems from a document or a tool's result",
        strict=True,
    ),
    "arg_roles": texts("what the arguments decide", *ROLES, strict=ROLES),
    "schema_changed": flag("its definition differs from the approved one"),
    "writes": flag("it keeps what it is sent", strict=True),
    "encrypted": flag("it encrypts what it keeps and sends"),
    "channel": text("how it delivers what it is sent", "email", "sms", "chat", "api", "other"),
}
# An operator states these of a tool server. Of the others, CALL are read from the call, the rest is known of the tool.
CALL = ("args_tainted", "arg_roles")
SERVER = {name: TOOL[name] for name in ("external", "region", "safeguards", "purpose", "baa", "encrypted", "channel")}
OUTPUT = {
    "disclaimer": flag("the answer says that it is no substitute for professional advice"),
    "retail": flag("the answer goes to retail investors"),
    "channel": Fact(
        "where the answer is shown; not stated, it counts as shown on a screen",
        Shape.TEXT,
        "screen",
        choices=frozenset({"screen", "report", "chat", "email", "sms", "api"}),
    ),
    "to_natural_person": flag("the answer goes to a natural person directly"),
    "ai_disclosed": flag("that person is told that they deal with an AI system"),
}
# About the run. What stands in STATED a client may say; the rest is this system's own knowledge.
RUN = {
    "human_review": flag("a person decided or will decide"),
    "distinct_reviewers": count("how many distinct people decide"),
    "audit_enabled": flag("every step is kept in the ledger"),
    "legal_or_similar_effect": flag("the decision has legal or similarly significant effects on a person"),
    "decision_domain": text(
        "what is decided on",
        "credit",
        "financial",
        "employment",
        "housing",
        "education",
        "healthcare",
        "insurance",
        "other",
    ),
    "outcome": text("for the person concerned", "adverse", "favourable"),
    "reasons": texts("reasons given to the person concerned"),
    "principal_approved": flag("a registered principal approved the communication"),
}
STATED = frozenset({"legal_or_similar_effect", "decision_domain", "outcome", "reasons", "principal_approved"})
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
# What a client may state beside the facts of its request, under the map's name.
CLIENT: Mapping[str, Mapping[str, Fact]] = MappingProxyType(
    {"subject": SUBJECT, "output": OUTPUT, "run": {name: fact for name, fact in RUN.items() if name in STATED}}
)
NAMES = frozenset({"request", "subject", "output", "run", "tools", "claims", "entities", "pii", "on"})
ENTITIES = texts("kinds of sensitive data that the Privacy guardian found, such as EMAIL")
# Secrets of systems, not data about people.
NOT_PERSONAL = frozenset({"SECRET", "API_KEY", "PRIVATE_KEY", "JWT"})
# What the packs ask for and Privacy does not find, since it has no shape: guardians of other packages supply it.
DECLARED = frozenset(
    {"BIOMETRIC", "CRIMINAL_RECORD", "ETHNICITY", "GENETIC", "HEALTH", "PIN_BLOCK", "POLITICS", "PSYCHOTHERAPY_NOTE"}
    | {"RELIGION", "SEX_LIFE", "UNION"}
)


def facts(
    *,
    request: Mapping[str, object] | None = None,
    subject: Mapping[str, object] | None = None,
    output: Mapping[str, object] | None = None,
    run: Mapping[str, object] | None = None,
    tools: Sequence[Mapping[str, object]] = (),
    claims: Sequence[Mapping[str, object]] = (),
    entities: Iterable[str] = (),
    on: date | None = None,
) -> dict[str, object]:
    """Return the complete environment: what is stated, over the declared defaults.

    Nothing is checked here, so that what does not fit reaches the packs and is refused there, with a record.

    Args:
        request: stated by the client, see ``REQUEST``. The other maps likewise.
        tools: one map for each tool that an action wants to call, see ``TOOL``. The rules are asked for each.
        claims: one map for each claim, see ``CLAIM``.
        entities: kinds of sensitive data found in request and answer. A kind nobody knows counts as personal.
        on: the day for which the rules are asked; without one, every rule counts as in force.
    """
    stated = {"request": request, "subject": subject, "output": output, "run": run}
    kinds = sorted(set(entities))
    known: dict[str, object] = {name: filled(MAPS[name], given or {}) for name, given in stated.items()}
    known["tools"] = [filled(TOOL, tool, there=True) for tool in tools]
    known["claims"] = [filled(CLAIM, claim) for claim in claims]
    known["entities"] = kinds
    known["pii"] = any(kind not in NOT_PERSONAL for kind in kinds)
    known["on"] = on.isoformat() if on else ""
    return known


def completed(known: Mapping[str, object], *, on: date) -> dict[str, object]:
    """Return facts that were kept, for another day: those that were declared since have their defaults."""
    given: dict[str, Any] = {name: value for name, value in known.items() if name in NAMES - {"pii", "on"}}
    return facts(**given, on=on)


NO_TOOL: Mapping[str, object] = MappingProxyType(
    {name: list(fact.default) if isinstance(fact.default, tuple) else fact.default for name, fact in TOOL.items()}
)


def filled(declared: Mapping[str, Fact], given: Mapping[str, object], *, there: bool = False) -> dict[str, object]:
    values = {name: unstated(fact, strict=there) for name, fact in declared.items()}
    return {**values, **given}


def unstated(fact: Fact, *, strict: bool) -> object:
    value = fact.strict if strict and fact.strict is not None else fact.default
    return list(value) if isinstance(value, tuple) else value


def sections(stated: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """Return what a client states, by map: facts of its request stand at the top, others under their map's name.

    Raises:
        FactError: what stands under a map's name is no map.
    """
    for name in CLIENT:
        if not isinstance(stated.get(name, {}), Mapping):
            raise FactError(f"{name} is no map; write its facts as one, such as {min(CLIENT[name])}")
    found = {name: value for name in CLIENT if isinstance(value := stated.get(name, {}), Mapping)}
    return {"request": {name: value for name, value in stated.items() if name not in CLIENT}, **found}


def check_request(stated: Mapping[str, object]) -> None:
    """Refuse facts of a client that the packs would refuse later.

    Raises:
        FactError: a name is unknown, or a value has another shape or is none of its choices.
    """
    given = sections(stated)
    declared = {"request": REQUEST, **CLIENT}
    found = (map_problems(name, declared[name], given[name], complete=False) for name in declared)
    problem = next((problem for problems_of_map in found for problem in problems_of_map), None)
    if problem:
        raise FactError(problem)


def check_server(stated: object) -> None:
    """Refuse what an operator states of a tool server, when it is none of the facts of ``SERVER``.

    Raises:
        FactError: as ``check_request`` does.
    """
    problem = next(map_problems("tool", SERVER, stated, complete=False), None)
    if problem:
        raise FactError(problem)


def problems(known: Mapping[str, object]) -> Iterator[str]:
    """Yield what keeps the environment from being judged: what is missing, unknown or misshapen, and the cure.

    No value is quoted: it may be personal.
    """
    extra = sorted(set(map(str, known)) - NAMES)
    yield from (f"{name[:60]} is not a fact; known are {', '.join(sorted(NAMES))}" for name in extra)
    for name, declared in MAPS.items():
        if declared is not TOOL:
            yield from map_problems(name, declared, known.get(name))
    yield from list_problems("tools", TOOL, known.get("tools"), limit=TOOLS_LIMIT)
    yield from list_problems("claims", CLAIM, known.get("claims"), limit=CLAIMS_LIMIT)
    yield from value_problems("entities", ENTITIES, known.get("entities"))
    if not isinstance(known.get("pii"), bool):
        yield "pii is not true or false; build the facts with guardians.facts.facts"
    if not is_day(known.get("on")):
        yield "on is neither empty nor a date like 2026-01-31; build the facts with guardians.facts.facts"


def map_problems(name: str, declared: Mapping[str, Fact], given: object, *, complete: bool = True) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield f"{name} is missing or no map; build the facts with guardians.facts.facts"
        return
    unknown = () if given.keys() == declared.keys() else sorted(set(map(str, given)) - set(declared))
    for key in unknown:
        yield f"{name}.{key[:60]} is not a fact; known are {', '.join(sorted(declared))}"
    for key, fact in declared.items():
        if key in given:
            yield from value_problems(f"{name}.{key}", fact, given[key])
        elif complete:
            yield f"{name}.{key} is missing; it is {fact.shape.value}"


def list_problems(name: str, declared: Mapping[str, Fact], given: object, *, limit: int) -> Iterator[str]:
    if not isinstance(given, Sequence) or len(given) > limit:
        yield f"{name} is no list of at most {limit} maps; build the facts with guardians.facts.facts"
        return
    for position, item in enumerate(given):
        yield from map_problems(f"{name}[{position}]", declared, item)


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


def flat(known: Mapping[str, object]) -> list[dict[str, object]]:
    """Return a checked environment under the names that conditions use: ``request.purpose``, ``claims``, ``pii``.

    There is one for each tool, and one without a tool where none is called.
    """
    values: dict[str, object] = {name: known[name] for name in ("claims", "entities", "pii")}
    for name in MAPS:
        values |= named(name, known.get(name))
    tools = known.get("tools")
    called = tools if isinstance(tools, Sequence) and tools else [NO_TOOL]
    return [values | named("tool", tool) for tool in called]


def named(name: str, given: object) -> dict[str, object]:
    return {f"{name}.{key}": value for key, value in given.items()} if isinstance(given, Mapping) else {}
