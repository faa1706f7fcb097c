"""Whatever is raised while a run is driven ends in a record, or in another try that is counted."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils.timezone import now
from langgraph.errors import GraphRecursionError
from pytest_django import Settings

from audit import keys, ledger
from audit.fields import open_text
from audit.models import DataKey, Entry
from orchestration import priority, runs, tasks
from orchestration.engine import bench, draining, driver, lease
from orchestration.engine.driver import Ended
from orchestration.engine.envelope import STEP_LIMIT
from orchestration.engine.providers import DraftReply, DraftTask, ProviderFailure, Reason, Scripted
from orchestration.models import Approval, Checkpoint, Run
from tests.conftest import Person
from tests.orchestration.rows import QUESTION, REASON, entries, fresh, submitted

pytestmark = pytest.mark.usefixtures("committed")

LEAFLET = "Warfarin is stopped 5 days before surgery."
PASSAGES = [{"source": "leaflet", "text": LEAFLET}]


class Acting:
    """A provider that does something else before it answers, or instead."""

    id = "acting"
    model = "acting/1"

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act

    def draft(self, task: DraftTask) -> DraftReply:  # noqa: ARG002 - a provider takes one
        self.act()
        return DraftReply(answer=LEAFLET, provider=self.id, model=self.model)


class Use:
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch

    def __call__(self, provider: object) -> None:
        parts = replace(bench.parts(), provider=provider)  # type: ignore[arg-type]
        self.patch.setattr(driver, "parts", lambda: parts)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Let the engine draft with a provider of the test."""
    return Use(monkeypatch)


@pytest.fixture(autouse=True, scope="module")
def ended_sessions() -> Iterator[None]:
    yield
    bench.close()


def asked(who: Person, **fields: object) -> Run:
    return submitted(who.actor, passages=PASSAGES, **fields)


def failing(error: Exception) -> Acting:
    def act() -> None:
        raise error

    return Acting(act)


def run_out(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_until=now() - timedelta(seconds=1))


def test_a_run_is_driven_to_its_end(grace: Person) -> None:
    run = asked(grace)
    assert driver.advance(run.pk) is Ended.DONE
    stored = fresh(run)
    assert (stored.state, stored.decision, stored.due_at, stored.lease_until) == ("COMPLETED", "PUBLISH", None, None)
    assert stored.finished_at is not None
    assert list(ledger.check_chains(run=run.pk)) == []


def test_the_masked_question_is_kept_with_the_run(grace: Person) -> None:
    run = submitted(grace.actor, question=f"{QUESTION} Write to ada.byron@example.org.", passages=PASSAGES)
    driver.advance(run.pk)
    found = open_text(keys.load(run.key_id), fresh(run), "question_sealed")
    assert found.startswith(QUESTION)
    assert "ada.byron" not in found


def test_a_run_that_has_ended_is_not_taken_up_again(grace: Person) -> None:
    run = asked(grace)
    driver.advance(run.pk)
    assert driver.advance(run.pk) is Ended.NOT_CLAIMED


def test_a_slice_ends_at_a_super_step_and_the_next_goes_on(grace: Person, settings: Settings) -> None:
    run = asked(grace)
    settings.PROMETHEUS_SLICE_SECONDS = -1
    assert driver.advance(run.pk) is Ended.SLICED
    assert fresh(run).lease_until is None
    settings.PROMETHEUS_SLICE_SECONDS = 60
    assert driver.advance(run.pk) is Ended.DONE
    assert entries(run).count("run.advanced") == 6


def test_a_model_that_gives_no_answer_fails_the_run_with_the_reason(grace: Person, use: Use) -> None:
    use(Scripted([ProviderFailure(Reason.EXHAUSTED, ())]))
    run = asked(grace)
    assert driver.advance(run.pk) is Ended.FAILED
    assert (fresh(run).state, fresh(run).reason) == ("FAILED", f"provider:{Reason.EXHAUSTED.value}: 0 attempts")
    assert entries(run)[-1] == "run.failed"


def test_a_run_whose_key_was_destroyed_fails(grace: Person) -> None:
    run = asked(grace)
    DataKey.objects.filter(run=run).delete()
    assert driver.advance(run.pk) is Ended.FAILED
    assert fresh(run).reason.startswith("key: data key")


def test_a_run_whose_request_was_changed_fails_and_the_row_is_named(grace: Person) -> None:
    run = asked(grace)
    Run.objects.filter(pk=run.pk).update(request_sealed=bytes(run.request_sealed)[:-1] + b"\x00")
    assert driver.advance(run.pk) is Ended.FAILED
    assert "request_sealed" in fresh(run).reason
    assert entries(run)[-2:] == ["checkpoint.refused", "run.failed"]


def test_a_run_whose_checkpoint_was_changed_fails_and_the_row_is_named(grace: Person, settings: Settings) -> None:
    run = asked(grace)
    settings.PROMETHEUS_SLICE_SECONDS = -1
    driver.advance(run.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orchestration_checkpoint SET digest = sha256(digest) WHERE thread = %s", [str(run.pk)])
    assert driver.advance(run.pk) is Ended.FAILED
    refused = Entry.objects.get(run=run.pk, type="checkpoint.refused")
    assert str(run.pk).encode() in bytes(refused.body)


class Flood(Acting):
    """A provider whose answer has 100 MB."""

    def draft(self, task: DraftTask) -> DraftReply:  # noqa: ARG002 - a provider takes one
        self.act()
        return DraftReply(answer="x" * 100_000_000, provider=self.id, model=self.model)


def test_a_step_that_returns_a_hundred_megabytes_fails_the_run_with_the_limit(grace: Person, use: Use) -> None:
    use(Flood(lambda: None))
    run = asked(grace)
    assert driver.advance(run.pk) is Ended.FAILED
    reason = fresh(run).reason
    assert reason.startswith("size: ")
    assert f"a step may write {STEP_LIMIT}" in reason
    assert (entries(run)[-1], run.drafts.count()) == ("run.failed", 0)


def test_a_run_that_a_newer_graph_began_is_refused_and_says_so(grace: Person, settings: Settings) -> None:
    run = asked(grace)
    settings.PROMETHEUS_SLICE_SECONDS = -1
    driver.advance(run.pk)
    Run.objects.filter(pk=run.pk).update(graph_version="2")
    assert driver.advance(run.pk) is Ended.FAILED
    assert "was begun by graph 2 of a newer version; this worker has graph 1" in fresh(run).reason
    assert entries(run)[-2:] == ["checkpoint.refused", "run.failed"]


def test_a_run_that_is_cancelled_while_it_is_driven_stays_cancelled(grace: Person, use: Use) -> None:
    run = asked(grace)
    use(Acting(lambda: runs.cancel(run.pk, actor=grace.actor)))
    assert driver.advance(run.pk) is Ended.STALE
    assert fresh(run).state == "CANCELLED"
    assert not run.drafts.exists()


def test_a_worker_that_lost_its_lease_writes_nothing_more(grace: Person, use: Use) -> None:
    run = asked(grace)

    def take_over() -> None:
        run_out(run)
        assert lease.claim(run.pk) is not None

    use(Acting(take_over))
    assert driver.advance(run.pk) is Ended.STALE
    assert (fresh(run).state, run.drafts.count()) == ("PROCESSING", 0)


def test_a_worker_that_lost_its_lease_records_no_failure(grace: Person, use: Use) -> None:
    run = asked(grace)

    def take_over_and_fail() -> None:
        run_out(run)
        lease.claim(run.pk)
        raise ProviderFailure(Reason.EXHAUSTED, ())

    use(Acting(take_over_and_fail))
    assert driver.advance(run.pk) is Ended.STALE
    assert fresh(run).state == "PROCESSING"


def test_a_graph_without_an_end_fails_the_run(grace: Person, use: Use) -> None:
    use(failing(GraphRecursionError("25 steps")))
    run = asked(grace)
    assert driver.advance(run.pk) is Ended.FAILED
    assert fresh(run).reason == "graph: more steps than a run may take"


@pytest.mark.parametrize(
    "error", [psycopg.OperationalError("away"), ConnectionResetError(), RuntimeError("unforeseen")]
)
def test_what_nobody_foresaw_keeps_the_lease_and_is_tried_again(grace: Person, use: Use, error: Exception) -> None:
    use(failing(error))
    run = asked(grace)
    assert driver.advance(run.pk) is Ended.ERROR
    stored = fresh(run)
    assert (stored.state, stored.attempt) == ("PROCESSING", 1)
    assert stored.lease_until is not None
    assert driver.advance(run.pk) is Ended.NOT_CLAIMED


def test_a_run_that_raises_every_time_fails_after_the_last_attempt(grace: Person, use: Use, settings: Settings) -> None:
    settings.PROMETHEUS_MAX_ATTEMPTS = 3
    use(failing(RuntimeError("unforeseen")))
    run = asked(grace)
    ended = []
    for _ in range(4):
        ended.append(driver.advance(run.pk))
        run_out(run)
    assert ended == [Ended.ERROR] * 3 + [Ended.FAILED]
    assert (fresh(run).state, fresh(run).reason) == ("FAILED", "attempts: 3 without an end")


def test_a_run_goes_on_where_it_was_after_an_error(grace: Person, use: Use) -> None:
    use(failing(RuntimeError("unforeseen")))
    run = asked(grace)
    driver.advance(run.pk)
    run_out(run)
    use(Scripted([LEAFLET]))
    assert driver.advance(run.pk) is Ended.DONE
    assert entries(run).count("run.advanced") == 6


def test_a_setting_that_cannot_be_used_is_an_error_and_no_loop(grace: Person, settings: Settings) -> None:
    settings.PROMETHEUS_PROVIDER = {"PROMETHEUS_PROVIDER": "oracle"}
    bench.close()
    assert driver.advance(asked(grace).pk) is Ended.ERROR


def test_nothing_leaves_the_border_even_when_the_failure_cannot_be_recorded(grace: Person, use: Use) -> None:
    run = asked(grace)

    def forget() -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_entry RENAME TO audit_entry_away")
        raise ProviderFailure(Reason.EXHAUSTED, ())

    use(Acting(forget))
    try:
        assert driver.advance(run.pk) is Ended.ERROR
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_entry_away RENAME TO audit_entry")
    assert fresh(run).state == "PROCESSING"


def test_a_doubtful_run_waits_for_people_and_goes_on_with_their_word(
    grace: Person, alan: Person, barbara: Person
) -> None:
    run = asked(grace, stakes="HIGH")
    assert driver.advance(run.pk) is Ended.WAITING
    assert (fresh(run).state, fresh(run).decision, fresh(run).due_at) == ("DECISION", "ESCALATE", None)
    approval = run.approvals.get()
    for who in (alan, barbara)[: approval.quorum]:
        runs.approve(approval.pk, actor=who.actor, reason=REASON, seen=approval.binding)
    assert driver.advance(run.pk) is Ended.DONE
    assert (fresh(run).state, fresh(run).decision) == ("COMPLETED", "PUBLISH")


def test_a_run_that_people_refuse_ends_refused(grace: Person, alan: Person) -> None:
    run = asked(grace, stakes="HIGH")
    driver.advance(run.pk)
    approval = run.approvals.get()
    runs.reject(approval.pk, actor=alan.actor, reason=REASON, seen=approval.binding)
    assert driver.advance(run.pk) is Ended.DONE
    stored = fresh(run)
    assert (stored.state, stored.decision, stored.reason) == ("COMPLETED", "REFUSE", "approval:rejected")


def test_every_flush_of_a_run_left_one_checkpoint_chain(grace: Person) -> None:
    run = asked(grace)
    driver.advance(run.pk)
    parents = list(Checkpoint.objects.filter(thread=str(run.pk)).values_list("parent_id", flat=True))
    assert len(parents) == len(set(parents)) >= 6


# The tasks


def test_the_tasks_are_known_by_name() -> None:
    assert [tasks.advance.name, tasks.wake_due.name, tasks.expire_approvals.name] == [
        "orchestration.advance",
        "orchestration.wake_due",
        "orchestration.expire_approvals",
    ]


def test_the_task_drives_the_run(grace: Person) -> None:
    run = asked(grace)
    tasks.advance(str(run.pk))
    assert fresh(run).state == "COMPLETED"


def states_of(*made: Run) -> list[str]:
    return [fresh(run).state for run in made]


def test_a_worker_goes_on_with_who_is_next_in_line(grace: Person) -> None:
    first, second, third = (asked(grace) for _ in range(3))
    driver.work(second.pk, clock=iter([0.0, 0.1, 0.2, 0.25]).__next__)
    assert states_of(first, second, third) == ["COMPLETED"] * 3


def test_a_worker_takes_another_message_after_a_moment(grace: Person) -> None:
    first, second, third = (asked(grace) for _ in range(3))
    driver.work(second.pk, clock=iter([0.0, driver.GOES_ON - 0.1, driver.GOES_ON]).__next__)
    assert states_of(first, second, third) == ["COMPLETED", "COMPLETED", "INITIALIZED"]


def test_a_worker_that_is_shut_down_goes_on_with_nobody(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = asked(grace), asked(grace)
    provider = Acting(lambda: monkeypatch.setattr(draining, "seconds", lambda: 1.0))
    monkeypatch.setattr(driver, "parts", lambda: replace(bench.parts(), provider=provider))  # type: ignore[arg-type]
    driver.work(first.pk)
    assert fresh(second).state == "INITIALIZED"


def test_a_worker_passes_over_whom_another_one_drives(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = asked(grace), asked(grace)
    seen = lease.in_line()
    assert lease.claim(first.pk) is not None
    monkeypatch.setattr(driver, "in_line", lambda *, limit: seen[:limit])
    assert driver.drove_next()
    assert fresh(second).state == "COMPLETED"


def test_beat_wakes_what_is_due(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    run = asked(grace)
    woken: list[tuple[object, int]] = []
    monkeypatch.setattr(runs, "wake", lambda run_id, *, level: woken.append((run_id, level)))
    tasks.wake_due()
    assert woken == [(run.pk, priority.FIRST)]


def test_beat_expires_what_nobody_decided(grace: Person) -> None:
    run = asked(grace, stakes="HIGH")
    driver.advance(run.pk)
    Approval.objects.filter(run=run).update(expires_at=now() - timedelta(seconds=1))
    tasks.expire_approvals()
    assert driver.advance(run.pk) is Ended.DONE
    assert (fresh(run).decision, fresh(run).reason) == ("REFUSE", "approval:expired")
