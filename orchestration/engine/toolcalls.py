"""What is said about tools: where a server is, what it offers, what a call gave, and how it failed."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from audit.canonical import JSON
from guardians.toolrisk import definition_hash

RESULT_LIMIT = 1_000_000
ARGUMENTS_LIMIT = 1_000_000
SAID_LIMIT = 500


class Transport(StrEnum):
    """How a server is spoken to: a child process, or streamable HTTP."""

    STDIO = "stdio"
    HTTP = "http"


class Fault(StrEnum):
    """Why there is no result."""

    UNREACHABLE = "UNREACHABLE"  # could not be started or connected to
    TIMEOUT = "TIMEOUT"  # no answer before the deadline
    DIED = "DIED"  # the process ended, or the connection broke
    JUNK = "JUNK"  # what came back is not the protocol
    TOO_LARGE = "TOO_LARGE"  # what came back is over a limit
    TOOL_ERROR = "TOOL_ERROR"  # the tool, or its server, says that it failed
    STOPPED = "STOPPED"  # broken off by us: the run was ended, or the worker is being shut down
    REFUSED = "REFUSED"  # not sent by us, or turned away before any tool ran


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is. ``name`` tells servers apart within one bridge.

    ``environment`` is all that a child gets besides PATH, HOME, LANG and TZ, and may hold secrets.
    """

    name: str
    transport: Transport
    command: tuple[str, ...] = ()
    url: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = 10


@dataclass(frozen=True, slots=True)
class Definition:
    """A tool as its server describes it. All of it is the server's word."""

    name: str
    title: str
    description: str
    input_schema: Mapping[str, JSON]
    output_schema: Mapping[str, JSON]
    annotations: Mapping[str, JSON]

    @property
    def hash(self) -> str:
        """SHA-256 in hex, over everything but the title.

        Raises:
            DefinitionError: something in it is no JSON.
        """
        return definition_hash(self.name, self.description, self.input_schema, self.output_schema, self.annotations)


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool answered: its texts joined by line feeds, and its structured content if it gave any."""

    text: str
    structured: Mapping[str, JSON] | None
    elapsed_us: int


@dataclass(slots=True)
class Going:
    """How far a call has come, as the event loop tells the thread that waits for it."""

    sent: bool = False
    over: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Trace:
    """What went wrong as the wire saw it: the SDK itself reports most faults as a closed connection."""

    fault: Fault | None = None
    detail: str = ""

    def note(self, fault: Fault, detail: str = "") -> None:
        self.fault, self.detail = fault, detail

    def clear(self) -> None:
        self.fault, self.detail = None, ""


class ToolFailure(Exception):
    """A call or discovery without a result.

    Attributes:
        sent: whether the tool may have run. It decides whether the outcome of an effect is unknown.
        detail: our words on it; they hold nothing that the server sent.
        said: the server's own words, untrusted and at most SAID_LIMIT characters; never part of the message.
    """

    def __init__(
        self, fault: Fault, *, server: str, tool: str = "", sent: bool = False, detail: str = "", said: str = ""
    ) -> None:
        super().__init__(": ".join(filter(None, (fault.value, server, tool, detail))))
        self.fault = fault
        self.server = server
        self.tool = tool
        self.sent = sent
        self.detail = detail
        self.said = said[:SAID_LIMIT]


def check_address(address: ServerAddress) -> None:
    """Refuse an address that leads nowhere, or elsewhere than it seems to.

    Raises:
        ToolFailure: REFUSED, with the cure.
    """
    match address.transport:
        case Transport.STDIO:
            wrong = check_command(address.command)
        case Transport.HTTP:
            wrong = check_url(address.url)
    if wrong:
        raise ToolFailure(Fault.REFUSED, server=address.name, detail=wrong)


def check_command(command: tuple[str, ...]) -> str:
    if not command or not command[0]:
        return "the command is empty; give the program and its arguments"
    if any("\0" in part for part in command):
        return "the command holds a NUL character; remove it"
    return ""


def check_url(url: str) -> str:
    """Return what is wrong with a server's URL, or nothing."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return "the URL cannot be read; give http://host:port/path"
    if parts.scheme not in {"http", "https"} or not host:
        return "the URL is neither http:// nor https:// with a host; give one that is"
    if parts.username is not None or parts.password is not None:
        return "the URL holds a user name or password; remove it"
    return ""
