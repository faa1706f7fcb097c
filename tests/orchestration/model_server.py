"""A server that speaks OpenAI's chat completions protocol, and answers by script. Standard library only."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.orchestration.faulty_site import Quiet, Server, serving


@dataclass(frozen=True)
class Say:
    """One answer: what the model says, or a status; late, slowly or cut off if so wished."""

    content: str | None = '{"answer": "Warfarin is stopped 5 days before surgery."}'
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    message: dict[str, Any] = field(default_factory=dict)
    finish: str = "stop"
    late_s: float = 0
    drip_s: float = 0


class Model(Quiet):
    """Answers each request by the next line of the script, the last one again and again."""

    script: Sequence[Say] = ()

    def do_POST(self) -> None:  # noqa: N802  so http.server calls it
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, request, dict(self.headers)))
        say = self.script[min(len(self.server.requests), len(self.script)) - 1]
        time.sleep(say.late_s)
        body = say.body if say.body is not None else json.dumps(completion(say)).encode()
        if say.drip_s:
            self.drip(body, say.drip_s)
        else:
            self.reply(say.status, body, {"Content-Type": "application/json"} | say.headers)

    def drip(self, body: bytes, pause_s: float) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body:
            self.wfile.write(bytes((byte,)))
            time.sleep(pause_s)


def completion(say: Say) -> dict[str, Any]:
    if say.status >= 400:
        return {"error": {"message": "Incorrect API key provided: sk-sesame", "type": "some", "code": None}}
    message = {"role": "assistant", "content": say.content} | say.message
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": say.finish}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150},
    }


@contextmanager
def model_server(*script: Say) -> Iterator[Server]:
    """Serve a script on loopback; its base URL is ``server.url + "/v1"``."""
    with serving(type("Scripted", (Model,), {"script": script})) as server:
        yield server
