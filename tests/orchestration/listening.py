"""Receivers of webhooks on loopback: one that listens to HTTP, and raw ones that misbehave."""

import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Heard:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def notice(self) -> dict[str, Any]:
        notice: dict[str, Any] = json.loads(self.body)
        return notice


@dataclass(slots=True)
class Listener:
    """A receiver that keeps what it hears and answers with ``status``."""

    server: ThreadingHTTPServer
    scheme: str = "http"
    status: int = 200
    location: str = ""
    heard: list[Heard] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{HOST}:{self.server.server_address[1]}/hook"

    @property
    def runs(self) -> list[str]:
        return [heard.notice["run"] for heard in self.heard]


@contextmanager
def listening(wrap: Callable[[socket.socket], socket.socket] | None = None) -> Iterator[Listener]:
    """Listen to HTTP on a free port; ``wrap`` puts TLS around the socket."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            listener.heard.append(Heard(self.path, dict(self.headers), body))
            self.send_response(listener.status)
            if listener.location:
                self.send_header("Location", listener.location)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    listener = Listener(server, scheme="https" if wrap else "http")
    if wrap:
        server.socket = wrap(server.socket)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def behaving(behave: Callable[[socket.socket], object]) -> Iterator[str]:
    """Give the URL of a receiver that takes one connection and does with it what ``behave`` does."""
    with socket.create_server((HOST, 0)) as server:

        def take_one() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                behave(connection)

        thread = threading.Thread(target=take_one, daemon=True)
        thread.start()
        yield f"http://{HOST}:{server.getsockname()[1]}/hook"
        thread.join(10)


def hang(receiver: socket.socket) -> None:
    while receiver.recv(4096):
        """Read until the other side hangs up."""


def verifies(heard: Heard, secret: str) -> bool:
    """Verify a signature as a receiver would, from the documented form alone."""
    time, *signatures = (part.split("=", 1)[1] for part in heard.headers["X-Prometheus-Signature"].split(","))
    expected = hmac.new(secret.encode(), time.encode() + b"." + heard.body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(expected, signature) for signature in signatures)


def certificate(folder: Path) -> Path:
    """Write a self-signed certificate of loopback and its key into one file, and return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "loopback.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
