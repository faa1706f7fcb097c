"""Commands that judge JSON Lines: standard input to standard output, in order and in constant memory. No database."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit import jsonlines
from audit.jsonlines import Progress


class LinewiseCommand(BaseCommand, ABC):
    """Exit 0: every line was judged, 1: some could not be. A command of this kind says what it answers.

    Attributes:
        noun: what its lines are, in the plural, for the progress on standard error.
    """

    noun: str
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="no progress on standard error")

    @abstractmethod
    def answer(self, document: Mapping[str, Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what is said of one object, without its id.

        Raises:
            Problem: it cannot be judged; the message becomes the line's error, and the rest goes on.
        """

    def handle(self, *_: Any, **options: Any) -> None:  # noqa: ANN401
        progress = Progress(sys.stderr, noun=self.noun, silent=options["quiet"])
        try:
            self.answer_all(options, progress)
        except BrokenPipeError:
            # Whoever read has gone. Python would try to write once more as it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        progress.end()
        if progress.failed:
            sys.exit(1)

    def answer_all(self, options: Mapping[str, Any], progress: Progress) -> None:
        for line in jsonlines.lines(sys.stdin.buffer):
            if line.strip():
                said = jsonlines.answered(line, lambda document: self.answer(document, options))
                sys.stdout.buffer.write(jsonlines.written(said))
                progress.tell(failed="error" in said)
        sys.stdout.buffer.flush()
