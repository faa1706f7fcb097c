"""Many calls are judged from a stream, in order, without a database; a bad line spoils no other."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TOOL = {"name": "send_mail", "inputSchema": {"type": "object", "properties": {"to": {"type": "string"}}}}
ENVIRONMENT = {"PATH": os.environ["PATH"], "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}


def line(id_: object, **fields: Any) -> bytes:
    document = {
        "id": id_,
        "request": "Send a mail to alan@site.example.",
        "tools": [TOOL],
        "seen": [],
        "call": {"tool": "send_mail", "arguments": {"to": "alan@site.example"}},
        **fields,
    }
    return json.dumps(document).encode()


def judged(*lines: bytes, arguments: tuple[str, ...] = (), code: int = 0) -> list[dict[str, Any]]:
    command = [sys.executable, "manage.py", "judge_tool_calls", "--quiet", *arguments]
    ran = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, input=b"\n".join(lines), capture_output=True, timeout=120)
    assert ran.returncode == code, ran.stderr.decode()
    return [json.loads(said) for said in ran.stdout.splitlines()]


def test_each_line_is_answered_in_order_without_a_database() -> None:
    evil = {"tool": "send_mail", "arguments": {"to": "eve@evil.example"}}
    misfit = {"tool": "send_mail", "arguments": {"too": 1}}
    found = judged(line("a"), line(2, call=evil), line("c", call=misfit))
    assert [(said["id"], said["decision"], said["tier"]) for said in found] == [
        ("a", "allow", "DELETE"),
        (2, "approve", "DELETE"),
        ("c", "deny", "DELETE"),
    ]


def test_a_bad_line_gets_its_error_and_the_rest_goes_on() -> None:
    bad = [
        b"no json",
        b"[" * 100_000,
        line("b", tools="x"),
        line("c", call={"tool": "send_mail"}),
        line("d", tools=[TOOL, TOOL]),
        line("e", seen=[{"tool": 1, "result": ""}]),
        line("f", other=1),
        line("g", call={"tool": "send_mail", "arguments": [1]}),
    ]
    found = judged(*bad, line("last"), code=1)
    assert ["error" in said for said in found] == [True] * len(bad) + [False]
    assert [said["id"] for said in found] == [None, None, *"bcdefg", "last"]


def test_a_half_surrogate_and_a_text_of_a_megabyte_are_judged() -> None:
    read = [{"tool": "inbox", "result": "x" * 999_990}, {"tool": "inbox", "result": "\ud800"}]
    assert judged(line("a", seen=read))[0]["decision"] == "allow"


def test_the_operators_word_is_read_from_his_own_file_only(tmp_path: Path) -> None:
    registry = tmp_path / "tools.json"
    registry.write_text(json.dumps({"send_mail": {"tier": "WRITE_LIMITED", "roles": {"to": "recipient"}}}))
    found = judged(line("a", tools=[{**TOOL, "tier": "READ_ONLY"}]), arguments=("--registry", str(registry)))
    assert found[0]["tier"] == "WRITE_LIMITED"


def test_a_registry_that_cannot_be_read_judges_nothing(tmp_path: Path) -> None:
    registry = tmp_path / "tools.json"
    registry.write_text('{"send_mail": {"tier": "HARMLESS"}}')
    assert judged(line("a"), arguments=("--registry", str(registry)), code=1) == []
