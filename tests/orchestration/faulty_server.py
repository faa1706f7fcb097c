"""A tool server that misbehaves, over stdio: each tool's name says what goes wrong. Standard library only.

It speaks the protocol of 2025-11-25, so it also stands for all the servers that do not know the latest one.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TOOLS = (
    "echo",
    "hang",
    "die",
    "junk",
    "half",
    "flood",
    "large",
    "fail",
    "error",
    "environment",
    "fork",
    "list",
    "deep",
    "wait",
)
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}}
QUERY = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}


MODE = sys.argv[1] if len(sys.argv) > 1 else ""

# What is written instead of an answer, and whether the server goes on after it.
RAW = {
    "junk": "Server ready! Listening.\n",
    "half": '{"jsonrpc": "2.0", "id": ',
    "flood": "x" * 6_000_000,
    "deep": "[" * 100_000 + "\n",
    "wait": "",
}


def say(request_id: object, **outcome: object) -> None:
    write(json.dumps({"jsonrpc": "2.0", "id": request_id, **outcome}) + "\n")


def write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def note(what: str) -> None:
    """Add a line to the file that the mode "noting:FILE" names."""
    if MODE.startswith("noting:"):
        with Path(MODE.split(":")[1]).open("a") as notes:
            notes.write(what + "\n")


def tools(mode: str) -> list[dict[str, Any]]:
    if mode.startswith("search:"):  # "search:hang": one tool of that name, which takes a query
        _, name, *changed = mode.split(":")
        return [{"name": name, "description": f"It searches{''.join(changed)}.", "inputSchema": QUERY}]
    description = "It was changed." if mode == "changed" else "It misbehaves."
    names = {"twice": ("echo", "echo"), "many": tuple(f"tool_{n}" for n in range(501))}.get(mode, TOOLS)
    minimum = float("nan") if mode == "nan" else 0
    hints = {"annotations": {"idempotentHint": True}} if mode.endswith(":idempotent") else {}
    schema = SCHEMA | {"x": minimum}
    return [{"name": name, "description": description, "inputSchema": schema, **hints} for name in names]


def text(content: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": content}]}


def call(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the outcome of a call, if there is to be one."""
    match name:
        case "hang":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        case "die":
            os._exit(1)
        case "large":
            return {"result": text("x" * 1_000_001)}
        case "fail":
            return {"result": {**text("the printer is on fire"), "isError": True}}
        case "error":
            return {"error": {"code": -32602, "message": "no such printer"}}
        case "environment":
            return {"result": text(json.dumps(dict(os.environ)))}
        case "fork":
            return {"result": text(str(subprocess.Popen(["sleep", "600"]).pid))}
        case "list":
            return {"result": {"content": [], "structuredContent": {"items": [1, 2.5, None]}}}
    return {"result": text(json.dumps(params))}


def answer(request: dict[str, Any], mode: str) -> None:
    params = request.get("params", {})
    match request.get("method"):
        case "initialize" if mode == "deaf":
            time.sleep(600)
        case "initialize":
            known = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
            say(request["id"], result={**known, "serverInfo": {"name": "faulty", "version": "1"}})
        case "tools/list" if mode == "endless":
            say(request["id"], result={"tools": [], "nextCursor": "more"})
        case "tools/list":
            say(request["id"], result={"tools": tools(mode)})
        case "tools/call" if params["name"] in RAW:
            note(params["name"])
            write(RAW[params["name"]])
            if params["name"] == "half":
                os._exit(0)
        case "notifications/cancelled":
            note("cancelled")
        case "tools/call":
            say(request["id"], **call(params["name"], params))
        case _ if "id" in request:
            say(request["id"], error={"code": -32601, "message": "Method not found"})


if __name__ == "__main__":
    for line in sys.stdin:
        answer(json.loads(line), MODE)
