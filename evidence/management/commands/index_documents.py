"""Find documents by the search that a version before this one added, and no longer those that it superseded."""

from typing import Any

from django.core.management.base import BaseCommand

from evidence import search


class Command(BaseCommand):
    help = "Let every document in force be found, and no other. Needed once after an upgrade; it may be run again."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        search.catch_up()
