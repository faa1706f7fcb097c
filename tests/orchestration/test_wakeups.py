"""A broker that is away or hangs keeps nobody waiting, and is asked again after a moment."""

import socket
import time
from collections.abc import Iterator

import pytest
from celery import Celery
from django.conf import settings

from audit.ids import new_id
from orchestration.wakeups import REST, Wakeups

TASK = "orchestration.advance"


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a broker that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def sender(broker: str) -> Celery:
    app = Celery("sender", broker=broker, set_as_current=False)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    return app


def seconds_of(wakeups: Wakeups) -> float:
    began = time.monotonic()
    assert not wakeups.send(TASK, new_id())
    return time.monotonic() - began


def test_a_broker_that_hangs_blocks_one_submission_for_some_seconds_and_the_next_not_at_all(silent: str) -> None:
    wakeups = Wakeups(sender(silent))
    assert seconds_of(wakeups) < 4
    assert seconds_of(wakeups) < 0.1


def test_a_process_that_is_shutting_down_sends_nothing_and_raises_nothing(silent: str) -> None:
    wakeups = Wakeups(sender(silent))
    wakeups.app.producer_pool.force_close_all(close_pool=True)
    assert not wakeups.send(TASK, new_id())


def test_a_broker_that_is_gone_is_asked_again_after_a_rest() -> None:
    now = 100.0
    wakeups = Wakeups(sender("redis://127.0.0.1:1/0"), clock=lambda: now)
    assert not wakeups.send(TASK, new_id())
    assert wakeups.rests_until == now + REST
    now += REST
    wakeups.app = sender(settings.CELERY_BROKER_URL)
    assert wakeups.send(TASK, new_id())
