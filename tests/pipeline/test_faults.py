"""Tool servers and models that fail in the middle of a run: a recorded failure, and nothing published unproven."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from audit import ledger
from audit.models import Entry
from evidence.gate import DEFAULT_POLICY
from guardians.guardian import Material, Vote
from guardians.toolrisk import Tier
from orchestration import registry, runs
from orchestration.engine import bench, driver, providers
from orchestration.engine.gathering import address_of
from orchestration.engine.providers import Provider, Scripted
from orchestration.engine.tools import ToolBridge
from orchestration.management.stage import Stage
from orchestration.models import Run, Tool, ToolServer
from tests.orchestration.model_server import Say, model_server
from tests.pipeline.asking import CASES, ask, ended, fresh, submit

FAULTY = Path(__file__).parents[1] / "orchestration" / "faulty_server.py"
QUESTION = {"kind": "question", "question": "When is warfarin stopped before planned surgery?", "stakes": "LOW"}


def command(mode: str) -> list[str]:
    return [sys.executable, "-S", str(FAULTY), mode]


def register(stage: Stage, mode: str, *, tier: Tier, seconds: int = 2) -> ToolServer:
    """Register a server that misbehaves, and approve its tools as an operator would."""
    server = ToolServer.objects.create(
        workspace=stage.workspace, name="poor", transport="stdio", command=command(mode), timeout_seconds=seconds
    )
    with ToolBridge() as bridge:
        definitions = bridge.discover(address_of(server))
    registry.record_definitions(server.pk, definitions, actor=stage.actors["ada"])
    for tool in Tool.objects.filter(server=server):
        registry.approve_tool(tool.pk, tier=tier, seen=tool.definition_hash, actor=stage.actors["ada"])
    return server


@pytest.mark.parametrize(
    ("tool", "fault"),
    [("hang", "TIMEOUT"), ("die", "DIED"), ("junk", "JUNK"), ("large", "TOO_LARGE"), ("fail", "TOOL_ERROR")],
)
def test_a_search_that_fails_is_recorded_and_the_run_goes_on_without_it(quick: Stage, tool: str, fault: str) -> None:
    register(quick, f"search:{tool}", tier=Tier.READ_ONLY)
    run = ask(quick, QUESTION)
    assert run.tool_calls.get(tool__server__name="poor").fault == fault
    assert (run.state, run.decision) == ("COMPLETED", "PUBLISH")


def test_a_server_whose_definition_changed_is_not_called_until_a_person_approves_it(quick: Stage) -> None:
    server = register(quick, "search:echo", tier=Tier.READ_ONLY)
    ToolServer.objects.filter(pk=server.pk).update(command=command("search:echo:changed"))
    run = ask(quick, QUESTION)
    assert not run.tool_calls.filter(tool__server=server).exists()
    assert server.tools.get().state == "QUARANTINED"
    assert Entry.objects.filter(type="tool.quarantined").exists()


def act(stage: Stage, tool: str) -> Run:
    return ask(stage, {**QUESTION, "actions": [{"tool": f"poor/{tool}", "arguments": {"text": "Please look."}}]})


@pytest.mark.parametrize("tool", ["die", "hang", "junk"])
def test_an_effect_whose_outcome_nobody_knows_is_not_tried_again(quick: Stage, tool: str) -> None:
    register(quick, "", tier=Tier.WRITE_LIMITED)
    run = act(quick, tool)
    assert (run.state, run.due_at, run.actions.get().state) == ("EXECUTION", None, "UNKNOWN")
    assert run.inquiries.get().state == "OPEN"
    driver.advance(run.pk)
    assert Entry.objects.filter(run=run.pk, type="effect.intended").count() == 1


def test_an_effect_that_the_tool_refused_fails_the_run_and_publishes_nothing(quick: Stage) -> None:
    register(quick, "", tier=Tier.WRITE_LIMITED)
    run = act(quick, "fail")
    assert (run.state, run.actions.get().state, run.answer_sealed) == ("FAILED", "FAILED", None)


def test_a_tool_that_changes_after_its_approval_is_not_called(quick: Stage) -> None:
    server = register(quick, "", tier=Tier.MODIFY)
    run = act(quick, "echo")
    assert run.decision == "ESCALATE"
    approve(quick, run)
    ToolServer.objects.filter(pk=server.pk).update(command=command("changed"))
    driver.advance(run.pk)
    assert (fresh(run).decision, fresh(run).reason) == ("REFUSE", "tool:poor/echo:tool_quarantined")
    assert (run.actions.get().state, run.approvals.get().state) == ("REFUSED", "VOID")


def approve(stage: Stage, run: Run) -> None:
    approval = run.approvals.get()
    runs.approve(approval.pk, actor=stage.actors["alan"], reason="It is harmless.", seen=approval.binding)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Callable[..., Scripted]:
    """Let drafts be written by a script."""

    def use(*replies: str) -> Scripted:
        written = Scripted(replies)
        settings.PROMETHEUS_PROVIDER = {"PROMETHEUS_PROVIDER": "scripted"}
        monkeypatch.setitem(providers.MAKERS, "scripted", lambda _: written)
        bench.close()
        return written

    return use


def test_a_draft_is_revised_with_the_gates_reasons(quick: Stage, script: Callable[..., Scripted]) -> None:
    wrong, right = (
        "Warfarin is stopped 9 days before planned surgery.",
        "Warfarin is stopped 5 days before planned surgery.",
    )
    written = script(wrong, right)
    run = ask(quick, QUESTION)
    assert (run.state, run.decision, run.revision) == ("COMPLETED", "PUBLISH", 1)
    assert [wrong in refused for refused in written.tasks[1].refused] == [True]


def test_a_draft_that_stays_wrong_is_refused_after_two_revisions(quick: Stage, script: Callable[..., Scripted]) -> None:
    script(*["Warfarin is stopped 9 days before planned surgery."] * 3)
    run = ask(quick, QUESTION)
    assert (run.state, run.decision, run.revision, run.reason) == ("COMPLETED", "REFUSE", 2, "gate:NONE_SUPPORTED")


@pytest.fixture
def model(settings: Settings) -> Iterator[Callable[..., None]]:
    """Let drafts be written by a model behind a real HTTP server."""
    opened = []

    def use(*script: Say) -> None:
        serving = model_server(*script)
        opened.append(serving)
        settings.PROMETHEUS_PROVIDER = {
            "PROMETHEUS_PROVIDER": "openai",
            "OPENAI_BASE_URL": f"{serving.__enter__().url}/v1",
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_MODEL": "m",
            "OPENAI_TIMEOUT": "0.3",
        }
        bench.close()

    yield use
    for serving in opened:
        serving.__exit__(None, None, None)


def test_a_models_supported_answer_is_published(quick: Stage, model: Callable[..., None]) -> None:
    model(Say('{"answer": "Warfarin is stopped 5 days before planned surgery."}'))
    run = ask(quick, QUESTION)
    assert (run.decision, run.provider) == ("PUBLISH", "openai")


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        (Say('{"reply": "Five days."}'), "provider:SCHEMA"),
        (Say("Five days."), "provider:SCHEMA"),
        (Say(late_s=1), "provider:TIMEOUT"),
        (Say(status=500), "provider:EXHAUSTED"),
        (Say(status=401), "provider:REFUSED"),
    ],
)
def test_a_model_that_fails_fails_the_run_with_its_reason(
    quick: Stage, model: Callable[..., None], say: Say, reason: str
) -> None:
    model(say)
    run = ask(quick, QUESTION)
    assert (run.state, run.answer_sealed) == ("FAILED", None)
    assert run.reason.startswith(reason)
    assert "sk-" not in run.reason


def test_a_guardian_that_crashes_lets_nothing_through(quick: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(guardian: object, material: Material) -> Vote:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("guardians.privacy.Privacy.review", crash)
    run = ask(quick, CASES["b"])
    assert run.decision != "PUBLISH_PARTIAL"
    assert run.answer_sealed is None


def test_without_a_calibration_nothing_is_published(quick: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "DEFAULT_POLICY", replace(DEFAULT_POLICY, calibration=None))
    bench.close()
    run = ask(quick, CASES["b"])
    assert (run.decision, set(ended(run).verdicts)) == ("REFUSE", {"INSUFFICIENT"})


def test_a_step_that_always_raises_ends_as_a_recorded_failure(
    quick: Stage, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.PROMETHEUS_MAX_ATTEMPTS = 2

    def crash(*_: object, **__: object) -> Provider:
        raise RuntimeError("never works")

    monkeypatch.setattr("evidence.gate.judge", crash)
    run = submit(quick, CASES["b"])
    for _ in range(3):
        driver.advance(run.pk)
        Run.objects.filter(pk=run.pk).update(lease_until=None)
    assert (fresh(run).state, fresh(run).reason) == ("FAILED", "attempts: 2 without an end")
    assert list(ledger.check_chains()) == []
