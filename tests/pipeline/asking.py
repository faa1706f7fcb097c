"""The demonstration's requests, sent and driven in this process, and what came of a run in one comparable value."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.models import Claim
from guardians.models import Review
from orchestration import requests, runs
from orchestration.engine import driver
from orchestration.management.stage import Stage
from orchestration.models import Run
from orchestration.states import Kind

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo"
CASES: dict[str, dict[str, Any]] = {
    case["id"]: case for case in json.loads((DEMO / "requests.json").read_text(encoding="utf-8"))
}
KINDS: list[dict[str, Any]] = json.loads((DEMO / "kinds.json").read_text(encoding="utf-8"))


def submit(stage: Stage, case: Mapping[str, Any]) -> Run:
    body = {name: case[name] for name in ("question", "answer", "stakes", "passages", "facts") if name in case}
    body["actions"] = [{**action, "tool": named(action["tool"])} for action in case.get("actions", [])]
    request = requests.parse(body, kind=Kind(case["kind"].upper()))
    return runs.submit(request, actor=stage.actors["grace"]).run


def named(tool: str) -> str:
    return tool if "/" in tool else f"desk/{tool}"


def ask(stage: Stage, case: Mapping[str, Any]) -> Run:
    """Return the run as it is when the engine has nothing left to do."""
    run = submit(stage, case)
    driver.advance(run.pk)
    return fresh(run)


def fresh(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


@dataclass(frozen=True, slots=True)
class Ended:
    """What must be the same however often a worker died on the way."""

    state: str
    decision: str
    reason: str
    verdicts: tuple[str, ...]
    ballots: tuple[str, ...]
    approvals: tuple[str, ...]
    actions: tuple[str, ...]


def ended(run: Run) -> Ended:
    run = fresh(run)
    claims = Claim.objects.filter(bundle__run=run.pk).order_by("bundle__revision", "ordinal")
    return Ended(
        state=run.state,
        decision=run.decision,
        reason=run.reason,
        verdicts=tuple(claims.values_list("verdict", flat=True)),
        ballots=tuple(Review.objects.filter(run=run.pk).order_by("revision").values_list("ballot", flat=True)),
        approvals=tuple(run.approvals.values_list("state", flat=True)),
        actions=tuple(run.actions.order_by("ordinal").values_list("state", flat=True)),
    )
