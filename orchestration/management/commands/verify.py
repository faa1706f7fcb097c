"""Check an answer against documents: every claim with its verdict, the reason in a sentence and the quoted evidence."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from audit.errors import Problem, Unavailable
from evidence import passages
from evidence.records import ReadClaim
from orchestration import records, requests, runs
from orchestration.engine import driver
from orchestration.management.stage import set_stage
from orchestration.models import Run
from orchestration.states import TERMINAL, Decision, Kind, RunState

# A workspace without a corpus: only the documents that are given count.
WORKSPACE = "own"
PATIENCE = 60.0  # seconds
MARKS = {"SUPPORTED": "✓", "CONTRADICTED": "✗", "INSUFFICIENT": "?", "DISPUTED": "≠"}


class Command(BaseCommand):
    help = "Verify ANSWER against DOCUMENTS. Exit 0: all supported, 1: something would be withheld, 2: an error."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("answer", type=Path)
        parser.add_argument("documents", type=Path, nargs="+")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
        parser.add_argument("--stakes", default="MEDIUM", choices=["LOW", "MEDIUM", "HIGH"])

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            read = self.judge(options)
        except (OSError, Problem, passages.DocumentError) as error:
            self.stderr.write(f"verify: {error}")
            sys.exit(2)
        if read.run.state == RunState.FAILED:
            self.stderr.write(f"verify: the run failed: {read.run.reason}")
            sys.exit(2)
        proven = bool(read.claims) and all(claim.verdict == "SUPPORTED" for claim in read.claims)
        if options["json"]:
            self.stdout.write(json.dumps(document(read), ensure_ascii=False, indent=2))
        else:
            for line in table(read):
                self.stdout.write(line)
        sys.exit(0 if proven else 1)

    def judge(self, options: dict[str, Any]) -> records.ReadRun:
        answer = text_of(options["answer"])
        sent = [{"source": p.name, "title": p.name, "text": text_of(p)} for p in options["documents"]]
        body = {"answer": answer, "passages": sent, "stakes": options["stakes"]}
        request = requests.parse(body, kind=Kind.VERIFY)
        call_command("migrate", verbosity=0)
        actor = set_stage(WORKSPACE).actors["grace"]
        run = runs.submit(request, actor=actor).run
        settle(run.pk)
        return records.read_run(run.pk, actor=actor, via="command")


def settle(run_id: UUID, *, patience: float = PATIENCE) -> None:
    """Drive a run until it has ended or waits for people.

    A worker that runs on this machine may have taken it up first; then it is waited for.

    Raises:
        Unavailable: it is under way still after ``patience`` seconds.
    """
    ends = time.monotonic() + patience
    while True:
        driver.advance(run_id)
        run = Run.objects.get(pk=run_id)
        if run.state in TERMINAL or (run.state == RunState.DECISION and run.decision == Decision.ESCALATE):
            return
        if time.monotonic() >= ends:
            raise Unavailable(f"run {run_id} is {run.state} after {patience:.0f} s; look at it in the console")
        time.sleep(0.05)


def text_of(path: Path) -> str:
    """Return a file's text.

    Raises:
        DocumentError: it is empty, too long, not UTF-8, or holds control characters; the message names the file.
    """
    try:
        return passages.read(path.read_bytes())
    except passages.DocumentError as error:
        raise passages.DocumentError(f"{path}: {error}") from error


def document(read: records.ReadRun) -> dict[str, Any]:
    return {
        "run": str(read.run.pk),
        "decision": read.run.decision,
        "claims": [claim_document(claim) for claim in read.claims],
    }


def claim_document(claim: ReadClaim) -> dict[str, Any]:
    return {
        "text": claim.text,
        "span": [claim.span.start, claim.span.end],
        "verdict": claim.verdict,
        "reason": claim.reason,
        "why": claim.why,
        "score": round(claim.score, 4),
        "evidence": [
            {"source": item.source, "quote": item.passage_span.of(item.text), "stance": item.stance}
            for item in claim.evidence
        ],
    }


def table(read: records.ReadRun) -> Iterator[str]:
    for number, claim in enumerate(read.claims, start=1):
        yield f"{number:>2} {MARKS[claim.verdict]} {claim.verdict}: {claim.text}"
        yield f"     {claim.why}"
        for item in claim.evidence[:1]:
            yield f'     {item.source}: "{item.passage_span.of(item.text)}"'
        yield ""
    supported = sum(claim.verdict == "SUPPORTED" for claim in read.claims)
    yield f"{supported} of {len(read.claims)} claims are supported; decision {read.run.decision or read.run.state}."
    yield f"The run: /console/runs/{read.run.pk}?workspace={WORKSPACE} (start the console with: python3 run.py demo)"
