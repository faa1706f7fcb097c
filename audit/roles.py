"""What each role of a workspace may do, as scopes. An API key carries scopes of its own."""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    APPROVALS_READ = "approvals:read"
    APPROVALS_DECIDE = "approvals:decide"
    APPEALS_DECIDE = "appeals:decide"
    DENIALS_OVERRIDE = "denials:override"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_WRITE = "documents:write"
    LEDGER_READ = "ledger:read"
    TOOLS_WRITE = "tools:write"
    WEBHOOKS_WRITE = "webhooks:write"
    WORKSPACE_WRITE = "workspace:write"


class Role(StrEnum):
    VIEWER = "viewer"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    OVERRIDER = "overrider"
    AUDITOR = "auditor"
    OPERATOR = "operator"


_READ = frozenset({Scope.RUNS_READ, Scope.APPROVALS_READ, Scope.DOCUMENTS_READ, Scope.LEDGER_READ})

SCOPES: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset({Scope.RUNS_READ, Scope.DOCUMENTS_READ}),
    Role.REVIEWER: _READ | {Scope.RUNS_WRITE, Scope.APPEALS_DECIDE},
    Role.APPROVER: _READ | {Scope.RUNS_WRITE, Scope.APPROVALS_DECIDE, Scope.APPEALS_DECIDE},
    Role.OVERRIDER: _READ | {Scope.DENIALS_OVERRIDE},
    Role.AUDITOR: _READ,
    Role.OPERATOR: _READ
    | {Scope.RUNS_WRITE, Scope.DOCUMENTS_WRITE, Scope.TOOLS_WRITE, Scope.WEBHOOKS_WRITE}
    | {Scope.WORKSPACE_WRITE},
}


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Return the union of what the roles allow; a role that does not exist allows nothing."""
    return frozenset(scope.value for role in roles if role in set(Role) for scope in SCOPES[Role(role)])
