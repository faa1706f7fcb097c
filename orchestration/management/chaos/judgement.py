"""What must not be, whatever died: judged from the tables and from what happened outside, not from final states."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit import ledger
from orchestration.engine.inspection import Inspection, Kind
from orchestration.models import Action, Run
from orchestration.states import TERMINAL, ActionState, RunState

TICKET_KEY = "key:"


@dataclass(frozen=True, slots=True)
class Breach:
    kind: Kind
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.where}: {self.what}"


def judge(tickets: Path) -> Iterator[Breach]:
    """Yield every breach, once nothing has anything left to do.

    Args:
        tickets: the file that the desk wrote: what really happened outside, whatever the tables say.
    """
    yield from lost_runs()
    for kind, fault in Inspection().sorted_faults():
        yield Breach(kind, fault.where, fault.what)
    for fault in ledger.check_chains():
        yield Breach(Kind.LEDGER_GAP, fault.where, fault.what)
    yield from compare_tickets(tickets)


def lost_runs() -> Iterator[Breach]:
    """Yield runs that nobody will end: still due, or FAILED although nothing but workers failed."""
    ended = [state.value for state in TERMINAL]
    for pk, state in Run.objects.filter(due_at__isnull=False).exclude(state__in=ended).values_list("pk", "state"):
        yield Breach(Kind.LOST_RUN, f"run {pk}", f"it is still due, in {state}")
    for pk, reason in Run.objects.filter(state=RunState.FAILED.value).values_list("pk", "reason"):
        yield Breach(Kind.LOST_RUN, f"run {pk}", f"it is FAILED: {reason}")


def compare_tickets(path: Path) -> Iterator[Breach]:
    """Compare the desk's book with the actions: one ticket for each action that is DONE, and no other."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    filed = Counter(json.loads(line)["key"].removeprefix(TICKET_KEY) for line in lines)
    done = Action.objects.filter(state=ActionState.DONE.value, original__isnull=True)
    known = set(done.values_list("idempotency_key", flat=True))
    for key, times in filed.items():
        if times > 1:
            yield Breach(Kind.DUPLICATE_EFFECT, f"action with key {key}", f"the desk has {times} tickets of it")
        if key not in known:
            yield Breach(Kind.DUPLICATE_EFFECT, f"ticket with key {key}", "no action says that it was done")
    for key in known - filed.keys():
        yield Breach(Kind.DISAGREEMENT, f"action with key {key}", "it is DONE, and the desk has no ticket of it")
