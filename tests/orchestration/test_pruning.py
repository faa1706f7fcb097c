"""What is pruned is gone, what stays verifies, and no delta channel is emptied without a word."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils.timezone import now
from langgraph.checkpoint.base import BaseCheckpointSaver

from audit import keys, vault
from audit.ids import new_id
from orchestration.engine import lease
from orchestration.engine.checkpoints import CheckpointRefused, DjangoSaver
from orchestration.engine.journal import StaleWrite
from orchestration.engine.pruning import DeltaBroken, ThreadBusy
from orchestration.models import Checkpoint, Run
from tests.conftest import Person
from tests.orchestration.rows import journal_of, submitted
from tests.orchestration.saving import at, delta_graph, load, put, refusal, rows_of, said, sql, stored

pytestmark = pytest.mark.usefixtures("committed")


def line(saver: DjangoSaver, length: int) -> str:
    """Return a thread with so many checkpoints, one after the other, each with a value of its own."""
    thread = str(uuid4())
    config = at(thread)
    for step in range(length):
        config = put(saver, config, step=step, run_id=f"run-{step}", answer=step)
    return thread


def steps(saver: DjangoSaver, thread: str) -> list[int]:
    return [item.metadata["step"] for item in saver.list(at(thread))]


# To the latest


def test_the_newest_checkpoint_stays_with_its_blobs_and_verifies(saver: DjangoSaver) -> None:
    thread = line(saver, 4)
    saver.prune([thread])
    assert rows_of(thread) == [1, 1, 0]
    found = load(saver, thread)
    assert (found.checkpoint["channel_values"], found.parent_config) == ({"answer": 3}, None)


def test_the_writes_of_the_newest_stay(saver: DjangoSaver) -> None:
    thread = stored(saver)
    before = load(saver, thread).pending_writes
    saver.prune([thread])
    assert load(saver, thread).pending_writes == before


def test_a_pruned_thread_goes_on_and_is_pruned_again(saver: DjangoSaver) -> None:
    thread = line(saver, 3)
    for step in (3, 4):
        saver.prune([thread])
        put(saver, load(saver, thread).config, step=step, answer=step)
        assert steps(saver, thread) == [step, step - 1]


def test_a_thread_of_one_checkpoint_is_left_as_it_is(saver: DjangoSaver) -> None:
    thread = line(saver, 1)
    before = Checkpoint.objects.get(thread=thread).digest
    saver.prune([thread])
    assert bytes(Checkpoint.objects.get(thread=thread).digest) == bytes(before)


def test_forks_that_do_not_lead_to_the_newest_go(saver: DjangoSaver) -> None:
    thread = line(saver, 2)
    older = [item.config for item in saver.list(at(thread))][-1]
    put(saver, older, step=9, answer="fork")
    saver.prune([thread])
    assert steps(saver, thread) == [9]


def test_a_pruned_checkpoint_is_not_there_any_more(saver: DjangoSaver) -> None:
    thread = line(saver, 3)
    older = [item.config for item in saver.list(at(thread))][-1]
    saver.prune([thread])
    assert saver.get_tuple(older) is None


def test_a_forged_checkpoint_is_not_made_good_by_pruning(saver: DjangoSaver) -> None:
    thread = line(saver, 3)
    sql("UPDATE orchestration_checkpoint SET source = 'fork' WHERE thread = %s AND step = 2", thread)
    with pytest.raises(CheckpointRefused, match="columns do not say"):
        saver.prune([thread])
    assert rows_of(thread)[0] == 3


def test_with_delete_nothing_stays_and_no_key_is_needed(saver: DjangoSaver) -> None:
    thread, other = line(saver, 2), line(saver, 2)
    DjangoSaver().prune([thread], strategy="delete")
    assert (rows_of(thread), steps(saver, other)) == ([0, 0, 0], [1, 0])


def test_a_thread_is_pruned_whatever_its_name(saver: DjangoSaver) -> None:
    for step in range(2):
        put(saver, at("a conversation"), step=step)
    saver.prune(["a conversation"])
    assert steps(saver, "a conversation") == [1]


def test_another_strategy_is_refused(saver: DjangoSaver) -> None:
    with pytest.raises(ValueError, match="no strategy 'keep_some'; take keep_latest or delete"):
        saver.prune([line(saver, 1)], strategy="keep_some")


# Delta channels


def talked(saver: DjangoSaver, *, every: int, count: int) -> tuple[Any, Any]:
    graph, config = delta_graph(saver, every=every, steps=count), at(str(uuid4()))
    graph.invoke({"count": 0}, config, durability="sync")
    return graph, config


@pytest.mark.parametrize("every", [1, 2, 3, 5, 100])
def test_no_pruning_empties_a_delta_channel(saver: DjangoSaver, every: int) -> None:
    graph, config = talked(saver, every=every, count=8)
    before = said(graph, config)
    saver.prune([config["configurable"]["thread_id"]])
    assert said(graph, config) == before == [f"step {number}" for number in range(8)]


def test_ancestors_are_kept_back_to_the_last_whole_value_and_no_further(saver: DjangoSaver) -> None:
    _, config = talked(saver, every=3, count=8)
    thread = config["configurable"]["thread_id"]
    whole = [item for item in saver.list(config) if "said" in item.checkpoint["channel_values"]]
    saver.prune([thread])
    kept = list(saver.list(config))
    assert kept[-1].checkpoint["id"] == whole[0].checkpoint["id"]
    assert 1 < len(kept) < 5


def test_a_pruned_delta_channel_goes_on(saver: DjangoSaver) -> None:
    graph, config = talked(saver, every=3, count=8)
    saver.prune([config["configurable"]["thread_id"]])
    graph.invoke({"count": 6}, config, durability="sync")
    assert said(graph, config) == [f"step {number}" for number in (*range(8), 6, 7)]


def outcome(graph: Any, config: Any) -> Any:
    """Return what a checkpoint's state is, or that it cannot be read any more."""
    try:
        return graph.get_state(config).values
    except CheckpointRefused as refused:
        return str(refused)


def test_what_an_old_checkpoint_lost_is_refused_there_and_not_read_as_empty(saver: DjangoSaver) -> None:
    graph = delta_graph(saver, every=6, steps=11, other=4)
    config = at(str(uuid4()))
    graph.invoke({"count": 0}, config, durability="sync")
    before = {item.config["configurable"]["checkpoint_id"]: item.values for item in graph.get_state_history(config)}
    saver.prune([config["configurable"]["thread_id"]])
    kept = [item.config for item in saver.list(config)]
    after = {known["configurable"]["checkpoint_id"]: outcome(graph, known) for known in kept}
    lost = [told for told in after.values() if isinstance(told, str)]
    assert {id_: told for id_, told in after.items() if told not in lost} == {
        id_: before[id_] for id_, told in after.items() if told not in lost
    }
    assert lost
    assert all("delta channels ['heard'] start from was pruned; take a later one" in told for told in lost)


def test_what_was_pruned_stays_noted_in_a_copy_and_in_another_pruning(saver: DjangoSaver) -> None:
    graph, config = delta_graph(saver, every=6, steps=11, other=4), at(str(uuid4()))
    graph.invoke({"count": 0}, config, durability="sync")
    thread, target = config["configurable"]["thread_id"], str(uuid4())
    saver.prune([thread])
    saver.copy_thread(thread, target)
    oldest = [item.config for item in saver.list(at(target))][-1]
    assert "was pruned" in outcome(graph, oldest)
    saver.prune([target])
    assert "was pruned" in outcome(graph, oldest)


# Runs


def test_what_a_run_wrote_goes_and_the_rest_is_tied_together_again(saver: DjangoSaver) -> None:
    thread = line(saver, 4)
    saver.delete_for_runs(["run-1", "run-2"])
    kept = list(saver.list(at(thread)))
    assert [item.metadata["step"] for item in kept] == [3, 0]
    assert kept[0].parent_config == kept[1].config
    assert rows_of(thread) == [2, 2, 0]


def test_the_first_and_the_last_may_go(saver: DjangoSaver) -> None:
    thread = line(saver, 3)
    saver.delete_for_runs(["run-0", "run-2"])
    assert steps(saver, thread) == [1]
    assert load(saver, thread).parent_config is None


def test_a_thread_that_one_run_wrote_goes_whole(saver: DjangoSaver) -> None:
    thread = line(saver, 1)
    saver.delete_for_runs(["run-0"])
    assert rows_of(thread) == [0, 0, 0]


def test_runs_of_another_key_are_not_found(saver: DjangoSaver) -> None:
    other = DjangoSaver(key=vault.DataKey.new(new_id()))
    thread = line(other, 2)
    saver.delete_for_runs(["run-0", "run-1"])
    assert steps(other, thread) == [1, 0]


def test_without_a_key_no_run_is_found_and_that_is_said() -> None:
    with pytest.raises(CheckpointRefused, match="no data key"):
        DjangoSaver().delete_for_runs(["run-0"])
    DjangoSaver().delete_for_runs([])


def test_a_run_is_not_deleted_when_a_delta_channel_begins_in_it(saver: DjangoSaver) -> None:
    graph, config = delta_graph(saver, every=100, steps=3), at(str(uuid4()))
    for run_id in ("first", "second"):
        known = {"configurable": {**config["configurable"], "run_id": run_id}}
        graph.invoke({"count": 0}, known, durability="sync")
    before = said(graph, config)
    with pytest.raises(DeltaBroken, match=r"begin before what would go; delete the runs after it too"):
        saver.delete_for_runs(["first"])
    assert said(graph, config) == before
    saver.delete_for_runs(["first", "second"])
    assert rows_of(config["configurable"]["thread_id"]) == [0, 0, 0]


def test_a_forged_mark_of_a_run_is_refused(saver: DjangoSaver) -> None:
    thread = line(saver, 2)
    sql("UPDATE orchestration_checkpoint SET run = '' WHERE thread = %s AND step = 1", thread)
    assert "columns do not say" in refusal(saver, thread)


# Runs that are driven


@pytest.fixture
def driven(grace: Person) -> Run:
    """Return a run with two checkpoints, which nobody drives now."""
    run = submitted(grace.actor)
    worker = DjangoSaver()
    worker.attach(journal_of(run))
    first = put(worker, at(str(run.pk)), answer=0)
    put(worker, first, step=1, answer=1)
    return run


def keeper(run: Run) -> DjangoSaver:
    return DjangoSaver(key=keys.load(run.key_id))


@pytest.mark.parametrize("strategy", ["keep_latest", "delete"])
def test_a_run_that_is_driven_is_left_alone(driven: Run, strategy: str) -> None:
    assert lease.claim(driven.pk) is not None
    with pytest.raises(ThreadBusy, match=f"run {driven.pk} is being driven"):
        keeper(driven).prune([str(driven.pk)], strategy=strategy)
    assert rows_of(str(driven.pk)) == [2, 2, 0]


def test_a_run_at_rest_is_pruned_and_can_be_claimed_afterwards(driven: Run) -> None:
    lease.claim(driven.pk)
    Run.objects.filter(pk=driven.pk).update(lease_until=now() - timedelta(seconds=1))
    keeper(driven).prune([str(driven.pk)])
    assert rows_of(str(driven.pk)) == [1, 1, 0]
    assert lease.claim(driven.pk) is not None


def test_a_worker_that_was_paused_past_its_lease_writes_nothing_after_the_pruning(driven: Run) -> None:
    journal = journal_of(driven)
    worker = DjangoSaver()
    worker.attach(journal)
    newest = load(worker, str(driven.pk)).config
    keeper(driven).prune([str(driven.pk)])
    with pytest.raises(StaleWrite):
        put(worker, newest, step=2, answer=2)
    assert load(keeper(driven), str(driven.pk)).checkpoint["channel_values"] == {"answer": 1}


# What the ancestors say


def test_the_history_of_channels_is_what_the_base_class_would_tell(saver: DjangoSaver) -> None:
    graph, config = talked(saver, every=3, count=50)
    for item in list(saver.list(config))[::7]:
        asked: Any = {"config": item.config, "channels": ["said", "heard", "count", "unknown"]}
        ours = saver.get_delta_channel_history(**asked)
        assert ours == BaseCheckpointSaver.get_delta_channel_history(saver, **asked)
    assert said(graph, config)[-1] == "step 49"


def test_asynchronous_callers_hear_the_same(saver: DjangoSaver) -> None:
    _, config = talked(saver, every=3, count=4)
    asked: Any = {"config": config, "channels": ["said"]}
    assert asyncio.run(saver.aget_delta_channel_history(**asked)) == saver.get_delta_channel_history(**asked)


def test_a_fork_hears_its_own_ancestors_only(saver: DjangoSaver) -> None:
    graph, config = talked(saver, every=100, count=4)
    older = list(graph.get_state_history(config))[2]
    fork = graph.update_state(older.config, {"said": ["fork"]}, as_node="say")
    assert said(graph, fork) == [*older.values["said"], "fork"]
    assert said(graph, config)[-1] == "fork"


def test_a_history_of_nothing_is_empty(saver: DjangoSaver) -> None:
    nowhere = at(str(uuid4()))
    assert saver.get_delta_channel_history(config=nowhere, channels=[]) == {}
    assert saver.get_delta_channel_history(config=nowhere, channels=["said"]) == {"said": {"writes": []}}


def test_a_forged_ancestor_is_refused(saver: DjangoSaver) -> None:
    graph, config = talked(saver, every=100, count=4)
    thread = config["configurable"]["thread_id"]
    sql("UPDATE orchestration_checkpoint SET source = 'fork' WHERE thread = %s AND step = 1", thread)
    with pytest.raises(CheckpointRefused, match="columns do not say"):
        graph.get_state(config)


def test_parents_in_a_circle_do_not_hold_the_reader(saver: DjangoSaver) -> None:
    graph, config = talked(saver, every=100, count=4)
    thread = config["configurable"]["thread_id"]
    newest = load(saver, thread).checkpoint["id"]
    sql("UPDATE orchestration_checkpoint SET parent_id = %s WHERE thread = %s AND step = 1", newest, thread)
    with pytest.raises(CheckpointRefused):
        graph.get_state(config)
