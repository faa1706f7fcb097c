"""A tool may be used only as a person approved it."""

from dataclasses import replace
from typing import Any

import pytest
from auditlog.models import LogEntry
from mcp_types import Tool as McpTool

from audit.canonical import parse
from audit.errors import Conflict, Invalid, NotAllowed, NotFound
from audit.ids import new_id
from audit.models import Entry
from guardians.toolrisk import Tier
from orchestration import registry
from orchestration.compensation import CompensationError
from orchestration.engine.toolcalls import Definition, ServerAddress, ToolFailure, Transport
from orchestration.engine.tools import definitions_of
from orchestration.models import Tool, ToolServer
from orchestration.registry import Drift, ToolChanged
from orchestration.states import ToolState
from tests.conftest import Person
from tests.orchestration.rows import server, tool

SEARCH = Definition("search", "Search", "Finds.", {"type": "object"}, {}, {"readOnlyHint": True})
FILE = Definition("file", "File", "Files.", {"type": "object"}, {}, {"readOnlyHint": False})


def discover(desk: ToolServer, who: Person, *definitions: Definition) -> Drift:
    return registry.record_definitions(desk.pk, definitions, actor=who.actor)


def known(desk: ToolServer, name: str = "search") -> Tool:
    return desk.tools.select_related("server").get(name=name)


def approved(desk: ToolServer, who: Person) -> Tool:
    discover(desk, who, SEARCH)
    return registry.approve_tool(known(desk).pk, tier=Tier.READ_ONLY, seen=SEARCH.hash, actor=who.actor)


def said(who: Person) -> list[tuple[str, Any]]:
    rows = Entry.objects.filter(chain=f"tools:{who.actor.workspace}").order_by("seq")
    return [(row.type, parse(bytes(row.body))["data"]) for row in rows]


@pytest.fixture
def desk(ada: Person) -> ToolServer:
    return server(ada.user.memberships.get().workspace)


def test_a_new_tool_waits_for_a_person(desk: ToolServer, ada: Person) -> None:
    assert discover(desk, ada, SEARCH, FILE) == Drift(new=("search", "file"), changed=(), gone=())
    assert known(desk).state == ToolState.QUARANTINED
    assert not registry.usable(known(desk))


def test_an_approved_tool_may_be_used(desk: ToolServer, ada: Person) -> None:
    assert registry.usable(approved(desk, ada))


def test_the_same_offer_again_changes_nothing(desk: ToolServer, ada: Person) -> None:
    approved(desk, ada)
    before = len(said(ada))
    assert discover(desk, ada, SEARCH) == Drift((), (), ())
    assert registry.usable(known(desk))
    assert len(said(ada)) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"description": "Finds, and forgets what it was told."},
        {"input_schema": {"type": "object", "required": ["to"]}},
        {"output_schema": {"type": "object"}},
        {"annotations": {"readOnlyHint": False}},
    ],
)
def test_a_changed_definition_is_quarantined(desk: ToolServer, ada: Person, changed: dict[str, Any]) -> None:
    approved(desk, ada)
    assert discover(desk, ada, replace(SEARCH, **changed)).changed == ("search",)
    assert not registry.usable(known(desk))
    assert said(ada)[-1][0] == "tool.quarantined"


def test_a_changed_title_is_no_change(desk: ToolServer, ada: Person) -> None:
    approved(desk, ada)
    assert discover(desk, ada, replace(SEARCH, title="Find")) == Drift((), (), ())


def test_a_definition_changed_back_still_waits_for_a_person(desk: ToolServer, ada: Person) -> None:
    approved(desk, ada)
    discover(desk, ada, replace(SEARCH, description="Other."))
    discover(desk, ada, SEARCH)
    assert not registry.usable(known(desk))


def test_a_tool_that_is_gone_is_retired(desk: ToolServer, ada: Person) -> None:
    approved(desk, ada)
    assert discover(desk, ada).gone == ("search",)
    assert not registry.usable(known(desk))
    assert discover(desk, ada) == Drift((), (), ())


def test_a_tool_that_is_back_as_it_was_approved_may_be_used(desk: ToolServer, ada: Person) -> None:
    approved(desk, ada)
    discover(desk, ada)
    assert discover(desk, ada, SEARCH).new == ("search",)
    assert registry.usable(known(desk))


def test_a_tool_that_is_back_but_was_never_approved_waits(desk: ToolServer, ada: Person) -> None:
    discover(desk, ada, SEARCH)
    discover(desk, ada)
    discover(desk, ada, SEARCH)
    assert known(desk).state == ToolState.QUARANTINED


def test_a_tool_that_is_back_and_changed_is_quarantined(desk: ToolServer, ada: Person) -> None:
    approved(desk, ada)
    discover(desk, ada)
    discover(desk, ada, replace(SEARCH, description="Other."))
    assert known(desk).state == ToolState.QUARANTINED


def test_a_retired_tool_cannot_be_approved(desk: ToolServer, ada: Person) -> None:
    discover(desk, ada, SEARCH)
    discover(desk, ada)
    with pytest.raises(Conflict, match="no longer offered"):
        registry.approve_tool(known(desk).pk, tier=Tier.READ_ONLY, seen=SEARCH.hash, actor=ada.actor)


def test_a_definition_that_changed_since_it_was_seen_is_not_approved(desk: ToolServer, ada: Person) -> None:
    discover(desk, ada, SEARCH)
    discover(desk, ada, replace(SEARCH, description="Other."))
    with pytest.raises(ToolChanged, match="is defined otherwise now"):
        registry.approve_tool(known(desk).pk, tier=Tier.READ_ONLY, seen=SEARCH.hash, actor=ada.actor)
    assert not registry.usable(known(desk))


def compensate(desk: ToolServer, who: Person, **options: Any) -> Tool:
    """Register that filing is undone by a search, as silly as that is."""
    known_ = {"arguments": {"query": {"from": "result.id"}}, "seen": FILE.hash, "seen_by": SEARCH.hash, **options}
    return registry.register_compensation(known(desk, "file").pk, by=known(desk).pk, actor=who.actor, **known_)


@pytest.fixture
def both(desk: ToolServer, ada: Person) -> ToolServer:
    discover(desk, ada, SEARCH, FILE)
    for name, seen in (("search", SEARCH.hash), ("file", FILE.hash)):
        registry.approve_tool(known(desk, name).pk, tier=Tier.READ_ONLY, seen=seen, actor=ada.actor)
    return desk


def test_a_compensation_is_registered_and_said(both: ToolServer, ada: Person) -> None:
    compensate(both, ada)
    assert registry.compensating(known(both, "file")) == known(both)
    assert said(ada)[-1][0] == "tool.compensation"


def test_a_compensation_needs_both_definitions_as_they_were_seen(both: ToolServer, ada: Person) -> None:
    with pytest.raises(ToolChanged):
        compensate(both, ada, seen="0" * 64)
    with pytest.raises(ToolChanged):
        compensate(both, ada, seen_by="0" * 64)


def test_a_compensation_whose_tool_changed_undoes_nothing(both: ToolServer, ada: Person) -> None:
    compensate(both, ada)
    discover(both, ada, replace(SEARCH, description="Other."), FILE)
    with pytest.raises(CompensationError, match="changed since it was registered"):
        registry.compensating(known(both, "file"))


def test_a_tool_that_may_not_be_used_undoes_nothing(both: ToolServer, ada: Person) -> None:
    ToolServer.objects.update(enabled=False)
    with pytest.raises(Conflict, match="approve it first"):
        compensate(both, ada)


def test_without_a_registration_there_is_no_compensation(both: ToolServer) -> None:
    with pytest.raises(CompensationError, match="no compensation is registered"):
        registry.compensating(known(both, "file"))


def withdraw(desk: ToolServer, who: Person, **options: Any) -> Tool:
    filing = known(desk, "file")
    return registry.withdraw_compensation(
        filing.pk, **{"seen": filing.compensation_hash, "actor": who.actor, **options}
    )


def test_a_compensation_that_is_withdrawn_undoes_nothing_and_the_ledger_says_so(both: ToolServer, ada: Person) -> None:
    pin = compensate(both, ada).compensation_hash
    withdraw(both, ada)
    with pytest.raises(CompensationError, match="no compensation is registered"):
        registry.compensating(known(both, "file"))
    word = {"tool": "desk/file", "by": "desk/search", "pinned": pin}
    assert said(ada)[-1] == ("tool.compensation_withdrawn", word)


def test_a_compensation_is_withdrawn_as_it_was_seen_and_once(both: ToolServer, ada: Person) -> None:
    compensate(both, ada)
    with pytest.raises(Conflict, match="another compensation of tool desk/file is registered now"):
        withdraw(both, ada, seen="0" * 64)
    withdraw(both, ada)
    with pytest.raises(Conflict, match="there is nothing to withdraw"):
        withdraw(both, ada)


def test_what_a_vanished_tool_undoes_can_be_withdrawn(both: ToolServer, ada: Person) -> None:
    compensate(both, ada)
    discover(both, ada)
    assert withdraw(both, ada).compensated_by is None


def test_only_who_may_write_tools_withdraws_a_compensation(both: ToolServer, ada: Person, grace: Person) -> None:
    compensate(both, ada)
    with pytest.raises(NotAllowed, match="tools:write is needed"):
        withdraw(both, grace)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "arguments is list; send a JSON object"),
        ({str(n): {"from": "key"} for n in range(41)}, "arguments has 41 names; at most 40"),
        ({"query": {"from": "answer.id"}}, "is from 'answer.id'; use a path in arguments, result, key"),
        ({"query": {"value": 1.5}}, "is the float 1.5; send a text"),
    ],
)
def test_what_is_wrong_with_arguments_is_said(both: ToolServer, ada: Person, arguments: object, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        compensate(both, ada, arguments=arguments)


@pytest.mark.parametrize(
    "arguments", [{"query": "result.id"}, {"query": {"from": "answer"}}, {"query": {"value": 1, "from": "key"}}]
)
def test_arguments_that_are_no_mapping_are_refused(both: ToolServer, ada: Person, arguments: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="argument 'query'"):
        compensate(both, ada, arguments=arguments)


def test_a_server_that_is_switched_off_lends_no_tools(desk: ToolServer, ada: Person) -> None:
    approved(desk, ada)
    ToolServer.objects.update(enabled=False)
    assert not registry.usable(known(desk))


def test_an_approval_names_the_definition_and_the_tier(desk: ToolServer, ada: Person) -> None:
    approved(desk, ada)
    assert said(ada)[-1] == (
        "tool.approved",
        {"tool": "desk/search", "definition": SEARCH.hash, "tier": "READ_ONLY"},
    )


def test_a_discovery_names_what_it_found(desk: ToolServer, ada: Person) -> None:
    discover(desk, ada, SEARCH)
    assert said(ada) == [("tool.discovered", {"server": "desk", "new": ["search"], "changed": [], "gone": []})]


def test_discovering_leaves_no_trace_in_the_history_of_the_server(desk: ToolServer, ada: Person) -> None:
    before = LogEntry.objects.get_for_object(desk).count()
    discover(desk, ada)
    assert LogEntry.objects.get_for_object(desk).count() == before


def test_who_lacks_the_scope_approves_nothing(desk: ToolServer, ada: Person, grace: Person) -> None:
    discover(desk, ada, SEARCH)
    with pytest.raises(NotAllowed):
        registry.approve_tool(known(desk).pk, tier=Tier.READ_ONLY, seen=SEARCH.hash, actor=grace.actor)


def test_a_tool_of_another_workspace_is_not_there(desk: ToolServer, ada: Person, mallory: Person) -> None:
    discover(desk, ada, SEARCH)
    with pytest.raises(NotFound):
        registry.approve_tool(known(desk).pk, tier=Tier.READ_ONLY, seen=SEARCH.hash, actor=mallory.actor)
    with pytest.raises(NotFound):
        registry.approve_tool(new_id(), tier=Tier.READ_ONLY, seen=SEARCH.hash, actor=ada.actor)


def test_a_hint_raises_the_tier_and_never_lowers_it(desk: ToolServer, ada: Person) -> None:
    discover(desk, ada, FILE, replace(SEARCH, annotations={"readOnlyHint": True}))
    for name in ("file", "search"):
        seen = known(desk, name).definition_hash
        registry.approve_tool(known(desk, name).pk, tier=Tier.READ_ONLY, seen=seen, actor=ada.actor)
    assert registry.tier_of(known(desk, "file")) > Tier.READ_ONLY
    registry.approve_tool(known(desk).pk, tier=Tier.MODIFY, seen=known(desk).definition_hash, actor=ada.actor)
    assert registry.tier_of(known(desk)) is Tier.MODIFY


def test_an_unclassified_tool_counts_as_deleting(desk: ToolServer, ada: Person) -> None:
    discover(desk, ada, SEARCH)
    assert registry.tier_of(known(desk)) is Tier.DELETE


def test_tools_are_named_by_server_and_name_in_their_workspace_only(ada: Person, mallory: Person) -> None:
    tool(ada.user.memberships.get().workspace)
    tool(mallory.user.memberships.first().workspace, "other")  # type: ignore[union-attr]
    assert ada.actor.workspace is not None
    assert list(registry.tools_of(ada.actor.workspace)) == ["desk/search_corpus"]


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "x" * 121},
        {"name": "a\x00"},
        {"description": "a\x00"},
        {"input_schema": {"type": "object", "title": "\x00"}},
    ],
)
def test_a_definition_that_the_database_cannot_hold_is_junk(changed: dict[str, Any]) -> None:
    offered = McpTool(**{"name": "search", "input_schema": {"type": "object"}, **changed})
    address = ServerAddress("desk", Transport.HTTP, url="http://127.0.0.1:1/mcp")
    with pytest.raises(ToolFailure, match="JUNK: desk: a tool's name is over 120 characters, or"):
        definitions_of(address, [offered])
