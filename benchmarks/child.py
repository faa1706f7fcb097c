"""One measurement in a process of its own: ``python -m benchmarks.child PEER DSN POSTMASTER THREADS SECONDS``.

It prints one line of JSON. In place of a peer, ``prepare`` makes the tables and rows that our
engine starts from, and ``small`` measures single parts.
"""

import importlib
import json
import os
import sys
import time
from dataclasses import asdict
from typing import Any

import django
from django.core.management import call_command

from benchmarks.measuring import Load, written

OURS = frozenset({"prepare", "small", "standard", "strict", "linked"})
SETTLING = 1.2  # seconds after which ended connections have told PostgreSQL's statistics what they did


def module_of(peer: str, dsn: str) -> Any:  # noqa: ANN401 - a module with PEERS
    """Load what measures this peer, and only that: no engine's imports weigh on another."""
    if peer not in OURS:
        return importlib.import_module("benchmarks.peers")
    os.environ["DATABASE_URL"] = dsn
    os.environ["DJANGO_SETTINGS_MODULE"] = "prometheus_site.settings"
    django.setup()
    return importlib.import_module("benchmarks.small" if peer == "small" else "benchmarks.ours")


def prepare(dsn: str) -> dict[str, Any]:
    module = module_of("prepare", dsn)
    call_command("migrate", verbosity=0)
    module.fill()
    return {}


def small(dsn: str) -> dict[str, Any]:
    return {"figures": [asdict(figure) for figure in module_of("small", dsn).measure()]}


def measure(peer: str, load: Load) -> dict[str, Any]:
    sample = module_of(peer, load.dsn).PEERS[peer](load)
    time.sleep(SETTLING)
    after, before, runs = written(load.dsn), sample.before, sample.all_runs
    return {
        **asdict(sample),
        "commits": (after.commits - before.commits) / runs,
        "rows": (after.rows - before.rows) / runs,
        "wal": (after.wal - before.wal) / runs / 1000,
    }


def main(peer: str, dsn: str, postmaster: str = "0", threads: str = "1", seconds: str = "2") -> None:
    match peer:
        case "prepare":
            found = prepare(dsn)
        case "small":
            found = small(dsn)
        case _:
            found = measure(peer, Load(dsn, int(postmaster), int(threads), float(seconds)))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
