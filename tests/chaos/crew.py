"""Workers of one run, moved by hand: what each has in memory, and the steps that it takes with it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit.events import EventType
from orchestration.engine import acting
from orchestration.engine.bench import Bench, parts
from orchestration.engine.checkpoints import DjangoSaver
from orchestration.engine.effects import stored
from orchestration.engine.lease import Lease
from orchestration.models import Run
from orchestration.snapshots import BRANCH
from orchestration.states import RunState
from tests.orchestration.rows import journal_of, question
from tests.orchestration.saving import at, put


@dataclass(slots=True)
class Worker:
    """A worker with a lease, and what of the run it has in memory; ``version`` is the run's as it knows it."""

    lease: Lease
    bench: Bench
    saver: DjangoSaver
    version: int
    config: Any

    def step(self) -> None:
        """Write a checkpoint after which the draft comes, and with it what the step found.

        Raises:
            StaleWrite: the run is no longer this worker's.
        """
        journal = self.bench.journal
        if journal.run.state == RunState.INITIALIZED:
            journal.move("process")
        journal.enter(EventType.RUN_PUBLISHED, answer="", citations=0)
        channels: dict[str, Any] = {f"{BRANCH}draft": None, "revision": 0}
        self.config = put(self.saver, self.config, **channels)

    def act(self, action: UUID) -> None:
        """Do an action as the node EXECUTION does.

        Raises:
            StaleWrite: the run is no longer this worker's.
            EffectFailed: the server refused it.
        """
        acting.act(self.bench, stored(str(action)))

    def begin_to_act(self, action: UUID, *, sent: bool) -> None:
        """Do an action as a worker does that dies before the call, or after it; raises StaleWrite."""
        begun = stored(str(action))
        acting.intend(self.bench, begun)
        if sent:
            acting.call(self.bench, begun, seconds=5)


def hired(lease: Lease, run: Run) -> Worker:
    """Return a worker that has taken the run and read its newest checkpoint."""
    journal, saver = journal_of(run), DjangoSaver()
    saver.attach(journal)
    known = saver.get_tuple(at(journal.thread))
    bench = Bench(journal, question(), parts())
    return Worker(lease, bench, saver, journal.run.version, known.config if known else at(journal.thread))
