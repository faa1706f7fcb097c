"""A tool server that misbehaves, over streamable HTTP: each tool's name says what goes wrong. Standard library only."""

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

STATUSES = {"status_500": 500, "status_502": 502, "status_401": 401, "status_404": 404, "accepted": 202}
ELSEWHERE = "http://127.0.0.1:9/mcp"


class Server(ThreadingHTTPServer):
    """Keeps what was asked: path, body and headers of each request."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.requests: list[tuple[str, Any, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that hang up."""


class Quiet(BaseHTTPRequestHandler):
    """Answers without a word in the test's output."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Site(Quiet):
    """Opens a session like any server of 2025-11-25, then fails in the way that is asked for."""

    def do_GET(self) -> None:
        self.reply(405)

    def do_DELETE(self) -> None:
        self.reply(200)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, request, dict(self.headers)))
        if self.path == "/away":
            self.reply(307, headers={"Location": ELSEWHERE})
        elif self.path == "/moved":
            self.reply(307, headers={"Location": "/mcp"})
        else:
            self.answer(request)

    def answer(self, request: dict[str, Any]) -> None:
        match request["method"]:
            case "initialize":
                known = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
                self.say(request["id"], result={**known, "serverInfo": {"name": "site", "version": "1"}})
            case "tools/list":
                self.say(request["id"], result={"tools": []})
            case "tools/call":
                self.fail(request["id"], request["params"]["name"])
            case method if method.startswith("notifications/"):
                self.reply(202)
            case _:
                self.say(request["id"], error={"code": -32601, "message": "Method not found"})

    def fail(self, request_id: int, name: str) -> None:
        match name:
            case "echo":
                self.say(request_id, result={"content": [{"type": "text", "text": "here"}]})
            case "hang":
                time.sleep(1.5)
            case "hangup":
                self.close_connection = True
            case "junk":
                self.reply(200, b"{nothing", {"Content-Type": "application/json"})
            case "page":
                self.reply(200, b"<html>Log in</html>", {"Content-Type": "text/html"})
            case "packed":
                packed = gzip.compress(b"0" * 50_000_000)
                self.reply(200, packed, {"Content-Type": "application/json", "Content-Encoding": "gzip"})
            case "flood":
                self.reply(200, b" " * 5_000_000, {"Content-Type": "application/json"})
            case "broken":
                self.reply(200, b'{"json', {"Content-Type": "application/json", "Content-Length": "100"})
                self.close_connection = True
            case "error":
                self.say(request_id, error={"code": -32602, "message": "no such printer"})
            case _:
                self.reply(STATUSES[name])

    def say(self, request_id: int, **outcome: object) -> None:
        body = json.dumps({"jsonrpc": "2.0", "id": request_id, **outcome}).encode()
        self.reply(200, body, {"Content-Type": "application/json"})


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[Server]:
    """Serve on a free port of loopback."""
    server = Server(handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
