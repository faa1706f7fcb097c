"""The bridge to tool servers, against real processes and real HTTP that misbehave."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from guardians.toolrisk import definition_hash
from orchestration.engine.tools import Definition, Fault, ServerAddress, ToolBridge, ToolFailure, Transport
from tests.orchestration.faulty_site import Server, Site, serving

FAULTY = Path(__file__).with_name("faulty_server.py")


@pytest.fixture
def bridge() -> Iterator[ToolBridge]:
    with ToolBridge() as bridge:
        yield bridge


@pytest.fixture
def site() -> Iterator[Server]:
    with serving(Site) as server:
        yield server


def faulty(mode: str = "", **environment: str) -> ServerAddress:
    command = (sys.executable, "-S", str(FAULTY), mode)
    return ServerAddress("faulty", Transport.STDIO, command, environment=environment, timeout_s=5)


def at(server: Server, path: str = "/mcp") -> ServerAddress:
    return ServerAddress("site", Transport.HTTP, url=server.url + path, timeout_s=5)


def failed(bridge: ToolBridge, address: ServerAddress, tool: str, *, timeout_s: float = 5) -> ToolFailure:
    with pytest.raises(ToolFailure) as caught:
        bridge.call(address, tool, {}, timeout_s=timeout_s)
    return caught.value


def not_discovered(bridge: ToolBridge, address: ServerAddress) -> ToolFailure:
    with pytest.raises(ToolFailure) as caught:
        bridge.discover(address)
    return caught.value


def children() -> set[int]:
    """Return the processes that this one has started and not yet buried, zombies included."""
    return {
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/stat")
        if path.read_text(errors="replace").rpartition(")")[2].split()[1] == str(os.getpid())
    }


@pytest.fixture
def started() -> Callable[[], set[int]]:
    """Tell which processes a test has started, and are not buried yet."""
    before = children()
    return lambda: children() - before


def in_a_fork(work: Callable[[], object]) -> int:
    """Do something in a forked process and return its exit status."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1]


def runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


# Discovery


def test_discovery_returns_what_a_server_says_of_its_tools(bridge: ToolBridge) -> None:
    echo = bridge.discover(faulty())[0]
    assert (echo.name, echo.title, echo.description) == ("echo", "echo", "It misbehaves.")
    assert echo.input_schema["type"] == "object"


def test_a_changed_description_changes_the_hash(bridge: ToolBridge) -> None:
    before = bridge.discover(faulty())[0]
    after = bridge.discover(faulty("changed"))[0]
    assert before.hash != after.hash


def test_the_hash_is_the_guardians_hash_of_the_definition() -> None:
    definition = Definition("echo", "Echo", "Says it again.", {"type": "object"}, {}, {"readOnlyHint": True})
    expected = definition_hash("echo", "Says it again.", {"type": "object"}, {}, {"readOnlyHint": True})
    assert definition.hash == expected


def test_each_discovery_asks_the_server_itself(bridge: ToolBridge, site: Server) -> None:
    bridge.discover(at(site))
    bridge.discover(at(site))
    assert [request["method"] for _, request, _ in site.requests].count("tools/list") == 2


@pytest.mark.parametrize(
    ("mode", "fault"),
    [("twice", Fault.JUNK), ("nan", Fault.JUNK), ("many", Fault.TOO_LARGE), ("endless", Fault.TOO_LARGE)],
)
def test_a_listing_that_cannot_be_used_is_a_failure(bridge: ToolBridge, mode: str, fault: Fault) -> None:
    assert not_discovered(bridge, faulty(mode)).fault is fault


def test_a_server_that_never_answers_the_greeting_times_out_and_is_gone(
    bridge: ToolBridge, started: Callable[[], set[int]]
) -> None:
    deaf = ServerAddress("deaf", Transport.STDIO, faulty("deaf").command, timeout_s=0.5)
    failure = not_discovered(bridge, deaf)
    bridge.close()
    assert (failure.fault, failure.sent, started()) == (Fault.TIMEOUT, False, set())


def test_a_program_that_is_no_server_is_not_waited_for(bridge: ToolBridge) -> None:
    assert not_discovered(bridge, ServerAddress("true", Transport.STDIO, ("true",))).fault is Fault.DIED
    assert not_discovered(bridge, ServerAddress("echo", Transport.STDIO, ("echo", "hello"))).fault is Fault.JUNK


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        ServerAddress("x", Transport.STDIO),
        ServerAddress("x", Transport.STDIO, ("",)),
        ServerAddress("x", Transport.STDIO, ("echo", "a\0b")),
        ServerAddress("x", Transport.HTTP),
        ServerAddress("x", Transport.HTTP, url="file:///etc/passwd"),
        ServerAddress("x", Transport.HTTP, url="ftp://example.org/mcp"),
        ServerAddress("x", Transport.HTTP, url="http:///mcp"),
        ServerAddress("x", Transport.HTTP, url="http://[::1/mcp"),
        ServerAddress("x", Transport.HTTP, url="http://127.0.0.1:99999/mcp"),
        ServerAddress("x", Transport.HTTP, url="https://ada:secret@example.org/mcp"),
    ],
    ids=lambda address: " ".join(address.command) or address.url or "nothing",
)
def test_an_address_that_leads_nowhere_is_refused_without_a_try(bridge: ToolBridge, address: ServerAddress) -> None:
    failure = failed(bridge, address, "echo")
    assert (failure.fault, failure.sent) == (Fault.REFUSED, False)
    assert "secret" not in str(failure)


def test_a_program_that_does_not_exist_is_unreachable(bridge: ToolBridge) -> None:
    failure = failed(bridge, ServerAddress("x", Transport.STDIO, ("/no/such/program",)), "echo")
    assert (failure.fault, failure.sent) == (Fault.UNREACHABLE, False)
    assert "/no/such/program" in str(failure)


def test_a_refused_connection_is_unreachable(bridge: ToolBridge) -> None:
    failure = failed(bridge, ServerAddress("x", Transport.HTTP, url="http://127.0.0.1:9/mcp"), "echo")
    assert (failure.fault, failure.sent) == (Fault.UNREACHABLE, False)


def test_an_address_does_not_show_its_environment() -> None:
    assert "sesame" not in repr(faulty(TOKEN="sesame"))


# Calls over stdio


def test_arguments_and_idempotency_key_reach_the_tool(bridge: ToolBridge) -> None:
    result = bridge.call(faulty(), "echo", {"text": "hé"}, timeout_s=5, idempotency_key="key-1")
    heard = json.loads(result.text)
    assert heard["arguments"] == {"text": "hé"}
    assert heard["_meta"]["prometheus/idempotency-key"] == "key-1"
    assert result.elapsed_us > 0


def test_structured_content_comes_back_as_it_is(bridge: ToolBridge) -> None:
    assert bridge.call(faulty(), "list", {}, timeout_s=5).structured == {"items": [1, 2.5, None]}


def test_a_server_gets_its_own_environment_and_none_of_ours(
    bridge: ToolBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:secret@localhost/prometheus")
    text = bridge.call(faulty(TICKETS="here"), "environment", {}, timeout_s=5).text
    seen = json.loads(text)
    assert seen["TICKETS"] == "here"
    assert set(seen) <= {"PATH", "HOME", "LANG", "TZ", "TICKETS", "LC_CTYPE"}


@pytest.mark.parametrize(
    ("tool", "fault"),
    [
        ("die", Fault.DIED),
        ("half", Fault.DIED),
        ("junk", Fault.JUNK),
        ("deep", Fault.JUNK),
        ("flood", Fault.TOO_LARGE),
        ("large", Fault.TOO_LARGE),
        ("fail", Fault.TOOL_ERROR),
        ("error", Fault.TOOL_ERROR),
    ],
)
def test_a_call_that_goes_wrong_says_how_and_that_it_was_sent(bridge: ToolBridge, tool: str, fault: Fault) -> None:
    failure = failed(bridge, faulty(), tool)
    assert (failure.fault, failure.sent, failure.tool) == (fault, True, tool)


def test_what_a_tool_says_of_its_error_is_kept_apart_from_our_message(bridge: ToolBridge) -> None:
    failure = failed(bridge, faulty(), "fail")
    assert failure.said == "the printer is on fire"
    assert "printer" not in str(failure)


def test_a_hanging_call_ends_at_its_deadline(bridge: ToolBridge) -> None:
    started = time.monotonic()
    failure = failed(bridge, faulty(), "hang", timeout_s=0.5)
    assert (failure.fault, failure.sent) == (Fault.TIMEOUT, True)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("tool", ["die", "junk", "flood", "hang"])
def test_after_a_fault_the_next_call_gets_a_new_session(bridge: ToolBridge, tool: str) -> None:
    failed(bridge, faulty(), tool, timeout_s=0.5)
    assert json.loads(bridge.call(faulty(), "echo", {}, timeout_s=5).text)["name"] == "echo"


def test_a_tool_error_keeps_the_session(bridge: ToolBridge, started: Callable[[], set[int]]) -> None:
    bridge.call(faulty(), "echo", {}, timeout_s=5)
    before = started()
    failed(bridge, faulty(), "fail")
    bridge.call(faulty(), "echo", {}, timeout_s=5)
    assert started() == before


def test_a_server_that_was_killed_between_two_calls_is_started_again(
    bridge: ToolBridge, started: Callable[[], set[int]]
) -> None:
    bridge.call(faulty(), "echo", {}, timeout_s=5)
    os.kill(started().pop(), 9)
    time.sleep(0.2)
    assert bridge.call(faulty(), "echo", {}, timeout_s=5).text


def test_a_changed_address_gets_a_new_process(bridge: ToolBridge) -> None:
    bridge.call(faulty(A="1"), "environment", {}, timeout_s=5)
    assert json.loads(bridge.call(faulty(A="2"), "environment", {}, timeout_s=5).text)["A"] == "2"


@pytest.mark.parametrize("arguments", [{"a": float("nan")}, {"a": object()}, {"a": "x" * 1_000_001}])
def test_arguments_that_cannot_be_sent_are_refused(bridge: ToolBridge, arguments: dict[str, object]) -> None:
    with pytest.raises(ToolFailure) as caught:
        bridge.call(faulty(), "echo", arguments, timeout_s=5)
    assert (caught.value.fault, caught.value.sent) == (Fault.REFUSED, False)


# Calls over HTTP


def test_a_call_over_http_returns_its_result(bridge: ToolBridge, site: Server) -> None:
    assert bridge.call(at(site), "echo", {}, timeout_s=5).text == "here"


@pytest.mark.parametrize(
    ("tool", "fault", "sent"),
    [
        ("status_500", Fault.DIED, True),
        ("status_502", Fault.DIED, True),
        ("hangup", Fault.DIED, True),
        ("broken", Fault.DIED, True),
        ("accepted", Fault.JUNK, True),
        ("junk", Fault.JUNK, True),
        ("page", Fault.JUNK, True),
        ("packed", Fault.JUNK, True),
        ("flood", Fault.TOO_LARGE, True),
        ("error", Fault.TOOL_ERROR, True),
        ("hang", Fault.TIMEOUT, True),
        ("status_401", Fault.REFUSED, False),
        ("status_404", Fault.REFUSED, False),
    ],
)
def test_a_fault_over_http_tells_whether_the_tool_may_have_run(
    bridge: ToolBridge, site: Server, tool: str, fault: Fault, *, sent: bool
) -> None:
    failure = failed(bridge, at(site), tool, timeout_s=1 if fault is Fault.TIMEOUT else 10)
    assert (failure.fault, failure.sent) == (fault, sent)
    assert bridge.call(at(site), "echo", {}, timeout_s=5).text == "here"


def test_a_redirect_to_another_host_is_not_followed(bridge: ToolBridge, site: Server) -> None:
    failure = failed(bridge, at(site, "/away"), "echo")
    assert (failure.fault, failure.sent) == (Fault.REFUSED, False)


def test_a_redirect_within_one_host_is_followed(bridge: ToolBridge, site: Server) -> None:
    assert bridge.call(at(site, "/moved"), "echo", {}, timeout_s=5).text == "here"


def test_one_hanging_call_does_not_break_its_neighbour(bridge: ToolBridge, site: Server) -> None:
    bridge.discover(at(site))
    with ThreadPoolExecutor(2) as threads:
        hanging = threads.submit(failed, bridge, at(site), "hang", timeout_s=0.5)
        time.sleep(0.1)
        assert bridge.call(at(site), "echo", {}, timeout_s=5).text == "here"
        assert hanging.result().fault is Fault.TIMEOUT


# The bridge


def test_many_threads_share_one_session(bridge: ToolBridge, started: Callable[[], set[int]]) -> None:
    def call(number: int) -> str:
        return str(json.loads(bridge.call(faulty(), "echo", {"n": number}, timeout_s=5).text)["arguments"]["n"])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(call, range(64))) == [str(number) for number in range(64)]
    assert len(started()) == 1


def test_close_leaves_no_process_and_no_thread(started: Callable[[], set[int]]) -> None:
    with ToolBridge() as bridge:
        bridge.call(faulty(), "echo", {}, timeout_s=5)
        failed(bridge, faulty(), "hang", timeout_s=0.3)
    assert not started()
    assert "tools" not in {thread.name for thread in threading.enumerate()}


def test_close_ends_what_a_server_has_started() -> None:
    with ToolBridge() as bridge:
        pid = int(bridge.call(faulty(), "fork", {}, timeout_s=5).text)
        assert runs(pid)
    assert not runs(pid)


def test_closing_twice_or_unused_does_nothing() -> None:
    bridge = ToolBridge()
    bridge.close()
    bridge.close()


def test_a_closed_bridge_begins_anew(bridge: ToolBridge) -> None:
    bridge.call(faulty(), "echo", {}, timeout_s=5)
    bridge.close()
    assert bridge.call(faulty(), "echo", {}, timeout_s=5).text


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_opens_sessions_of_its_own(bridge: ToolBridge) -> None:
    bridge.call(faulty(), "echo", {}, timeout_s=5)
    assert in_a_fork(lambda: bridge.call(faulty(), "echo", {}, timeout_s=5)) == 0
    assert bridge.call(faulty(), "echo", {}, timeout_s=5).text


def test_a_loop_that_is_held_up_does_not_hold_up_the_caller(
    bridge: ToolBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.call(faulty(), "echo", {}, timeout_s=5)
    monkeypatch.setattr("orchestration.engine.tools.SLACK_S", 0.1)
    bridge._loop.loop.call_soon_threadsafe(time.sleep, 1)  # type: ignore[union-attr]
    failure = failed(bridge, faulty(), "echo", timeout_s=0.1)
    assert (failure.fault, failure.sent) == (Fault.TIMEOUT, True)
