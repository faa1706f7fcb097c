"""One JSON object a line, with the request and without a word of a client's text."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from prometheus_site.logs import RequestContext, logging_configuration

SECRET = "Mrs Miller's diagnosis"


class Log:
    """Lines that were written, as objects."""

    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    """Write the logger "tried" through the site's own formatter."""
    known: Any = logging_configuration(level="INFO")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    made = dict(known["formatters"]["json"])
    handler.setFormatter(made.pop("()")(**made))
    logger = logging.getLogger("tried")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    logger.propagate = False
    yield Log(stream)
    logger.removeHandler(handler)
    logger.propagate = True


def raise_with(text: str) -> None:
    raise ValueError(text)


def failing(form: str, *arguments: object, **extra: Any) -> None:
    try:
        raise_with(SECRET)
    except ValueError as error:
        shown = [repr(error) if argument is ... else argument for argument in arguments]
        logging.getLogger("tried").exception(form, *shown, **extra)


def test_a_line_is_one_json_object_with_time_level_and_logger(log: Log) -> None:
    logging.getLogger("tried").info("slice ended after %d steps", 3)
    (line,) = log.lines
    assert (line["event"], line["level"], line["logger"]) == ("slice ended after 3 steps", "info", "tried")
    assert line["timestamp"].endswith("Z")


def test_names_and_ids_may_be_added_and_nothing_else(log: Log) -> None:
    logging.getLogger("tried").info("slice ended", extra={"ended": "FINISHED", "question": SECRET})
    (line,) = log.lines
    assert line["ended"] == "FINISHED"
    assert SECRET not in json.dumps(line)


def test_what_the_context_binds_is_in_every_line(log: Log) -> None:
    with structlog.contextvars.bound_contextvars(run_id="41"):
        logging.getLogger("tried").info("inside")
    logging.getLogger("tried").info("outside")
    assert [line.get("run_id") for line in log.lines] == ["41", None]


def test_an_exception_is_told_by_type_and_place_never_by_its_message(log: Log) -> None:
    failing("slice raised")
    (line,) = log.lines
    assert (line["event"], line["error"]) == ("slice raised", "ValueError")
    assert line["trace"][-1].endswith("raise_with")
    assert "Miller" not in log.stream.getvalue()


@pytest.mark.parametrize(
    ("form", "arguments", "event"),
    [
        ("Task %s raised: %s", ("audit.seal", ...), "Task %s raised: %s"),
        (f"could not: {SECRET}", (), "ValueError"),
    ],
)
def test_a_message_that_quotes_the_exception_is_cut(
    log: Log, form: str, arguments: tuple[object, ...], event: str
) -> None:
    failing(form, *arguments)
    assert [line["event"] for line in log.lines] == [event]
    assert "Miller" not in log.stream.getvalue()


def test_celerys_own_line_about_a_failed_task_is_silent_about_its_arguments(log: Log) -> None:
    failing("Task %(name)s %(exc)s", {"name": "audit.seal", "exc": SECRET}, extra={"data": {"args": SECRET}})
    assert "Miller" not in log.stream.getvalue()


def test_the_address_of_a_failed_request_is_kept(log: Log) -> None:
    request = RequestFactory().get("/console/runs?q=Miller")
    failing("%s: %s", "Internal Server Error", "/console/runs", extra={"request": request})
    assert [line["path"] for line in log.lines] == ["/console/runs"]
    assert "Miller" not in log.stream.getvalue()


def test_a_request_has_an_id_in_its_lines_and_in_its_answer(log: Log) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        logging.getLogger("tried").info("at work")
        return HttpResponse()

    answers = [RequestContext(view)(RequestFactory().get("/")) for _ in range(2)]
    assert [line["request_id"] for line in log.lines] == [answer["X-Request-Id"] for answer in answers]
    assert answers[0]["X-Request-Id"] != answers[1]["X-Request-Id"]


def test_the_configuration_is_one_that_logging_takes() -> None:
    known: Any = logging_configuration(level="WARNING")
    assert known["root"] == {"handlers": ["stderr"], "level": "WARNING"}
    assert logging.config.DictConfigurator(known).config["loggers"]["celery.app.trace"] == {"level": "ERROR"}
