"""Grows an installation stage by stage and times every page at each; writes what it found as JSON."""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from audit.models import Entry
from benchmarks.growing import exhibits, pages, population
from benchmarks.growing.timing import Timed, explained, timed
from orchestration.models import Run

PLANS = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stages", type=int, nargs="+", required=True)
    parser.add_argument("--to", type=Path, required=True)
    asked = parser.parse_args()
    settings.ALLOWED_HOSTS.append("testserver")
    settings.SECURE_SSL_REDIRECT = False
    call_command("migrate", verbosity=0)
    population.found()
    stages = []
    for first, last in zip([0, *asked.stages], asked.stages, strict=False):
        stages.append(stage(first, last))
        asked.to.write_text(json.dumps(stages), encoding="utf-8")


def stage(first: int, last: int) -> dict[str, Any]:
    say(f"loading runs {first:,} to {last:,}")
    loaded = population.grow(first, last)
    say(f"loaded in {loaded.rows:.0f} s, indexes {sum(loaded.indexes.values()):.0f} s, tree {loaded.tree:.0f} s")
    huge, tiny = exhibits.make("ada"), exhibits.make("tom")
    shown = pages.all_of(huge, tiny)
    begun = time.perf_counter()
    found = [timed(page.name, page.area, page.address, page.call, is_query=page.is_query) for page in shown]
    say(f"{len(found)} pages timed in {time.perf_counter() - begun:.0f} s")
    return {
        "runs": Run.objects.count(),
        "entries": Entry.objects.count(),
        "load": round(os.getloadavg()[0], 2),
        "loaded": asdict(loaded),
        "sizes": population.sizes(),
        "of_one_run": population.rows_of(huge.run),
        "pages": [row_of(one) for one in found],
        "plans": {f"{one.area}: {one.name}": plan for one in slowest(found) if (plan := plan_of(one))},
    }


def slowest(found: list[Timed]) -> list[Timed]:
    return sorted(found, key=lambda one: one.query_ms, reverse=True)[:PLANS]


def plan_of(one: Timed) -> list[str]:
    return explained(one.slowest) if one.slowest else []


def row_of(one: Timed) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "slowest"} | {
        "sql": one.slowest.sql[:160] if one.slowest else ""
    }


def say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


main()
