"""The cache of verifications in the engine, with a real Redis: used, silent, erased with its runs, never needed."""

import socket
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import redis
from django.conf import settings as site
from django.db import transaction
from prometheus_client import REGISTRY
from pytest_django import Settings

from audit import keys
from audit.canonical import parse
from audit.ids import new_id
from audit.models import Entry
from evidence.models import Claim, ClaimBundle, Evidence
from evidence.recall import NOTHING
from orchestration import tasks, verification_store, verifications
from orchestration.engine import driver
from orchestration.models import Run
from orchestration.verification_store import PREFIX, REST, Away, Store
from tests.conftest import Person
from tests.orchestration.rows import fresh, submitted

pytestmark = pytest.mark.usefixtures("committed", "empty")

LEAFLET = "Warfarin is stopped 5 days before surgery. Apixaban is stopped 2 days before surgery."
CLAIMS = 2


@pytest.fixture
def broker() -> Iterator[Any]:
    with redis.Redis.from_url(site.REDIS_URL) as client:
        yield client


@pytest.fixture
def empty(broker: Any) -> None:
    names = list(broker.scan_iter(f"{PREFIX}*"))
    if names:
        broker.delete(*names)
    verifications.store().rests_until = 0.0


def judged(who: Person, text: str = LEAFLET) -> Run:
    passages = [{"source": "leaflet", "text": text}]
    run = submitted(who.actor, question="When are warfarin and apixaban stopped before surgery?", passages=passages)
    driver.advance(run.pk)
    return fresh(run)


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("prometheus_verification_cache_total", {"result": result}) or 0.0


class Counts:
    """What was counted since it was made: hits, misses and faults."""

    def __init__(self) -> None:
        self.before = self.now()

    def now(self) -> list[float]:
        return [counted(result) for result in ("hit", "miss", "fault")]

    def since(self) -> list[float]:
        return [after - before for after, before in zip(self.now(), self.before, strict=True)]


def recorded(run: Run) -> dict[str, Any]:
    """Return all that is on record of the gate's work, but for ids and what only the run's key makes."""
    entry: Any = parse(bytes(Entry.objects.get(run=run.pk, type="run.gated").body))
    data = entry["data"]
    bundle = ClaimBundle.objects.get(run=run.pk)
    claims = Claim.objects.filter(bundle=bundle).order_by("ordinal")
    rows = Evidence.objects.filter(claim__bundle=bundle).order_by("claim__ordinal", "passage_start", "score")
    columns = ("stance", "trusted", "weight", "score", "rule", "claim_start", "claim_end", "passage_start")
    return {
        "decision": (run.decision, run.reason, bundle.outcome, bundle.score),
        "claims": list(claims.values_list("verdict", "score", "reason", "rule", "start", "end", "state")),
        "evidence": list(rows.values_list(*columns, "passage_end", "verifier", "calibration")),
        "entry": [data[name] for name in ("outcome", "verifier", "calibration", "revision")],
        "told": [(claim["verdict"], claim["reason"], claim["score"]) for claim in data["claims"]],
        "fields": sorted(data),
    }


def entries(broker: Any) -> list[str]:
    return [name.decode() for name in broker.zrange(f"{PREFIX}entries", 0, -1)]


def test_a_second_run_of_a_request_computes_nothing_and_records_the_same(grace: Person) -> None:
    counts = Counts()
    first = judged(grace)
    assert counts.since() == [0, CLAIMS, 0]
    second = judged(grace)
    assert counts.since() == [CLAIMS, CLAIMS, 0]
    assert first.decision == "PUBLISH"
    assert recorded(first) == recorded(second)


def test_a_run_without_a_cache_records_the_same(grace: Person, settings: Settings) -> None:
    known = [judged(grace), judged(grace)]
    settings.PROMETHEUS_CACHE_SECONDS = 0
    counts = Counts()
    without = judged(grace)
    assert counts.since() == [0, 0, 0]
    assert [recorded(run) for run in known] == [recorded(without)] * 2


def test_another_workspace_does_not_find_what_this_one_keeps(grace: Person, mallory: Person) -> None:
    judged(grace)
    counts = Counts()
    judged(mallory)
    assert counts.since() == [0, CLAIMS, 0]


def test_a_changed_passage_is_another_question(grace: Person) -> None:
    judged(grace)
    counts = Counts()
    judged(grace, LEAFLET.replace("5", "7"))
    assert counts.since() == [0, CLAIMS, 0]


def test_redis_learns_no_word_and_no_id(grace: Person, broker: Any) -> None:
    run = judged(grace, f"{LEAFLET} Warfarin is not stopped 5 days before surgery.")
    seen = b"\n".join(b"\n".join(everything(broker, name)) for name in broker.scan_iter(f"{PREFIX}*"))
    ids = [UUID(str(known)) for known in (run.pk, run.key_id, run.workspace_id)]
    texts = ["warfarin", "surgery", "stopped", "leaflet", "source", "contradicts", "match"]
    assert len(seen) > 1000
    assert [word for word in [*texts, *map(str, ids)] if word.encode() in seen.lower()] == []
    assert [known for known in ids if known.bytes in seen] == []


def everything(broker: Any, name: bytes) -> list[bytes]:
    """Return a key's name and all that it holds."""
    kind = broker.type(name)
    if kind == b"string":
        return [name, broker.get(name) or b""]
    if kind == b"hash":
        return [name, *(part for pair in broker.hgetall(name).items() for part in pair)]
    return [name, *broker.zrange(name, 0, -1)]


def test_erasing_a_run_erases_what_it_wrote_although_another_read_it(grace: Person, broker: Any) -> None:
    first, second = judged(grace), judged(grace)
    keys.destroy(first.key_id)
    assert entries(broker) == []
    assert [name for name in broker.scan_iter(f"{PREFIX}*") if broker.type(name) == b"string"] == []
    counts = Counts()
    assert recorded(judged(grace)) == recorded(second)
    assert counts.since() == [0, CLAIMS, 0]


def test_erasing_a_run_erases_what_it_only_read(grace: Person, broker: Any) -> None:
    judged(grace)
    second = judged(grace)
    keys.destroy(second.key_id)
    assert entries(broker) == []


def test_erasing_one_run_leaves_what_it_had_no_part_in(grace: Person, broker: Any) -> None:
    first = judged(grace)
    judged(grace, LEAFLET.replace("5", "7"))
    keys.destroy(first.key_id)
    assert len(entries(broker)) == CLAIMS


def test_an_erasure_that_is_rolled_back_erases_nothing(grace: Person, broker: Any) -> None:
    run = judged(grace)
    with transaction.atomic():
        keys.destroy(run.key_id)
        transaction.set_rollback(True)
    assert len(entries(broker)) == CLAIMS


def test_what_redis_missed_of_an_erasure_is_swept(grace: Person, broker: Any, settings: Settings) -> None:
    run, other = judged(grace), judged(grace, LEAFLET.replace("5", "7"))
    settings.PROMETHEUS_CACHE_URL = "redis://127.0.0.1:1/0"
    keys.destroy(run.key_id)
    settings.PROMETHEUS_CACHE_URL = site.REDIS_URL
    assert len(entries(broker)) == 2 * CLAIMS
    tasks.forget_erased()
    assert len(entries(broker)) == CLAIMS
    keys.destroy(other.key_id)
    assert entries(broker) == []


def test_a_sweep_leaves_runs_that_exist(grace: Person, broker: Any) -> None:
    judged(grace)
    assert verifications.sweep(keys.existing) == 0
    assert len(entries(broker)) == CLAIMS


def test_a_sweep_removes_runs_that_nobody_named(grace: Person, broker: Any) -> None:
    judged(grace)
    broker.zadd(f"{PREFIX}runs", {"list": 1, "gone": 1, b"\xff": 1})
    broker.lpush(f"{PREFIX}run:list", "x")
    assert verifications.sweep(keys.existing) == 3
    assert (len(entries(broker)), broker.zcard(f"{PREFIX}runs")) == (CLAIMS, 1)


def spoil(broker: Any, how: str) -> None:
    names = [f"{PREFIX}{name}" for name in entries(broker)]
    values = [broker.get(name) or b"" for name in names]
    match how:
        case "cut":
            changed = [value[:40] for value in values]
        case "empty":
            changed = [b"" for _ in values]
        case "swapped":
            changed = values[::-1]
        case "forged":
            changed = [bytes([value[-1] ^ 1]).join((value[:-1], b"")) for value in values]
        case _:
            changed = [b'{"stance": "SUPPORTS"}' for _ in values]
    broker.mset(dict(zip(names, changed, strict=True)))


@pytest.mark.parametrize("how", ["cut", "empty", "swapped", "forged", "written"])
def test_a_value_that_was_tampered_with_is_a_fault_and_changes_nothing(grace: Person, broker: Any, how: str) -> None:
    first = judged(grace)
    spoil(broker, how)
    counts = Counts()
    assert recorded(judged(grace)) == recorded(first)
    assert counts.since() == [0, 0, CLAIMS]
    judged(grace)
    assert counts.since() == [CLAIMS, 0, CLAIMS]


def test_a_redis_that_lost_everything_changes_nothing(grace: Person, broker: Any) -> None:
    first = judged(grace)
    broker.delete(*broker.scan_iter(f"{PREFIX}*"))
    assert recorded(judged(grace)) == recorded(first)


def test_sets_that_became_something_else_change_nothing(grace: Person, broker: Any) -> None:
    first = judged(grace)
    for name in broker.scan_iter(f"{PREFIX}*"):
        broker.delete(name)
        broker.lpush(name, "x")
    assert recorded(judged(grace)) == recorded(first)


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("place", ["gone", "silent"])
def test_a_redis_that_is_away_changes_nothing(grace: Person, settings: Settings, silent: str, place: str) -> None:
    first = judged(grace)
    settings.PROMETHEUS_CACHE_URL = silent if place == "silent" else "redis://127.0.0.1:1/0"
    counts = Counts()
    assert recorded(judged(grace)) == recorded(first)
    assert counts.since() == [0, 0, CLAIMS]


def test_a_silent_redis_costs_one_call_its_patience_and_the_next_nothing(silent: str) -> None:
    now = 100.0
    store = Store(silent, seconds=60, most=10, clock=lambda: now)
    assert verification_store.PATIENCE <= seconds_of(store) < 4 * verification_store.PATIENCE
    assert seconds_of(store) < 0.02
    now += REST
    assert seconds_of(store) >= verification_store.PATIENCE


def seconds_of(store: Store) -> float:
    began = time.monotonic()
    with pytest.raises(Away):
        store.read(["a"])
    return time.monotonic() - began


def test_entries_have_a_bounded_life(grace: Person, broker: Any) -> None:
    judged(grace)
    names = [name for name in broker.scan_iter(f"{PREFIX}*") if broker.type(name) in {b"string", b"hash"}]
    assert len(names) == CLAIMS + 1
    assert all(0 < broker.ttl(name) <= site.PROMETHEUS_CACHE_SECONDS for name in names)


def held(store: Store) -> list[int]:
    sets = [store.client.zcard(f"{PREFIX}{name}") for name in ("entries", "runs")]
    return [len(list(store.client.scan_iter(f"{PREFIX}*"))), *sets]


def test_entries_are_bounded_in_number_and_the_oldest_go(broker: Any) -> None:
    store = Store(site.REDIS_URL, seconds=60, most=3)
    for place in range(5):
        store.keep("one", b"", fresh={f"n{place}": b"v"}, known=[])
    assert [value is not None for value in store.read([f"n{place}" for place in range(5)])].count(True) == 3
    assert held(store) == [3 + 3, 3, 1]


def test_a_run_that_has_to_make_room_takes_its_entries_along(broker: Any) -> None:
    store = Store(site.REDIS_URL, seconds=60, most=3)
    store.keep("run-0", b"", fresh={"shared": b"v"}, known=[])
    for place in range(1, 4):
        store.keep(f"run-{place}", b"", fresh={}, known=["shared"])
    assert store.read(["shared"]) == [None]
    assert broker.zcard(f"{PREFIX}runs") == 3


def test_what_was_written_before_its_life_ended_makes_room(broker: Any) -> None:
    store = Store(site.REDIS_URL, seconds=60, most=3)
    broker.zadd(f"{PREFIX}entries", {"old": 1})
    broker.zadd(f"{PREFIX}runs", {"old": 1})
    store.keep("one", b"", fresh={"n": b"v"}, known=[])
    assert (entries(broker), broker.zrange(f"{PREFIX}runs", 0, -1)) == (["n"], [b"one"])


def test_a_shorter_life_holds_for_what_is_used_from_then_on(broker: Any) -> None:
    Store(site.REDIS_URL, seconds=600, most=3).keep("one", b"", fresh={"n": b"v"}, known=[])
    Store(site.REDIS_URL, seconds=60, most=3).keep("two", b"", fresh={}, known=["n"])
    assert broker.ttl(f"{PREFIX}n") <= broker.ttl(f"{PREFIX}run:two") <= 60


def test_without_a_vault_key_nothing_is_remembered(settings: Settings) -> None:
    settings.PROMETHEUS_VAULT_KEY = b""
    assert verifications.memory(workspace=new_id(), run_key=new_id()) is NOTHING
    assert not verifications.forget(new_id())
