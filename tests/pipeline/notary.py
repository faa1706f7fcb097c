"""A tool server that keeps a file of what it did, over stdio; a text tells it when to die. Standard library only.

It is started with the file, and with words: ``idempotent`` and ``changed`` are what its tools say, ``empty`` is none;
``forgetful`` keeps no keys, so that what is sent twice is noted twice.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
NUMBER = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}
KEY = "prometheus/idempotency-key"


def tools(words: list[str]) -> list[dict[str, Any]]:
    more = " It was changed." if "changed" in words else ""
    if "empty" in words:
        return []
    hints = {"annotations": {"idempotentHint": True}} if "idempotent" in words else {}
    return [
        {"name": "note", "description": f"It notes a text.{more}", "inputSchema": TEXT, **hints},
        {"name": "strike", "description": "It strikes a note.", "inputSchema": NUMBER, **hints},
    ]


def lines(book: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in book.read_text(encoding="utf-8").splitlines()] if book.exists() else []


def write(book: Path, **line: Any) -> int:
    with book.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    return len(lines(book))


def once(book: Path) -> bool:
    """Tell whether this is the first time that somebody asks."""
    marker = book.with_suffix(".died")
    if marker.exists():
        return False
    marker.touch()
    return True


def act(book: Path, name: str, params: dict[str, Any], *, forgetful: bool) -> dict[str, Any]:
    key, asked = params.get("_meta", {}).get(KEY), params["arguments"]
    text = asked.get("text", "")
    if text == "die always" or (text == "die before" and once(book)):
        os._exit(1)
    if text == "refuse" or (text == "refuse once" and once(book)):
        return {"content": [{"type": "text", "text": "the book is full"}], "isError": True}
    known = [n for n, line in enumerate(lines(book), start=1) if line["key"] == key and not forgetful]
    number = known[0] if known else write(book, tool=name, key=key, **asked)
    if text == "die after" and not known:
        os._exit(1)
    return {"content": [{"type": "text", "text": json.dumps({"number": number})}]}


def answer(request: dict[str, Any], book: Path, words: list[str]) -> dict[str, Any] | None:
    match request.get("method"):
        case "initialize":
            known = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
            return {**known, "serverInfo": {"name": "notary", "version": "1"}}
        case "tools/list":
            return {"tools": tools(words)}
        case "tools/call":
            return act(book, request["params"]["name"], request["params"], forgetful="forgetful" in words)
        case _:
            return None


if __name__ == "__main__":
    for received in sys.stdin:
        asked = json.loads(received)
        if "id" in asked:
            outcome = answer(asked, Path(sys.argv[1]), sys.argv[2:])
            said = {"result": outcome} if outcome is not None else {"error": {"code": -32601, "message": "unknown"}}
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}) + "\n")
            sys.stdout.flush()
