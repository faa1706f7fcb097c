"""Who did it. Every verb takes an actor; the ledger keeps its opaque name, never a person's."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    USER = "user"
    KEY = "key"
    WORKER = "worker"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A principal in one workspace.

    Attributes:
        id: opaque identifier within the kind, such as a primary key; never a name or an address.
        workspace: the workspace it acts in; None only for the system itself.
        scopes: what it may do, such as ``runs:write`` or ``approvals:decide``.
    """

    kind: ActorKind
    id: str
    workspace: UUID | None
    scopes: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    def may(self, scope: str) -> bool:
        return scope in self.scopes


SYSTEM = Actor(kind=ActorKind.SYSTEM, id="prometheus", workspace=None)
