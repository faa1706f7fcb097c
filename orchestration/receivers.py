"""Where a webhook may lead: never into the operator's own network, whatever a name resolves to.

The address that was checked is the one that is connected to; a name is never looked up twice (no DNS rebinding).
"""

import ipaddress
import re
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from audit.errors import Invalid

URL_LIMIT = 2000
PRINTABLE = re.compile(r"[\x21-\x7e]+")
NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?")

# IANA's registries of special-purpose addresses (RFC 6890 and its successors), but for those that all can reach.
CLOSED_4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
# Of IPv6 only global unicast is open, and in it neither what carries an IPv4 address (Teredo, 6to4) nor examples.
OPEN_6 = ipaddress.IPv6Network("2000::/3")
CLOSED_6 = tuple(ipaddress.IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))

Lookup = Callable[[str, int], list[str]]
Answer = TypeVar("Answer")

LOOKUP_SECONDS = 5.0
ASKERS = 16
_askers = threading.BoundedSemaphore(ASKERS)


class ReceiverRefused(Invalid):
    """An address that no webhook may lead to."""

    field = "url"


class ReceiverUnknown(Invalid):
    """A name without an address."""

    field = "url"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is allowed beyond https to public addresses; both are for tests.

    Attributes:
        http: plain http is allowed too.
        loopback: names (or addresses, as they stand in the URL) that may lead to this machine itself.
    """

    http: bool = False
    loopback: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Receiver:
    """A URL in its parts. ``host`` is a name or an address, lower case, without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return host and port as the Host header names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


def parse(url: str, *, rules: Rules) -> Receiver:
    """Return the URL in its parts.

    Raises:
        ReceiverRefused: it is no URL that a webhook may have; the message says what to change.
    """
    if len(url) > URL_LIMIT:
        raise ReceiverRefused(f"the url has {len(url)} characters; at most {URL_LIMIT} are taken")
    if not PRINTABLE.fullmatch(url):
        raise ReceiverRefused("the url holds a blank or a character beyond ASCII; percent-encode it, names as xn--")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ReceiverRefused(f"the url cannot be read: {error}") from error
    if parts.scheme != "https" and not (parts.scheme == "http" and rules.http):
        raise ReceiverRefused(f"the url begins with {parts.scheme[:20]!r}; use https")
    if "@" in parts.netloc or parts.fragment or url.endswith("#"):
        raise ReceiverRefused("the url holds a user, a password or a fragment; leave it out")
    if port == 0:
        raise ReceiverRefused("the url names port 0, which nothing listens on; use 1 to 65535, or leave it out")
    if not NAME.fullmatch(host) and not is_address(host):
        raise ReceiverRefused("the url names no host; write https://name/path")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Receiver(parts.scheme, host, port or {"https": 443, "http": 80}[parts.scheme], path)


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def open_to_all(address: str) -> bool:
    """Tell whether an address is one of the public internet. What cannot be read is not."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(known, ipaddress.IPv4Address):
        return not any(known in block for block in CLOSED_4)
    return known in OPEN_6 and not any(known in block for block in CLOSED_6)


def allowed(address: str, *, host: str, rules: Rules) -> bool:
    """Tell whether a webhook to ``host`` may connect to ``address``."""
    if open_to_all(address):
        return True
    return host in rules.loopback and is_address(address) and ipaddress.ip_address(address).is_loopback


def lookup(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as this machine resolves it.

    Raises:
        OSError: it has none, or its name servers have not answered within LOOKUP_SECONDS (TimeoutError).
    """
    found = in_time(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), seconds=LOOKUP_SECONDS)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def in_time(ask: Callable[[], Answer], *, seconds: float) -> Answer:
    """Return what ``ask`` returns, or raise what it raises, unless it takes too long.

    getaddrinfo knows no time limit and cannot be broken off, so it is left behind on a thread of its own. So many may
    be left behind and no more: name servers of Mallory's that never answer must not fill the process with threads.

    Raises:
        TimeoutError: it takes longer than ``seconds``, or too many others still do.
    """
    if not _askers.acquire(blocking=False):
        raise TimeoutError("too many names are being looked up")
    answer: Future[Answer] = Future()

    def work() -> None:
        try:
            answer.set_result(ask())
        except (OSError, UnicodeError) as error:
            answer.set_exception(error)
        finally:
            _askers.release()

    threading.Thread(target=work, name="lookup", daemon=True).start()
    return answer.result(seconds)


def unknown(receiver: Receiver, error: Exception | None) -> str:
    if isinstance(error, TimeoutError):
        return f"{receiver.host[:100]} was not found within {LOOKUP_SECONDS:.0f} seconds; mend its name servers"
    return f"{receiver.host[:100]} has no address; correct the url or the name's records"


def addresses_of(receiver: Receiver, *, rules: Rules, resolve: Lookup) -> list[str]:
    """Return the addresses to connect to, in order.

    Raises:
        ReceiverUnknown: the name has no address.
        ReceiverRefused: one of its addresses is not of the public internet; then none of them is used.
    """
    try:
        found = resolve(receiver.host, receiver.port)
    except (OSError, UnicodeError) as error:
        raise ReceiverUnknown(unknown(receiver, error)) from error
    if not found:
        raise ReceiverUnknown(unknown(receiver, None))
    if not all(allowed(address, host=receiver.host, rules=rules) for address in found):
        raise ReceiverRefused(
            f"{receiver.host[:100]} leads to an address inside a network (private, loopback, link-local, multicast or "
            "reserved); a receiver has a public address"
        )
    return found
