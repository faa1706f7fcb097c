"""Our own small tool server over the Model Context Protocol: search the corpus, file a ticket.

``python -m orchestration.engine.desk FOLDER`` serves the Markdown files of a folder over stdio, with ``--http PORT``
over streamable HTTP at ``http://127.0.0.1:PORT/mcp``. The tickets go to the file that PROMETHEUS_TICKETS names.
"""

import argparse
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

from orchestration.engine.tickets import Ticket, TicketBook, TicketError

KEY_META = "prometheus/idempotency-key"
FILES_LIMIT = 500
FILE_LIMIT = 1_000_000

Search = Callable[[str, int], Sequence[Mapping[str, str]]]

Query = Annotated[str, Field(min_length=1, max_length=10_000, description="What is to be found, in plain words.")]
Limit = Annotated[int, Field(ge=1, le=20, description="How many passages at most.")]
Queue = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$", description="Who gets it, as a short name.")]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Body = Annotated[str, Field(min_length=1, max_length=10_000)]


class Found(BaseModel):
    """A passage of the corpus."""

    source: str
    title: str
    text: str


class Filed(BaseModel):
    """A ticket's number."""

    ticket: str


def build(search: Search, tickets: Path) -> MCPServer:
    """Return the server; ``search`` takes a query and a limit and returns source, title and text of each passage."""
    desk = MCPServer("desk", instructions="Search the corpus; file tickets for people.", log_level="WARNING")
    book = TicketBook(tickets)

    @desk.tool(
        title="Search the corpus",
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )
    def search_corpus(query: Query, limit: Limit = 5) -> list[Found]:
        """Return the passages of the corpus that answer a query best."""
        return [
            Found(source=passage["source"], title=passage["title"], text=passage["text"])
            for passage in search(query, limit)[:limit]
        ]

    @desk.tool(
        title="File a ticket",
        annotations=ToolAnnotations(
            read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )
    def file_ticket(queue: Queue, title: Title, body: Body, context: Context) -> Filed:
        """File a ticket for people to work on, once for each idempotency key, and return its number."""
        try:
            return Filed(ticket=book.file(Ticket(queue, title, body), key=key_of(context)))
        except TicketError as error:
            raise ToolError(str(error)) from error

    return desk


def key_of(context: Context) -> str | None:
    """Return the idempotency key of the request under way, from its ``_meta``."""
    key = (context.request_context.meta or {}).get(KEY_META)
    if key is not None and not isinstance(key, str):
        raise TicketError(f"the idempotency key is a {type(key).__name__}; send a text")
    return key


def search_folder(folder: Path) -> Search:
    """Return a search over a folder's Markdown files: paragraphs that share the most words with the query."""
    passages = [
        {"source": path.stem, "title": path.stem.replace("-", " "), "text": paragraph.strip()}
        for path in sorted(folder.glob("*.md"))[:FILES_LIMIT]
        for paragraph in path.read_text(encoding="utf-8")[:FILE_LIMIT].split("\n\n")
        if paragraph.strip() and not paragraph.startswith(("#", "---"))
    ]

    def search(query: str, limit: int) -> Sequence[Mapping[str, str]]:
        wanted = words(query)
        shared = [(len(wanted & words(passage["text"])), passage) for passage in passages]
        best = sorted((pair for pair in shared if pair[0]), key=lambda pair: pair[0], reverse=True)
        return [passage for _, passage in best[:limit]]

    return search


def words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3}


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the client goes away."""
    parser = argparse.ArgumentParser(prog="desk", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with the Markdown files that are searched")
    parser.add_argument("--http", type=int, metavar="PORT", help="serve streamable HTTP on this port of 127.0.0.1")
    options = parser.parse_args(arguments)
    desk = build(search_folder(options.folder), Path(os.environ.get("PROMETHEUS_TICKETS", "tickets.jsonl")))
    if options.http is None:
        desk.run("stdio")
    else:
        desk.run("streamable-http", host="127.0.0.1", port=options.http, stateless_http=True)


if __name__ == "__main__":
    main()
