"""One HTTP request to one receiver: to a given address, within a given time, and no more than its status is read.

Written out by hand, because client libraries resolve names themselves, follow proxies of the environment, and bound
each read instead of the whole: a receiver that drips a byte a second would hold them for hours.
"""

import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence

from orchestration.notices import Fault
from orchestration.receivers import Receiver

HEAD_LIMIT = 1024
STATUS = re.compile(rb"HTTP/1\.[01] ([2-5][0-9]{2})(?: [^\r\n]*)?\r?\n")


class PostFailed(Exception):
    """The receiver did not take it."""

    def __init__(self, fault: Fault, *, status: int | None = None) -> None:
        super().__init__(f"{fault}{f' {status}' if status else ''}")
        self.fault = fault
        self.status = status


def left(ends: float) -> float:
    """Return the seconds that remain; raises TimeoutError when none do."""
    remain = ends - time.monotonic()
    if remain <= 0:
        raise TimeoutError
    return remain


def post(
    receiver: Receiver, addresses: Sequence[str], *, headers: Mapping[str, str], body: bytes, seconds: float
) -> int:
    """Send the body and return the receiver's status, 200 to 299.

    Args:
        addresses: checked ones; the first that answers is used. The receiver's name serves for Host and TLS alone.
        seconds: for everything together, from the connection to the status line.

    Raises:
        PostFailed: with the fault, and the status if there was one.
    """
    ends = time.monotonic() + seconds
    try:
        with connected(receiver, addresses, ends=ends) as connection:
            connection.settimeout(left(ends))
            connection.sendall(request(receiver, headers, body))
            status = status_of(connection, ends=ends)
    except TimeoutError as error:
        raise PostFailed(Fault.TIMEOUT) from error
    except ssl.SSLError as error:
        raise PostFailed(Fault.TLS) from error
    except OSError as error:
        raise PostFailed(Fault.BROKEN) from error
    if 300 <= status < 400:
        raise PostFailed(Fault.REDIRECT, status=status)
    if status >= 400:
        raise PostFailed(Fault.STATUS, status=status)
    return status


def connected(receiver: Receiver, addresses: Sequence[str], *, ends: float) -> socket.socket:
    plain = first_open(addresses, receiver.port, ends=ends)
    if receiver.scheme == "http":
        return plain
    try:
        plain.settimeout(left(ends))
        return ssl.create_default_context().wrap_socket(plain, server_hostname=receiver.host)
    except BaseException:
        plain.close()
        raise


def first_open(addresses: Sequence[str], port: int, *, ends: float) -> socket.socket:
    failed: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=left(ends))
        except TimeoutError:
            raise
        except OSError as error:
            failed = error
    raise PostFailed(Fault.UNREACHABLE) from failed


def request(receiver: Receiver, headers: Mapping[str, str], body: bytes) -> bytes:
    fields = {
        "Host": receiver.authority,
        "User-Agent": "prometheus-webhook/1",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    lines = [f"POST {receiver.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def status_of(connection: socket.socket, *, ends: float) -> int:
    """Read the status line and nothing after it."""
    head = b""
    while b"\n" not in head and len(head) < HEAD_LIMIT:
        connection.settimeout(left(ends))
        piece = connection.recv(HEAD_LIMIT)
        if not piece:
            break
        head += piece
    found = STATUS.match(head)
    if found is None:
        raise PostFailed(Fault.BROKEN)
    return int(found[1])
