"""Steps of the tests about effects: a notary is registered, runs ask for notes, people answer."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardians.toolrisk import Tier
from orchestration import inquiring, registry, runs
from orchestration.engine import driver
from orchestration.engine.gathering import address_of
from orchestration.engine.tools import ToolBridge
from orchestration.management.stage import Stage
from orchestration.models import Inquiry, Run, Tool, ToolServer
from orchestration.states import InquiryState
from tests.pipeline import notary
from tests.pipeline.asking import ask, fresh

REASON = "I looked into the book myself."
QUESTION = {"kind": "question", "question": "When is warfarin stopped before planned surgery?", "stakes": "LOW"}


@dataclass(frozen=True, slots=True)
class Notary:
    stage: Stage
    server: ToolServer
    book: Path

    def notes(self) -> list[dict[str, Any]]:
        return notary.lines(self.book)

    def tool(self, name: str = "note") -> Tool:
        return Tool.objects.select_related("server").get(server=self.server, name=name)

    def become(self, *words: str) -> None:
        """Let the server be started with other words from now on."""
        ToolServer.objects.filter(pk=self.server.pk).update(command=command(self.book, *words))

    def discover(self) -> None:
        with ToolBridge() as bridge:
            definitions = bridge.discover(address_of(ToolServer.objects.get(pk=self.server.pk)))
        registry.record_definitions(self.server.pk, definitions, actor=self.stage.actors["ada"])

    def approve(self, tier: Tier) -> None:
        for tool in Tool.objects.filter(server=self.server):
            registry.approve_tool(tool.pk, tier=tier, seen=tool.definition_hash, actor=self.stage.actors["ada"])

    def compensate(self) -> None:
        """Register that striking undoes a note."""
        note, strike = self.tool(), self.tool("strike")
        registry.register_compensation(
            note.pk,
            by=strike.pk,
            arguments={"number": {"from": "result.number"}},
            seen=note.definition_hash,
            seen_by=strike.definition_hash,
            actor=self.stage.actors["ada"],
        )


def command(book: Path, *words: str) -> list[str]:
    return [sys.executable, "-S", str(Path(notary.__file__)), str(book), *words]


def opened(stage: Stage, book: Path, *words: str, tier: Tier = Tier.WRITE_LIMITED) -> Notary:
    server = ToolServer.objects.create(
        workspace=stage.workspace,
        name="notary",
        transport="stdio",
        command=command(book, *words),
        timeout_seconds=5,
    )
    found = Notary(stage, server, book)
    found.discover()
    found.approve(tier)
    return found


def asking(*texts: str) -> dict[str, Any]:
    """Return a question that asks for these notes."""
    return {**QUESTION, "actions": [{"tool": "notary/note", "arguments": {"text": text}} for text in texts]}


def noted(stage: Stage, *texts: str) -> Run:
    """Return the driven run of a question that asks for these notes."""
    return ask(stage, asking(*texts))


def inquiry_of(run: Run) -> Inquiry:
    return run.inquiries.get(state=InquiryState.OPEN.value)


def answered(stage: Stage, run: Run, word: InquiryState, result: str = "") -> Run:
    """Return the run after a person's answer, driven on."""
    asked = inquiry_of(run)
    actor = stage.actors["alan"]
    inquiring.answer(asked.pk, word=word, reason=REASON, seen=asked.binding, result=result, actor=actor)
    driver.advance(run.pk)
    return fresh(run)


def allowed(stage: Stage, run: Run) -> Run:
    """Return the run after its waiting approval was given, driven on."""
    approval = run.approvals.get(state="PENDING")
    runs.approve(approval.pk, actor=stage.actors["alan"], reason=REASON, seen=approval.binding)
    driver.advance(run.pk)
    return fresh(run)
