"""Two people who may override, and the steps of an override as they and a worker take them."""

from typing import Any

from audit.actors import Actor
from audit.roles import Role
from guardians import activating
from orchestration import restoring
from orchestration.engine import driver, restorer
from orchestration.management.stage import Stage
from orchestration.models import Restore, Run
from tests.conftest import person
from tests.pipeline.asking import CASES, ask, fresh

WHY = "The board allows this one, minutes of 3 November."
DENIED: dict[str, Any] = {**CASES["a"], "facts": {"run": {"decision_domain": "credit", "outcome": "adverse"}}}


def denied(stage: Stage, **changes: Any) -> Run:
    """Return a run that a policy rule refused, whose claims are all supported."""
    return ask(stage, {**DENIED, **changes})


def overriders(stage: Stage) -> tuple[Actor, Actor]:
    first, second = (person(name, stage.workspace, Role.OVERRIDER) for name in ("barbara", "dorothy"))
    return first.actor, second.actor


def requested(run: Run, *, by: Actor) -> Restore:
    seen = restoring.dry_override(run.pk, actor=by).binding()
    return restoring.request_override(run.pk, actor=by, reason=WHY, seen=seen)


def agreed(run: Run, *, by: tuple[Actor, Actor]) -> Restore:
    """Return an override that two people agreed on and nobody has carried out yet."""
    override = requested(run, by=by[0])
    return restoring.approve(override.pk, actor=by[1], reason=WHY, seen=override.binding)


def fork_of(override: Restore) -> Run:
    """Return the driven fork that an override made."""
    restorer.carry_out(override.pk)
    fork = Restore.objects.get(pk=override.pk).fork
    assert fork is not None
    driver.advance(fork.pk)
    return fresh(fork)


def activated(stage: Stage, text: str) -> None:
    """Put a pack of the workspace's own in force."""
    version = activating.draft(text=text, why=WHY, actor=stage.actors["ada"])
    activating.propose(version.pk, actor=stage.actors["ada"])
    activating.activate(version.pk, seen=version.hash, actor=stage.actors["alan"])
