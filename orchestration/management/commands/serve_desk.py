"""Serve our own MCP tools over stdio: search the corpus of a workspace, file a ticket."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from audit.models import Workspace
from evidence import corpus
from evidence.ranking import rank
from orchestration.engine import desk


class Command(BaseCommand):
    help = "Serve the desk (MCP over stdio): search_corpus and file_ticket."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="slug of the workspace whose corpus is searched")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        workspace = Workspace.objects.get(slug=options["workspace"]).pk

        def search(query: str, limit: int) -> Sequence[Mapping[str, str]]:
            close_old_connections()
            found = rank(query, corpus.candidates(workspace, [query]), limit=limit)
            return [{"source": r.passage.source, "title": r.passage.title, "text": r.passage.text} for r in found]

        tickets = Path(os.environ.get("PROMETHEUS_TICKETS", "tickets.jsonl"))
        desk.build(search, tickets).run("stdio")
