"""Setting the stage for a first run: a workspace, three people, a corpus and a tool server."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import yaml
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connection

from audit.access import actor_of_user
from audit.actors import Actor
from audit.models import Membership, Workspace
from audit.roles import Role
from evidence import corpus
from guardians.toolrisk import Tier
from orchestration import registry
from orchestration.engine.gathering import address_of
from orchestration.engine.tools import ToolBridge
from orchestration.models import Tool, ToolServer

PEOPLE: dict[str, tuple[Role, ...]] = {
    "ada": (Role.OPERATOR, Role.APPROVER),
    "grace": (Role.REVIEWER,),
    "alan": (Role.APPROVER,),
}
FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
TIERS = {"search_corpus": Tier.READ_ONLY, "file_ticket": Tier.WRITE_LIMITED}


@dataclass(frozen=True, slots=True)
class Stage:
    workspace: Workspace
    actors: dict[str, Actor]
    users: dict[str, Any]


def set_stage(slug: str = "demo") -> Stage:
    """Make the workspace and its people where they are missing. Nobody gets a password: log-in is by one-time link."""
    workspace, _ = Workspace.objects.get_or_create(slug=slug, defaults={"name": slug.capitalize()})
    users = {name: person(name, roles, workspace) for name, roles in PEOPLE.items()}
    actors = {name: actor_of_user(user, workspace=slug) for name, user in users.items()}
    return Stage(workspace, {name: actor for name, actor in actors.items() if actor}, users)


def person(name: str, roles: tuple[Role, ...], workspace: Workspace) -> User:
    users = get_user_model().objects
    operates = Role.OPERATOR in roles
    user, made = users.get_or_create(username=name, defaults={"is_staff": operates, "is_superuser": operates})
    if made:
        user.set_unusable_password()
        user.save()
    for role in roles:
        Membership.objects.get_or_create(user=user, workspace=workspace, role=role.value)
    return user


def load_corpus(folder: Path, *, actor: Actor) -> int:
    """Add every Markdown file of a folder; its front matter says title, source and trust. Return how many."""
    files = sorted(folder.glob("*.md"))
    for path in files:
        text = path.read_text(encoding="utf-8")
        found = FRONT_MATTER.match(text)
        known = yaml.safe_load(found.group(1)) if found else {}
        corpus.add_document(
            source=str(known.get("source", path.stem)),
            title=str(known.get("title", path.stem)),
            text=text,
            trusted=known.get("trust", "trusted") == "trusted",
            actor=actor,
        )
    return len(files)


def open_desk(workspace: Workspace, *, actor: Actor, tickets: Path) -> ToolServer:
    """Register our own MCP server over stdio, discover its tools and approve them as an operator would."""
    server, _ = ToolServer.objects.update_or_create(
        workspace=workspace,
        name="desk",
        defaults={
            "transport": "stdio",
            "command": [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve_desk", workspace.slug],
            "environment": desk_environment(tickets),
            "timeout_seconds": 30,
        },
    )
    with ToolBridge() as bridge:
        definitions = bridge.discover(address_of(server))
    registry.record_definitions(server.pk, definitions, actor=actor)
    for tool in Tool.objects.filter(server=server).exclude(state="RETIRED"):
        if not registry.usable(tool):
            tier = TIERS.get(tool.name, Tier.DELETE)
            registry.approve_tool(tool.pk, tier=tier, seen=tool.definition_hash, actor=actor)
    return server


def database_url() -> str:
    """Return the address of the database that this process uses."""
    known = connection.settings_dict
    login = ":".join(quote(str(known[name]), safe="") for name in ("USER", "PASSWORD") if known[name])
    place = urlencode({name.lower(): known[name] for name in ("HOST", "PORT") if known[name]})
    return f"postgresql://{login}@/{known['NAME']}?{place}"


def desk_environment(tickets: Path) -> dict[str, str]:
    """Return what the desk needs: where the database is and where tickets go. None of our keys."""
    return {
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "DATABASE_POOL": "false",
        "PROMETHEUS_TICKETS": str(tickets),
        "LOG_LEVEL": "ERROR",
    }
