"""Print a one-time log-in link for a user."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from prometheus_site.onetime import link_for


class Command(BaseCommand):
    help = "Print a link that logs a user in once, within an hour."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--site", default=settings.SITE_URL, help="where the site is (default: SITE_URL)")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        user = get_user_model().objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"no active user {options['username']!r}")
        self.stdout.write(f"{options['site']}{link_for(user)}")
