"""Add files to the reference corpus of a workspace: one line a file with what happened to it."""

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import workspaces
from audit.actors import Actor, ActorKind
from audit.errors import Invalid, NotFound, Problem
from audit.roles import Scope
from evidence import corpus
from evidence.documents.media import PDF_BYTES_LIMIT, SUFFIXES
from evidence.documents.origins import host_of
from evidence.passages import DocumentError, DocumentTooLarge

SOURCE_LIMIT, TITLE_LIMIT = 120, 200


class Command(BaseCommand):
    help = "Add files to a workspace's corpus, each under its file name. Exit 0: all taken, 1: some were not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="slug of the workspace")
        parser.add_argument("--source", required=True, help="where the documents are from, as people know it")
        parser.add_argument("--untrusted", action="store_true", help="only the first document of a source sets this")
        parser.add_argument("--url", default="", help="where they were published; only its host is kept")
        parser.add_argument("--dry-run", action="store_true", help="read the files and say what would happen")
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=f"files: {', '.join(SUFFIXES)}")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            workspace = workspaces.named(options["workspace"]).pk
        except NotFound as error:
            raise CommandError(str(error)) from error
        check_words(options)
        paths: list[Path] = options["paths"]
        failed = 0
        titles: set[str] = set()
        for number, path in enumerate(paths, start=1):
            self.stderr.write(f"[{number}/{len(paths)}] {path}")
            try:
                said = self.one(path, titles, workspace, options)
            except (OSError, Problem) as error:
                failed += 1
                said = f"failed: {error.strerror if isinstance(error, OSError) else error}"
            self.stdout.write(f"{path}: {said}")
        if failed:
            self.stderr.write(f"add_documents: {failed} of {len(paths)} files were not taken")
            sys.exit(1)

    def one(self, path: Path, titles: set[str], workspace: UUID, options: dict[str, Any]) -> str:
        """Add one file, or look at it only; return what happened.

        Raises:
            Problem: it cannot be taken; nothing was written.
            OSError: it cannot be opened.
        """
        title = title_of(path, titles)
        file = file_at(path, url=options["url"])
        known = corpus.current(workspace, source=options["source"], title=title)
        if options["dry_run"]:
            read = corpus.read_file(file)
            if known and corpus.says_the_same(known, read):
                return outcome(0, dry=True)
            return outcome(known.version + 1 if known else 1, dry=True)
        actor = Actor(ActorKind.SYSTEM, "command", workspace, frozenset({Scope.DOCUMENTS_WRITE}))
        document = corpus.add_file(
            file, source=options["source"], title=title, actor=actor, trusted=not options["untrusted"]
        )
        return outcome(0 if known and known.pk == document.pk else document.version, dry=False)


def outcome(version: int, *, dry: bool) -> str:
    """Return what happened in words; version 0 stands for nothing new."""
    if not version:
        return "unchanged"
    return f"{'would be ' if dry else ''}added as version {version}"


def check_words(options: dict[str, Any]) -> None:
    source = options["source"].strip()
    if not source or not source.isprintable() or len(source) > SOURCE_LIMIT:
        raise CommandError(f"--source must be a text of one line, at most {SOURCE_LIMIT} characters")
    if options["url"] and not host_of(options["url"]):
        raise CommandError("--url is no http or https address with a host; leave it out or give a whole one")
    options["source"] = source


def title_of(path: Path, titles: set[str]) -> str:
    """Return a file's name as the title, which must not be that of another file: it would be a version of that one."""
    title = path.name
    if title in titles:
        raise Invalid(f"another file is named {title!r} too; rename one, or add it with another source")
    if not title.isprintable() or len(title) > TITLE_LIMIT:
        raise Invalid(f"its name must be printable and at most {TITLE_LIMIT} characters long; rename it")
    titles.add(title)
    return title


def file_at(path: Path, *, url: str) -> corpus.File:
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise DocumentError(
            f"{path.suffix or 'a name without an ending'} is not known; known are {', '.join(SUFFIXES)}"
        )
    size = path.stat().st_size
    if size > PDF_BYTES_LIMIT:
        raise DocumentTooLarge(f"the file has {size:,} bytes; at most {PDF_BYTES_LIMIT:,} are taken: split it")
    return corpus.File(path.read_bytes(), kind.value, url=url)
