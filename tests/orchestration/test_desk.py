"""Our own tool server, over the real protocol."""

import asyncio
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult

from guardians.toolrisk import Tier, check_arguments, effective_tier
from orchestration.engine import desk
from orchestration.engine.tickets import Ticket, TicketBook, TicketError
from orchestration.engine.tools import Definition, Fault, ServerAddress, ToolBridge, ToolFailure, Transport

ROOT = Path(__file__).resolve().parents[2]
TICKET = {"queue": "pharmacy", "title": "Two intervals", "body": "Please agree on one."}
PRINTER = Ticket("it", "The printer is on fire", "Bring water.")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    text = "# Warfarin\n\nWarfarin is stopped 5 days before surgery.\n\nThe clinic is open on Mondays.\n"
    (folder / "warfarin.md").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def bridge() -> Iterator[ToolBridge]:
    with ToolBridge() as bridge:
        yield bridge


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT), "PROMETHEUS_TICKETS": str(folder / "tickets.jsonl")}


@pytest.fixture(scope="module")
def by_pipe(folder: Path, environment: dict[str, str]) -> ServerAddress:
    command = (sys.executable, "-m", "orchestration.engine.desk", str(folder))
    return ServerAddress("pipe", Transport.STDIO, command, environment=environment, timeout_s=20)


@pytest.fixture(scope="module")
def by_http(folder: Path, environment: dict[str, str]) -> Iterator[ServerAddress]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "orchestration.engine.desk", str(folder), "--http", str(port)]
    process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL)
    wait_for(port)
    yield ServerAddress("http", Transport.HTTP, url=f"http://127.0.0.1:{port}/mcp", timeout_s=20)
    process.terminate()
    process.wait()


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


@pytest.fixture(scope="module", params=["by_pipe", "by_http"])
def address(request: pytest.FixtureRequest) -> ServerAddress:
    known: ServerAddress = request.getfixturevalue(request.param)
    return known


@pytest.fixture
def book(tmp_path: Path) -> TicketBook:
    return TicketBook(tmp_path / "tickets.jsonl")


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def definition(bridge: ToolBridge, address: ServerAddress, name: str) -> Definition:
    return next(known for known in bridge.discover(address) if known.name == name)


def file_it(bridge: ToolBridge, address: ServerAddress, key: str | None, **changes: str) -> str:
    result = bridge.call(address, "file_ticket", TICKET | changes, timeout_s=20, idempotency_key=key)
    assert result.structured is not None
    return str(result.structured["ticket"])


# Over the protocol


def test_the_search_is_read_only_and_the_ticket_is_not(bridge: ToolBridge, address: ServerAddress) -> None:
    search, ticket = (definition(bridge, address, name) for name in ("search_corpus", "file_ticket"))
    assert effective_tier(Tier.READ_ONLY, search.annotations, search.name, search.input_schema) is Tier.READ_ONLY
    assert effective_tier(Tier.READ_ONLY, ticket.annotations, ticket.name, ticket.input_schema) is Tier.WRITE_LIMITED
    assert ticket.annotations["idempotentHint"] is True


def test_both_ways_of_serving_it_define_the_same_tools(
    bridge: ToolBridge, by_pipe: ServerAddress, by_http: ServerAddress
) -> None:
    assert bridge.discover(by_pipe) == bridge.discover(by_http)


def test_a_search_returns_source_title_and_text(bridge: ToolBridge, address: ServerAddress) -> None:
    found = bridge.call(address, "search_corpus", {"query": "When is warfarin stopped?"}, timeout_s=20)
    text = "Warfarin is stopped 5 days before surgery."
    assert found.structured == {"result": [{"source": "warfarin", "title": "warfarin", "text": text}]}


def test_a_search_takes_a_query_and_a_limit_by_its_schema(bridge: ToolBridge, by_pipe: ServerAddress) -> None:
    schema = definition(bridge, by_pipe, "search_corpus").input_schema
    check_arguments(schema, {"query": "warfarin", "limit": 20})
    assert schema["required"] == ["query"]


@pytest.mark.parametrize(
    "arguments", [{"query": ""}, {"query": "x", "limit": 21}, {"limit": 1}, {"query": "x" * 10_001}]
)
def test_a_search_refuses_what_its_schema_refuses(
    bridge: ToolBridge, by_pipe: ServerAddress, arguments: dict[str, object]
) -> None:
    with pytest.raises(ToolFailure) as caught:
        bridge.call(by_pipe, "search_corpus", arguments, timeout_s=20)
    assert caught.value.fault is Fault.TOOL_ERROR


def test_one_key_files_one_ticket(bridge: ToolBridge, address: ServerAddress, folder: Path) -> None:
    first = file_it(bridge, address, f"{address.name}-once")
    assert file_it(bridge, address, f"{address.name}-once") == first
    assert [line["number"] for line in lines(folder / "tickets.jsonl")].count(first) == 1


def test_another_key_files_another_ticket(bridge: ToolBridge, address: ServerAddress) -> None:
    assert file_it(bridge, address, f"{address.name}-1") != file_it(bridge, address, f"{address.name}-2")


def test_without_a_key_the_content_is_the_key(bridge: ToolBridge, address: ServerAddress) -> None:
    assert file_it(bridge, address, None) == file_it(bridge, address, None)


def test_a_key_cannot_stand_for_two_tickets(bridge: ToolBridge, address: ServerAddress) -> None:
    number = file_it(bridge, address, f"{address.name}-reused")
    with pytest.raises(ToolFailure) as caught:
        file_it(bridge, address, f"{address.name}-reused", body="Something else.")
    assert caught.value.fault is Fault.TOOL_ERROR
    assert number in caught.value.said


# The book


def test_a_ticket_is_written_down_whole(book: TicketBook, tmp_path: Path) -> None:
    assert book.file(PRINTER, key="a") == "T-00001"
    (line,) = lines(tmp_path / "tickets.jsonl")
    assert (line["queue"], line["title"], line["body"]) == (PRINTER.queue, PRINTER.title, PRINTER.body)


def test_only_its_owner_may_read_a_book(book: TicketBook, tmp_path: Path) -> None:
    book.file(PRINTER, key="a")
    assert (tmp_path / "tickets.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_torn_line_is_cut_off(book: TicketBook, tmp_path: Path) -> None:
    book.file(PRINTER, key="a")
    with (tmp_path / "tickets.jsonl").open("a") as file:
        file.write('{"number": "T-00002", "key": "key:b", "dig')
    assert book.file(PRINTER, key="b") == "T-00002"
    assert [line["key"] for line in lines(tmp_path / "tickets.jsonl")] == ["key:a", "key:b"]


def test_a_damaged_book_takes_no_tickets(book: TicketBook, tmp_path: Path) -> None:
    (tmp_path / "tickets.jsonl").write_text("no json\n")
    with pytest.raises(TicketError, match=r"tickets\.jsonl"):
        book.file(PRINTER, key="a")


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_has_one_to_two_hundred_characters(book: TicketBook, key: str) -> None:
    with pytest.raises(TicketError, match="200"):
        book.file(PRINTER, key=key)


def test_a_full_disk_leaves_no_half_ticket(book: TicketBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book.file(PRINTER, key="a")
    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="disk full"):
        book.file(PRINTER, key="b")
    assert len(lines(tmp_path / "tickets.jsonl")) == 1


def disk_full(descriptor: int) -> None:
    raise OSError("disk full")


def test_many_processes_with_one_key_file_one_ticket(book: TicketBook, tmp_path: Path) -> None:
    # An executor lets its processes end by themselves; a Pool ends them with a signal, which coverage may hang on.
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as processes:
        numbers = list(processes.map(file_twenty, [book] * 3))
    assert numbers[0] == numbers[1] == numbers[2]
    assert sorted(line["key"] for line in lines(tmp_path / "tickets.jsonl")) == sorted(f"key:{n}" for n in range(20))


def file_twenty(book: TicketBook) -> list[str]:
    return [book.file(PRINTER, key=str(number)) for number in range(20)]


# The server itself


def many(query: str, limit: int) -> Sequence[Mapping[str, str]]:
    return [{"source": query, "title": str(limit), "text": str(number)} for number in range(9)]


def called(tmp_path: Path, tool: str, arguments: Mapping[str, object]) -> CallToolResult:
    server = desk.build(many, tmp_path / "tickets.jsonl")
    return cast(CallToolResult, asyncio.run(server.call_tool(tool, dict(arguments))))


def test_a_search_gives_no_more_than_the_limit(tmp_path: Path) -> None:
    result = called(tmp_path, "search_corpus", {"query": "x", "limit": 2})
    assert result.structured_content == {"result": many("x", 2)[:2]}


def test_a_queue_is_a_short_name(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="queue"):
        called(tmp_path, "file_ticket", TICKET | {"queue": "../etc"})


def test_a_key_that_is_no_text_is_refused() -> None:
    context = SimpleNamespace(request_context=SimpleNamespace(meta={"prometheus/idempotency-key": 7}))
    with pytest.raises(TicketError, match="int"):
        desk.key_of(cast(Context, context))


def test_a_folder_search_leaves_headings_out_and_puts_the_best_first(folder: Path) -> None:
    search = desk.search_folder(folder)
    assert [found["text"][:7] for found in search("clinic open mondays", 5)] == ["The cli"]
    assert search("nothing", 5) == []


def test_the_command_names_what_it_serves(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        desk.main(["--help"])
    assert "PROMETHEUS_TICKETS" in capsys.readouterr().out
