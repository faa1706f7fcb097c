"""What a client asks for: checked, bounded, and in one canonical form."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit import canonical
from audit.canonical import JSON
from audit.errors import Invalid
from audit.stakes import Stakes
from guardians.facts import FactError, check_request
from orchestration.states import Kind

QUESTION_LIMIT = 8_000
ANSWER_LIMIT = 100_000
PASSAGES_LIMIT = 200
PASSAGE_LIMIT = 200_000
TOTAL_LIMIT = 2_000_000
DEADLINE_LIMIT = 30 * 24 * 3600
ACTIONS_LIMIT = 10
ARGUMENTS_LIMIT = 20_000
NAME_LIMIT = 200

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
SURROGATE = re.compile("[\ud800-\udfff]")


class RequestError(Invalid):
    """A field that cannot be taken. ``field`` names it; the message says value, limit and cure."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field = SURROGATE.sub("?", field_name)


def clean(text: object, name: str, *, limit: int, required: bool = True) -> str:
    """Return the text with its ends stripped.

    Raises:
        RequestError: it is not a text, empty, longer than ``limit`` characters, or holds control characters.
    """
    if not isinstance(text, str):
        raise RequestError(name, f"{name} is {type(text).__name__}; send a text")
    if len(text) > limit:
        raise RequestError(name, f"{name} has {len(text)} characters; at most {limit} are taken: shorten or split it")
    if found := CONTROL.search(text):
        code = ord(found.group())
        raise RequestError(name, f"{name} holds control character U+{code:04X} at {found.start()}; remove it")
    if found := SURROGATE.search(text):
        raise RequestError(name, f"{name} holds half a surrogate pair at {found.start()}; send valid UTF-8")
    if required and not text.strip():
        raise RequestError(name, f"{name} is empty; send a text")
    return text.strip()


@dataclass(frozen=True, slots=True)
class InlinePassage:
    source: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ProposedAction:
    """A tool call with an effect that the client asks for: ``server/tool`` and its arguments."""

    tool: str
    arguments: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Request:
    """A question, or an answer to verify, with what it may be judged by and what it may lead to."""

    kind: Kind
    stakes: Stakes
    question: str = ""
    answer: str = ""
    passages: tuple[InlinePassage, ...] = ()
    actions: tuple[ProposedAction, ...] = ()
    facts: Mapping[str, JSON] = field(default_factory=dict)
    subject: str = ""
    deadline_seconds: int = 0  # 0: what the site gives a run

    def document(self) -> dict[str, JSON]:
        """Return the canonical form: what is sealed, and what an idempotency key is bound to."""
        return {
            "kind": self.kind.value,
            "stakes": self.stakes.value,
            "question": self.question,
            "answer": self.answer,
            "passages": [{"source": p.source, "title": p.title, "text": p.text} for p in self.passages],
            "actions": [{"tool": a.tool, "arguments": dict(a.arguments)} for a in self.actions],
            "facts": dict(self.facts),
            "subject": self.subject,
            # Left out where it is not asked for: the hashes of requests that are on record stay as they are.
            **({"deadline_seconds": self.deadline_seconds} if self.deadline_seconds else {}),
        }


FIELDS = frozenset({"question", "answer", "stakes", "passages", "actions", "facts", "subject", "deadline_seconds"})


def parse(document: object, *, kind: Kind) -> Request:
    """Return the request in a JSON document.

    Raises:
        RequestError: something in it cannot be taken.
    """
    if not isinstance(document, Mapping):
        raise RequestError("body", f"the body is {type(document).__name__}; send a JSON object")
    unknown = sorted(str(name) for name in document if name not in FIELDS)
    if unknown:
        raise RequestError(
            unknown[0][:60], f"{unknown[0][:60]!r} is not a field; known are {', '.join(sorted(FIELDS))}"
        )
    verify = kind is Kind.VERIFY
    request = Request(
        kind=kind,
        stakes=stakes_of(document.get("stakes", "MEDIUM")),
        question=clean(document.get("question", ""), "question", limit=QUESTION_LIMIT, required=not verify),
        answer=clean(document.get("answer", ""), "answer", limit=ANSWER_LIMIT, required=verify),
        passages=inline_passages(document.get("passages", [])),
        actions=actions_of(document.get("actions", [])),
        facts=facts_of(document.get("facts", {})),
        subject=clean(document.get("subject", ""), "subject", limit=NAME_LIMIT, required=False),
        deadline_seconds=deadline_of(document.get("deadline_seconds", 0)),
    )
    if request.answer and not verify:
        raise RequestError("answer", "a question brings no answer; to judge a finished one, post to /api/v1/verify")
    return request


def stakes_of(value: object) -> Stakes:
    if not isinstance(value, str) or value not in set(Stakes):
        raise RequestError("stakes", f"stakes is {str(value)[:40]!r}; use LOW, MEDIUM or HIGH")
    return Stakes(value)


def deadline_of(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= DEADLINE_LIMIT:
        shown = str(value)[:20] if isinstance(value, int | float) else type(value).__name__
        raise RequestError(
            "deadline_seconds",
            f"deadline_seconds is {shown}; send whole seconds up to {DEADLINE_LIMIT}, or 0 for the site's own",
        )
    return value


def items_of(value: object, name: str, *, limit: int) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise RequestError(name, f"{name} must be a list of objects")
    if len(value) > limit:
        raise RequestError(name, f"{name} has {len(value)} items; at most {limit} are taken")
    return value


def only(item: Mapping[str, Any], name: str, known: set[str]) -> None:
    unknown = sorted(set(map(str, item)) - known)
    if unknown:
        raise RequestError(name, f"{name} has the unknown field {unknown[0][:60]!r}; known are {sorted(known)}")


def inline_passages(value: object) -> tuple[InlinePassage, ...]:
    passages = []
    for position, item in enumerate(items_of(value, "passages", limit=PASSAGES_LIMIT)):
        name = f"passages[{position}]"
        only(item, name, {"source", "title", "text"})
        source = clean(item.get("source", ""), f"{name}.source", limit=NAME_LIMIT)
        title = clean(item.get("title", ""), f"{name}.title", limit=NAME_LIMIT, required=False)
        text = clean(item.get("text", ""), f"{name}.text", limit=PASSAGE_LIMIT)
        passages.append(InlinePassage(source, title or source, text))
    total = sum(len(passage.text) for passage in passages)
    if total > TOTAL_LIMIT:
        raise RequestError("passages", f"passages have {total} characters together; at most {TOTAL_LIMIT} are taken")
    return tuple(passages)


def actions_of(value: object) -> tuple[ProposedAction, ...]:
    actions = []
    for position, item in enumerate(items_of(value, "actions", limit=ACTIONS_LIMIT)):
        name = f"actions[{position}]"
        only(item, name, {"tool", "arguments"})
        tool = clean(item.get("tool", ""), f"{name}.tool", limit=NAME_LIMIT)
        arguments = item.get("arguments", {})
        actions.append(ProposedAction(tool, bounded(arguments, f"{name}.arguments")))
    return tuple(actions)


def bounded(value: object, name: str) -> Mapping[str, JSON]:
    """Return a JSON object that fits the canonical profile and ``ARGUMENTS_LIMIT`` bytes."""
    if not isinstance(value, Mapping):
        raise RequestError(name, f"{name} is {type(value).__name__}; send a JSON object")
    try:
        size = len(canonical.encode(dict(value)))
    except canonical.CanonicalError as error:
        raise RequestError(name, f"{name} cannot be recorded: {str(error)[:300]}") from error
    if size > ARGUMENTS_LIMIT:
        raise RequestError(name, f"{name} has {size} bytes; at most {ARGUMENTS_LIMIT} are taken")
    return dict(value)


def facts_of(value: object) -> Mapping[str, JSON]:
    """Return what a client states for the policy packs; a name or value that they would refuse is refused at once."""
    stated = bounded(value, "facts")
    try:
        check_request(stated)
    except FactError as error:
        raise RequestError("facts", f"facts: {error}") from error
    return stated
