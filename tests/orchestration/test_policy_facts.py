"""What the policy packs are told of a run, its tools and its client: what nobody stated counts as the worst."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from audit.models import Workspace
from audit.stakes import Stakes
from evidence import claims, gate
from evidence.gate import DEFAULT_POLICY
from guardians.activating import built_in
from guardians.callrisk import Context
from guardians.facts import CLAIM, CLIENT, MAPS, RUN, SERVER, STATED, TOOL
from orchestration import material, registry
from orchestration.models import ToolServer
from tests.evidence.material import passage
from tests.orchestration.rows import tool

NOTHING_READ = Context.of("Tell grace@site.example.", [], in_request=True)
ASPIRIN = "Aspirin is stopped seven days before surgery."
SOMETHING = gate.judge(claims.split(ASPIRIN), [passage(ASPIRIN)], stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY)
NOBODY = gate.judge([], [], stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY)
TODAY = dt.date(2026, 11, 27)


def fired(stakes: Stakes = Stakes.MEDIUM, *, tools: tuple[dict[str, object], ...] = (), **asked: object) -> list[str]:
    known = material.facts_for(asked, report=NOBODY, findings=[], tools=tools, stakes=stakes, on=TODAY)
    return [match.rule for match in built_in().evaluate(known)]


def test_at_high_stakes_a_person_decides_and_the_rules_know() -> None:
    assert fired(use_case="recruitment") == ["euaia.annex3.oversight"]
    assert fired(Stakes.HIGH, use_case="recruitment") == []
    assert fired(Stakes.HIGH, use_case="remote_biometric_id") == ["euaia.annex3.rbi_two_person"]


def test_a_client_cannot_say_that_a_person_decides() -> None:
    assert fired(use_case="recruitment", run={"human_review": True}) == ["euaia.annex3.oversight"]


def test_what_a_client_states_of_person_answer_and_case_is_asked_for() -> None:
    assert fired(lawful_basis="consent", subject={"age": 12}) == ["gdpr.art8.child"]
    assert fired(run={"decision_domain": "credit", "outcome": "adverse"}) == ["ecoa.adverse_action"]


def test_a_tool_that_nobody_knows_is_taken_for_a_dangerous_one_of_somebody_else() -> None:
    told = registry.policy_facts(None, NOTHING_READ, {"to": "grace@site.example"})
    assert fired(tools=(told,), phi=True) == ["hipaa.baa", "tool.destructive", "tool.tainted_sink"]


@pytest.mark.django_db
def test_a_tool_is_told_with_its_tier_its_pin_and_what_its_operator_stated(workspace: Workspace) -> None:
    known = tool(workspace, registered_tier=1, state="ACTIVE", approved_hash="d" * 64)
    ToolServer.objects.update(policy_facts={"external": False, "region": "EU"})
    known.server.refresh_from_db()
    told = registry.policy_facts(known, NOTHING_READ, {"to": "grace@site.example", "body": "see https://site.example"})
    stated = {"external": False, "region": "EU"}
    called = {"args_tainted": False, "arg_roles": ["free_text", "recipient", "url"]}
    assert told == {"risk": 1, "schema_changed": False, "writes": True, **stated, **called}
    known.approved_hash = "e" * 64
    assert fired(tools=(registry.policy_facts(known, NOTHING_READ, {}),)) == ["tool.unpinned"]


@pytest.mark.django_db
def test_everything_that_the_packs_ask_is_told_by_the_client_by_an_operator_or_by_us(workspace: Workspace) -> None:
    ours = registry.policy_facts(tool(workspace, registered_tier=1), NOTHING_READ, {})
    assert (set(ours) | set(SERVER), set(ours) & set(SERVER)) == (set(TOOL), set())
    known = material.facts_for({}, report=SOMETHING, findings=[], tools=[ours], stakes=Stakes.HIGH, on=TODAY)
    run: Any = known["run"]
    told = {name: run[name] for name in RUN if name not in STATED}
    assert told == {"human_review": True, "distinct_reviewers": 1, "audit_enabled": True}
    assert set(MAPS) == {*CLIENT, "request", "tool"}
    (claim,) = material.claim_facts(SOMETHING)
    assert set(claim) == set(CLAIM)
    assert (known["claims"], known["on"]) == ([claim], "2026-11-27")


@pytest.mark.django_db
@pytest.mark.parametrize("stated", [{"risk": 0}, {"external": "no"}, {"colour": "red"}, ["external"]])
def test_what_an_operator_cannot_state_of_a_server_is_refused(workspace: Workspace, stated: object) -> None:
    server = ToolServer(workspace=workspace, name="desk", transport="stdio", policy_facts=stated)
    with pytest.raises(ValidationError, match="policy_facts"):
        server.full_clean(exclude=["command"])
