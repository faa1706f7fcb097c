"""Structured logs: one JSON object a line, with the run and the request, never with a text of a client."""

import logging
import traceback
from collections.abc import Callable, MutableMapping

import structlog
from django.http import HttpRequest, HttpResponse

from audit.ids import new_id

FRAMES = 12  # of a traceback, the innermost
EXTRAS = ("ended", "error", "fault", "port", "run", "server")  # what our own lines may add: names and ids, no texts

SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(allow=EXTRAS),
]


def without_values(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Keep an exception's type and place, drop its message: a message may quote what a client sent.

    The line's own text may quote it too (Celery's does), so its form is kept and what was filled in is not.
    """
    record = event.get("_record")
    if not isinstance(record, logging.LogRecord) or not record.exc_info or record.exc_info[1] is None:
        return event
    error, text = record.exc_info[1], str(record.msg)
    quotes = str(error) and str(error) in text
    event["event"] = type(error).__name__ if quotes else text
    event["error"] = type(error).__name__
    frames = traceback.extract_tb(record.exc_info[2])[-FRAMES:]
    event["trace"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    if request := getattr(record, "request", None):
        event["path"] = request.path
    event.pop("exc_info", None)
    return event


def logging_configuration(*, level: str) -> dict[str, object]:
    """Return the dictConfig of the process: JSON lines on standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*SHARED, without_values],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # An exception's traceback can hold a client's text: the engine records failures itself.
            "celery.app.trace": {"level": "ERROR"},
            "httpx2": {"level": "WARNING"},
            "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        },
    }


class RequestContext:
    """Bind a request id to every log line of a request, and return it to the client."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = str(new_id())
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response
