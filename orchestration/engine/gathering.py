"""PROCESSING, first half: passages sent with the request, of the corpus, and of READ_ONLY tools."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from audit.actors import SYSTEM, Actor, ActorKind
from audit.canonical import JSON
from audit.events import EventType
from audit.fields import seal_text
from audit.ids import new_id
from evidence import claims, corpus, passages, ranking
from evidence import records as evidence_records
from evidence.documents import jsonleaves
from evidence.passages import DocumentError, Passage
from evidence.vectors import Vectors
from guardians import provenance
from guardians.callrisk import Context
from guardians.guardian import Ballot, Material, Part, Piece
from guardians.privacy import Privacy
from guardians.redaction import mask
from guardians.toolrisk import ArgumentError, Tier, check_arguments
from orchestration import planning, registry
from orchestration.engine.bench import Bench, State
from orchestration.engine.tools import Fault, Result, ServerAddress, ToolBridge, ToolFailure, Transport
from orchestration.engine.watch import BrokenOff, Watch
from orchestration.models import Tool, ToolCall, ToolServer
from orchestration.states import Kind

logger = logging.getLogger(__name__)

PASSAGES = 40
RESULT_LIMIT = 200_000


def address_of(server: ToolServer) -> ServerAddress:
    return ServerAddress(
        name=f"{server.workspace_id}/{server.name}",
        transport=Transport(server.transport),
        command=tuple(server.command),
        url=server.url,
        environment=dict(server.environment),
        timeout_s=float(server.timeout_seconds),
    )


def gather(bench: Bench) -> State:
    """Return the passages this run may be judged by, best first: sent with it, from tools, from the corpus."""
    request = bench.request
    question = masked(bench, request.question)
    seal_text(bench.journal.key, bench.journal.run, "question_sealed", question)
    bench.journal.set(question_sealed=bench.journal.run.question_sealed)
    tools = current_tools(bench)
    found: list[Passage] = list(inline(bench))
    parts: dict[str, Part] = {}
    for call in planning.plan(question, {name: tool.input_schema for name, tool in tools.items()}):
        answered = call_tool(bench, tools[call.tool], call.tool, call.arguments)
        if answered is not None:
            returned = list(result_passages(bench, call.tool, answered))
            parts |= dict.fromkeys((passage.id for passage in returned), Part.TOOL_RESULT)
            found += returned
    for passage in found:
        bench.journal.add(evidence_records.run_passage(bench.journal.run.pk, passage, key=bench.journal.key))
    texts = wanted_texts(bench, question)
    found += corpus.candidates(bench.journal.run.workspace_id, texts)
    return {
        "question": question,
        "passages": [as_json(p, part=parts.get(p.id, Part.DOCUMENT)) for p in best(texts, found, bench.parts.vectors)],
        "revision": 0,
    }


def wanted_texts(bench: Bench, question: str) -> list[str]:
    """Return the texts to find evidence for: each statement of a finished answer, or the question."""
    if bench.request.kind is Kind.VERIFY:
        return [statement.text for statement in claims.split(bench.request.answer)] or [bench.request.answer]
    return [question]


def best(texts: Sequence[str], found: Sequence[Passage], vectors: Vectors | None = None) -> list[Passage]:
    """Return the passages that any of the texts ranks high, each once, at most ``PASSAGES`` and 8 a text."""
    share = max(8, PASSAGES // max(1, len(texts)))
    chosen: dict[str, Passage] = {}
    index = ranking.index(found, vectors=vectors)
    for text in texts:
        for ranked in index.rank(text, limit=share):
            chosen.setdefault(ranked.passage.id, ranked.passage)
    return list(chosen.values())[: max(PASSAGES, share * len(texts))]


def masked(bench: Bench, text: str) -> str:
    """Return the text without what Privacy finds in it: this is what tools and models are asked.

    Where Privacy does not say what it finds, nothing of the text is left.
    """
    if not text:
        return ""
    material = Material((Piece(Part.REQUEST, "request", text),), {}, bench.request.stakes, bench.parts.policy_hash)
    vote = bench.parts.panel.one(Privacy.name, material)
    if vote.ballot is Ballot.ABSTAIN:
        return ""
    return mask(text, vote.findings, key=bench.journal.key.key, policy=bench.parts.masking).text


def inline(bench: Bench) -> Iterator[Passage]:
    for sent in bench.request.passages:
        for cut in passages.cut(sent.text):
            yield of_run(bench, sent.source, cut.text, trusted=True, title=sent.title)


def current_tools(bench: Bench) -> dict[str, Tool]:
    """Return the READ_ONLY tools that may be used now, after comparing each server's offer with what was approved."""
    workspace = bench.journal.run.workspace_id
    for server in filter(attrgetter("enabled"), registry.servers_of(workspace)):
        check_server(server, bench.parts.bridge, bench.watch)
    tools = registry.tools_of(workspace)
    return {n: t for n, t in tools.items() if registry.usable(t) and registry.tier_of(t) is Tier.READ_ONLY}


def check_server(server: ToolServer, bridge: ToolBridge, watch: Watch) -> None:
    """Compare a server's tools with what is on record. A server that is away is left out by its own calls.

    Raises:
        BrokenOff, Overdue: as Watch.seconds says, or whoever may stop the slice did.
    """
    actor = Actor(ActorKind.SYSTEM, SYSTEM.id, server.workspace_id)
    address = address_of(server)
    try:
        definitions = bridge.discover(address, timeout_s=watch.seconds(address.timeout_s), stopped=watch.stopped)
    except ToolFailure as failure:
        if failure.fault is Fault.STOPPED:
            raise BrokenOff("a listing of tools was broken off") from failure
        logger.warning("tool server not reached", extra={"server": server.name, "fault": failure.fault.value})
        return
    registry.record_definitions(server.pk, definitions, actor=actor)


def call_tool(bench: Bench, tool: Tool, name: str, arguments: Mapping[str, JSON]) -> Result | None:
    """Call a READ_ONLY tool and record the call; None when it failed.

    Raises:
        BrokenOff, Overdue: as check_server does; whoever takes up the run calls the tool again.
    """
    row = ToolCall(id=new_id(), run_id=bench.journal.run.pk, tool_id=tool.pk, definition_hash=tool.definition_hash)
    seal_text(bench.journal.key, row, "arguments_sealed", json.dumps(dict(arguments)))
    result: Result | None = None
    try:
        check_arguments(tool.input_schema, arguments)
        address = address_of(tool.server)
        result = bench.parts.bridge.call(
            address,
            tool.name,
            arguments,
            timeout_s=bench.watch.seconds(address.timeout_s),
            stopped=bench.watch.stopped,
        )
    except ToolFailure as failure:
        if failure.fault is Fault.STOPPED:
            raise BrokenOff(f"a call of {name} was broken off") from failure
        row.fault = failure.fault.value[:12]
    except ArgumentError:
        row.fault = "ARGUMENTS"
    if result is not None:
        row.elapsed_us = result.elapsed_us
        seal_text(bench.journal.key, row, "result_sealed", result.text)
    bench.journal.add(row)
    bench.journal.enter(EventType.TOOL_CALLED, tool=name, definition=tool.definition_hash, fault=row.fault)
    return result


def of_run(bench: Bench, source: str, text: str, *, trusted: bool, title: str) -> Passage:
    """Return a passage that belongs to this run alone: its hash is one that only the run's key can make."""
    return Passage(str(new_id()), source, text, bench.journal.commitment(text), trusted=trusted, title=title)


def result_passages(bench: Bench, tool: str, result: Result) -> Iterator[Passage]:
    """Cut a tool's result into passages; a list of {source, title, text} keeps its own sources."""
    items = structured_items(result)
    if not items:
        items = [{"source": tool, "title": tool, "text": readable(result.text)}]
    for item in items:
        for cut in passages.cut(item["text"][:RESULT_LIMIT]):
            yield of_run(bench, item["source"], cut.text, trusted=False, title=item["title"])


def readable(text: str) -> str:
    """Return a tool's JSON as lines that can be evidence, each value under its name; any other text as it is."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return jsonleaves.text_of(text[:RESULT_LIMIT])
    except DocumentError:
        return text


def structured_items(result: Result) -> list[dict[str, str]]:
    value: Any = result.structured
    if isinstance(value, Mapping):
        value = value.get("result", value.get("passages"))
    if not isinstance(value, list):
        return []
    wanted = ("source", "title", "text")
    return [
        {name: str(item[name]).replace("\0", " ") for name in wanted}  # PostgreSQL's texts hold no NUL
        for item in value
        if isinstance(item, Mapping) and all(isinstance(item.get(name), str) for name in wanted)
    ]


def as_json(passage: Passage, *, part: Part) -> dict[str, Any]:
    return {
        "id": passage.id,
        "source": passage.source,
        "title": passage.title,
        "text": passage.text,
        "sha256": passage.sha256,
        "trusted": passage.trusted,
        "weight": passage.weight,
        "host": passage.host,
        "original": passage.original,
        "part": part.value,
    }


def context_of(bench: Bench, state: State) -> Context:
    """Return what the run was asked and what it has read since, each text with its label."""
    read = [
        (provenance.tool(document["source"]), document["text"])
        for document in state["passages"]
        if document["part"] == Part.TOOL_RESULT or not document["trusted"]
    ]
    return Context.of(bench.request.question, read, in_request=True)


def from_json(document: Mapping[str, Any]) -> Passage:
    return Passage(**{name: value for name, value in document.items() if name != "part"})
