"""What going back means: who goes on, who is forked, where it begins, and which effects stay done."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.rewinding import ENTRIES, NODES, Effect, NoWayBack, OnRecord, Point, plan
from orchestration.states import LIVE, ActionState, RestoreKind, RunState

NAMES = ("__start__", *NODES, "")
POINTS = [Point(str(n), str(n - 1) if n else None, f"{n:064}", name, 0) for n, name in enumerate(NAMES)]
ID = {point.next: point.id for point in POINTS}
FAILED = OnRecord(
    state=RunState.FAILED,
    version=7,
    drafted=-1,
    judged=-1,
    decided=False,
    approved=False,
    answered=False,
    own=(),
    relatives=(),
)
EVERYTHING = replace(FAILED, drafted=0, judged=0, decided=True, answered=True)
ONE = Effect("r", "desk/file_ticket", ActionState.DONE, "a" * 64, "e" * 64)


@pytest.mark.parametrize(
    ("node", "on_record"),
    [
        ("gather", FAILED),
        ("draft", FAILED),
        ("gate", replace(FAILED, drafted=0)),
        ("decide", replace(FAILED, drafted=0, judged=0)),
        ("hold", replace(FAILED, drafted=0, judged=0, decided=True, approved=True)),
        ("execute", replace(FAILED, drafted=0, judged=0, decided=True)),
        ("log", EVERYTHING),
    ],
)
def test_a_failed_run_goes_on_from_where_its_record_ends(node: str, on_record: OnRecord) -> None:
    planned = plan("r", POINTS, chosen=ID[node], on_record=on_record)
    assert (planned.kind, planned.base, planned.steps[0]) == (RestoreKind.CONTINUE, ID[node], node)


@pytest.mark.parametrize("node", [name for name in NAMES if name != "log"])
def test_a_failed_run_is_forked_where_something_comes_after(node: str) -> None:
    assert plan("r", POINTS, chosen=ID[node], on_record=EVERYTHING).kind is RestoreKind.FORK


@pytest.mark.parametrize("state", [RunState.COMPLETED, RunState.CANCELLED])
@pytest.mark.parametrize("node", NAMES)
def test_a_run_that_did_not_fail_is_always_forked(node: str, state: RunState) -> None:
    assert plan("r", POINTS, chosen=ID[node], on_record=replace(FAILED, state=state)).kind is RestoreKind.FORK


@pytest.mark.parametrize("node", NAMES)
def test_a_fork_always_passes_the_gate_and_decides_for_itself(node: str) -> None:
    planned = plan("r", POINTS, chosen=ID[node], on_record=replace(EVERYTHING, state=RunState.COMPLETED))
    assert {"gate", "decide", "execute"} <= set(planned.steps)
    assert planned.state in {RunState.INITIALIZED, RunState.PROCESSING, RunState.GATING}


def test_a_fork_whose_way_back_is_pruned_begins_anew() -> None:
    late = [point for point in POINTS if point.next not in ENTRIES]
    planned = plan("r", late, chosen=ID["execute"], on_record=replace(EVERYTHING, state=RunState.COMPLETED))
    assert (planned.base, planned.state, planned.steps) == ("", RunState.INITIALIZED, NODES)


@pytest.mark.parametrize("state", LIVE)
def test_a_run_under_way_has_no_way_back(state: RunState) -> None:
    with pytest.raises(NoWayBack, match="cancel it first"):
        plan("r", POINTS, chosen="3", on_record=replace(FAILED, state=state))


@pytest.mark.parametrize("state", [ActionState.INTENDED, ActionState.UNKNOWN])
def test_an_effect_that_nobody_knows_of_blocks_the_whole_family(state: ActionState) -> None:
    with pytest.raises(NoWayBack, match="desk/file_ticket of run r"):
        plan("r", POINTS, chosen="3", on_record=replace(FAILED, relatives=(replace(ONE, state=state),)))


def test_an_effect_that_a_relative_did_is_done_and_not_open() -> None:
    own = replace(ONE, run="f", state=ActionState.PROPOSED)
    planned = plan("f", POINTS, chosen="3", on_record=replace(FAILED, own=(own,), relatives=(ONE,)))
    assert (planned.done, planned.open) == ((ONE,), ())


@given(st.sampled_from(NAMES), st.integers(0, 9), st.sampled_from([RunState.FAILED, RunState.COMPLETED]))
def test_what_is_approved_is_bound_to_the_runs_version(node: str, version: int, state: RunState) -> None:
    on_record = replace(EVERYTHING, version=version, state=state)
    planned = plan("r", POINTS, chosen=ID[node], on_record=on_record)
    later = plan("r", POINTS, chosen=ID[node], on_record=replace(on_record, version=version + 1))
    assert planned.binding() != later.binding()
    assert planned.binding() == plan("r", POINTS, chosen=ID[node], on_record=on_record).binding()
