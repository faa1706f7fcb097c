"""One worker process that drives run after run, and says now and then how much memory it holds.

``python -m benchmarks.driven RUNS MINUTES`` in an installation's environment prints a JSON line each, until it has
driven so many runs or the time is over. Runs are submitted in batches, so that Redis is not left with a message for
each of them; no other worker may be there. ``endurance.py`` starts it.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from itertools import count

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prometheus_site.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - models exist after setup

from audit.access import actor_of_user  # noqa: E402
from benchmarks.usage import memory  # noqa: E402
from benchmarks.workload import cases  # noqa: E402
from orchestration import batches  # noqa: E402
from orchestration.engine import driver  # noqa: E402

TOGETHER = 100
POINTS = 100


def driven() -> Iterator[driver.Ended]:
    """Yield how run after run ended, without end: questions and answers to verify in turn."""
    actor = actor_of_user(User.objects.get(username="grace"))
    assert actor is not None  # noqa: S101 - the stage gave her a workspace
    documents = [case.item for case in cases()] * (TOGETHER // 2)
    while True:
        for _, run in batches.submit(documents, actor=actor).runs:
            yield driver.advance(run)


def main() -> int:
    wanted, minutes, began = int(sys.argv[1]), float(sys.argv[2]), time.monotonic()
    step = max(1, wanted // POINTS)
    for done, ended in zip(count(1), driven(), strict=False):
        if ended is not driver.Ended.DONE:
            sys.exit(f"run {done} ended {ended}")
        over = done == wanted or time.monotonic() - began > 60 * minutes
        if done % step == 0 or over:
            held = memory(os.getpid())
            line = {"runs": done, "seconds": time.monotonic() - began, "rss_mb": held.rss, "pss_mb": held.pss}
            print(json.dumps(line), flush=True)
        if over:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
