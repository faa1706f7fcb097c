"""Server-sent events (HTML, 9.2) on how a run or a batch goes: states, decisions and counts, never a text."""

import json
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError, close_old_connections
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as HttpRequest
from rest_framework.views import APIView
from rest_framework_simplejwt.tokens import Token

from audit import problems
from audit.access import actor_of_key, actor_of_user, usable
from audit.actors import Actor
from audit.errors import Problem, Unavailable
from audit.models import ApiKey
from audit.roles import Scope
from orchestration import batches, runs
from orchestration.api import PROBLEMS, actor_of
from orchestration.models import Batch, Restore, Run
from orchestration.states import TERMINAL, RestoreState, RunState

LIFETIME = 600.0
KEEP_ALIVE = 10.0
AUTHORITY = 5.0
QUICKEST, SLOWEST, GROWTH = 0.1, 1.0, 1.5
RETRY_AFTER = 5
LAST = OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER, description="the id of the last event seen")
SENT: dict[Any, Any] = {(200, "text/event-stream"): OpenApiTypes.STR, 204: None, 503: PROBLEMS[404], **PROBLEMS}


class NoSlot(Unavailable):
    """As many streams are open as the process may have."""


class Slots:
    """The streams that this process may have open. Each holds a thread of the web server, so they are counted."""

    def __init__(self) -> None:
        self.held = 0
        self.lock = threading.Lock()

    def take(self) -> None:
        with self.lock:
            if self.held >= settings.PROMETHEUS_STREAMS:
                raise NoSlot(
                    f"{self.held} event streams are open and {settings.PROMETHEUS_STREAMS} may be; "
                    f"try again in {RETRY_AFTER} seconds, or poll"
                )
            self.held += 1

    def release(self) -> None:
        with self.lock:
            self.held -= 1


SLOTS = Slots()


@dataclass(frozen=True, slots=True)
class Seen:
    """How things stand. ``mark`` is another one after each change, and the event's id."""

    mark: str
    facts: dict[str, Any]
    ended: bool


Look = Callable[[], Seen | None]


def encoded(seen: Seen) -> bytes:
    return f"id: {seen.mark}\nevent: state\ndata: {json.dumps(seen.facts)}\n\n".encode()


def events(
    look: Look,
    *,
    last: str,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[bytes]:
    """Yield an event at once unless it was the last one seen, and on each change; comments keep the line open.

    Ends with what is looked at, when its viewer may look no more, after LIFETIME seconds, or when the database is
    away: the client comes back by itself and says what it saw last.
    """
    yield b"retry: 2000\n\n"
    ends, spoke, pause = clock() + LIFETIME, clock(), QUICKEST
    while clock() < ends:
        try:
            seen = look()
        except (OperationalError, InterfaceError):
            return
        finally:
            close_old_connections()  # none is held between two looks
        if seen is None:
            return
        if seen.mark != last:
            last, spoke, pause = seen.mark, clock(), QUICKEST
            yield encoded(seen)
        elif clock() - spoke >= KEEP_ALIVE:
            spoke = clock()
            yield b": still here\n\n"
        if seen.ended:
            return
        sleep(pause)
        pause = min(pause * GROWTH, SLOWEST)


class Stream:
    """An iterator that gives its slot back when it is closed, or at the latest when it is forgotten."""

    def __init__(self, chunks: Iterator[bytes], *, slots: Slots) -> None:
        self.chunks = chunks
        self.close = weakref.finalize(self, slots.release)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self.chunks)


def look_at_run(run_id: UUID) -> Seen | None:
    columns = ("version", "state", "decision", "supported", "withheld")
    row = Run.objects.filter(pk=run_id).values(*columns).first()
    if row is None:
        return None
    ended = row["state"] in TERMINAL and not (row["state"] == RunState.FAILED and comes_back(run_id))
    return Seen(str(row.pop("version")), {"run": str(run_id), **row}, ended)


def comes_back(run_id: UUID) -> bool:
    """Tell whether a failed run may yet go on: a restore of it is asked for, or approved and not carried out."""
    return Restore.objects.filter(run=run_id, state__in=[RestoreState.PENDING, RestoreState.APPROVED]).exists()


def look_at_batch(batch_id: UUID) -> Seen | None:
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        return None
    now = batches.progress(batch)
    counts = {"states": now.states, "decisions": now.decisions, "accepted": now.accepted, "done": now.done}
    # Versions only grow, so their sum is another one after each change of any run.
    mark = f"{now.version}{'c' if batch.cancelled_at else ''}"
    facts = {"batch": str(batch_id), "cancelled": batch.cancelled_at is not None, **counts}
    return Seen(mark, facts, now.ended)


class EventStreamRenderer(JSONRenderer):
    """Lets clients ask for an event stream. What goes wrong before it begins is a problem document, in JSON."""

    media_type = "text/event-stream"
    format = "events"


def may_still(request: HttpRequest, actor: Actor) -> bool:
    """Tell whether who began the stream might begin it now: the key or the person still has the scope here.

    A bearer token that has expired begins nothing any more, whatever its owner may.
    """
    if isinstance(request.auth, Token) and float(request.auth["exp"]) <= time.time():
        return False
    found: Actor | None = None
    if isinstance(request.auth, ApiKey):
        key = ApiKey.objects.filter(pk=request.auth.pk).first()
        found = actor_of_key(key) if key is not None and usable(key) else None
    else:
        user = get_user_model().objects.filter(pk=request.user.pk or 0, is_active=True).first()
        found = actor_of_user(user, workspace=request.headers.get("X-Workspace", "")) if user else None
    return found is not None and found.workspace == actor.workspace and found.may(Scope.RUNS_READ)


def guarded(look: Look, allowed: Callable[[], bool], *, clock: Callable[[], float] = time.monotonic) -> Look:
    """Return a look that sees nothing any more once its viewer may not; that is asked every AUTHORITY seconds."""
    asked = clock()

    def guarded_look() -> Seen | None:
        nonlocal asked
        if clock() - asked >= AUTHORITY:
            if not allowed():
                return None
            asked = clock()
        return look()

    return guarded_look


def later(problem: Problem) -> HttpResponseBase:
    answer = problems.response(status=problem.status, title=problem.title, detail=str(problem))
    answer["Retry-After"] = str(RETRY_AFTER)
    return answer


def stream(request: HttpRequest, look: Look) -> HttpResponseBase:
    """Answer with a stream, with 204 for who has seen the end, or with 503 and when to come again."""
    last, actor = request.headers.get("Last-Event-ID", ""), actor_of(request)
    try:
        seen = look()
        if seen is not None and seen.ended and seen.mark == last:
            return HttpResponse(status=204)  # tells an EventSource not to come back (HTML, 9.2.3)
        SLOTS.take()
    except NoSlot as busy:
        return later(busy)
    except (OperationalError, InterfaceError):
        return later(Unavailable(f"the database is away; try again in {RETRY_AFTER} seconds"))
    chunks = Stream(events(guarded(look, lambda: may_still(request, actor)), last=last), slots=SLOTS)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(chunks, content_type="text/event-stream", headers=headers)


class RunEvents(APIView):
    scopes = {"GET": Scope.RUNS_READ}
    renderer_classes = [JSONRenderer, EventStreamRenderer]

    @extend_schema(operation_id="runs_events", parameters=[LAST], responses=SENT)
    def get(self, request: HttpRequest, run_id: UUID) -> HttpResponseBase:
        """Follow a run: an event at once and at each change of it, until it has ended or ten minutes are over.

        FAILED is an end unless a restore of the run is open; who asks for one later opens the stream again.
        """
        run = runs.found(run_id, actor=actor_of(request))
        return stream(request, lambda: look_at_run(run.pk))


class BatchEvents(APIView):
    scopes = {"GET": Scope.RUNS_READ}
    renderer_classes = [JSONRenderer, EventStreamRenderer]

    @extend_schema(operation_id="batches_events", parameters=[LAST], responses=SENT)
    def get(self, request: HttpRequest, batch_id: UUID) -> HttpResponseBase:
        """Follow a batch by its counts, until all its runs have ended or ten minutes are over."""
        batch = batches.found(batch_id, actor=actor_of(request))
        return stream(request, lambda: look_at_batch(batch.pk))
