"""Make an API key for a client of a workspace; the key is printed once and cannot be shown again."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import apikeys, workspaces
from audit.access import actor_of_user
from audit.actors import Actor, ActorKind
from audit.errors import NotFound, Problem
from audit.models import Workspace
from audit.roles import Scope


class Command(BaseCommand):
    help = "Make an API key and print it. Send it as: Authorization: Api-Key KEY"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="slug of the workspace")
        parser.add_argument("name", help="whose key it is, as people know it")
        parser.add_argument("--owner", metavar="USERNAME", help="whose word the key speaks (four eyes count people)")
        parser.add_argument("scopes", nargs="+", metavar="SCOPE", help=f"one or more of: {', '.join(sorted(Scope))}")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            workspace = workspaces.named(options["workspace"])
        except NotFound as error:
            raise CommandError(str(error)) from error
        command = Actor(ActorKind.SYSTEM, "command", workspace.pk)
        maker = owner(options["owner"], workspace) if options["owner"] else command
        try:
            made = apikeys.create_key(name=options["name"][:80], scopes=options["scopes"], actor=maker)
        except Problem as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(made.text)


def owner(username: str, workspace: Workspace) -> Actor:
    """Return the member of the workspace that a key is made for.

    Raises:
        CommandError: there is no such member.
    """
    user = get_user_model().objects.filter(username=username, is_active=True).first()
    actor = actor_of_user(user, workspace=workspace.slug) if user else None
    if actor is None:
        raise CommandError(f"no member {username!r} of workspace {workspace.slug!r}")
    return actor
