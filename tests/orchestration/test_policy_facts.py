"""What the policy packs are told of a run, its tools and its client: what nobody stated counts as the worst."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from audit.models import Workspace
from audit.stakes import Stakes
from evidence import gate
from evidence.gate import DEFAULT_POLICY
from guardians.activating import built_in
from orchestration import material, registry
from orchestration.models import ToolServer
from tests.orchestration.rows import tool

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
    assert fired(tools=(registry.policy_facts(None),), phi=True) == ["hipaa.baa", "tool.destructive"]


@pytest.mark.django_db
def test_a_tool_is_told_with_its_tier_its_pin_and_what_its_operator_stated(workspace: Workspace) -> None:
    known = tool(workspace, registered_tier=1, state="ACTIVE", approved_hash="d" * 64)
    ToolServer.objects.update(policy_facts={"external": False, "region": "EU"})
    known.server.refresh_from_db()
    told = registry.policy_facts(known)
    assert told == {"risk": 1, "schema_changed": False, "writes": True, "external": False, "region": "EU"}
    known.approved_hash = "e" * 64
    assert fired(tools=(registry.policy_facts(known),)) == ["tool.unpinned"]


@pytest.mark.django_db
@pytest.mark.parametrize("stated", [{"risk": 0}, {"external": "no"}, {"colour": "red"}, ["external"]])
def test_what_an_operator_cannot_state_of_a_server_is_refused(workspace: Workspace, stated: object) -> None:
    server = ToolServer(workspace=workspace, name="desk", transport="stdio", policy_facts=stated)
    with pytest.raises(ValidationError, match="policy_facts"):
        server.full_clean(exclude=["command"])
