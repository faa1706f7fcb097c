"""Kill workers at thousands of points and judge what is left; exit 1 with a line for each breach."""

import json
import logging
import os
import platform
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from orchestration.engine.inspection import Kind
from orchestration.management.chaos import lives
from orchestration.management.chaos.judgement import Breach, judge
from orchestration.management.chaos.lives import Tally
from orchestration.management.stage import Stage, load_corpus, open_desk, set_stage
from orchestration.models import ToolServer

DEMO = settings.BASE_DIR / "deploy" / "demo"
SHOWN = 50
BATCH = 20
PATIENCE = 60


class Command(BaseCommand):
    help = "Kill workers at many points, on servers of its own that are thrown away, and judge the tables afterwards."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--crash-points", type=int, default=10_000, help="deaths at least (default 10000)")
        parser.add_argument("--minutes", type=float, default=60, help="stop dying after this time (default 60)")
        parser.add_argument("--seed", type=int, default=1, help="draws the points of runs that die several times")
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at once")
        parser.add_argument("--json", type=Path, help="write what was measured to this file")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        folder = Path(os.environ.get("PROMETHEUS_THROW_AWAY", ""))
        if not folder.name:
            raise CommandError("soak runs by manage.py only, on servers of its own: it breaks the database it runs on")
        logging.disable(logging.INFO)  # a line for each slice of each life
        tickets = folder / "tickets.jsonl"
        began = time.monotonic()
        with desk(tickets) as url:
            stage = prepare(tickets, url)
            tally = self.drill(stage, folder, options)
        seconds = time.monotonic() - began
        self.stderr.write(f"judging {tally.runs} runs")
        breaches = list(judge(tickets))
        self.report(tally, breaches, seconds, options)

    def drill(self, stage: Stage, folder: Path, options: Mapping[str, Any]) -> Tally:
        cases = {case["id"]: case for case in json.loads((DEMO / "requests.json").read_text(encoding="utf-8"))}
        for case in cases:
            lives.measure(stage, cases[case], f"first-{case}")  # what is made once is made now
        lengths = {case: lives.measure(stage, cases[case], f"measure-{case}") for case in cases}
        self.stderr.write(f"points of an undisturbed life: {lengths}")
        nursery = lives.open_nursery(stage)
        lanes = []
        for lane in range(options["workers"]):
            mine = islice(lives.enumerate_all(cases, lengths), lane, None, options["workers"])
            more = lives.drawn(cases, lengths, seed=options["seed"] * 1000 + lane, label=f"lane{lane}")
            lanes.append(self.fork(nursery, folder, lane, chain(mine, more), options))
        if any(os.waitpid(lane, 0)[1] for lane in lanes):
            raise CommandError("a lane broke off; what it says stands above")
        total = Tally(runs=2 * len(cases))
        for path in folder.glob("lane-*.json"):
            total.add(Tally(**json.loads(path.read_text())))
        return total

    def fork(
        self,
        nursery: lives.Nursery,
        folder: Path,
        lane: int,
        histories: Iterator[lives.History],
        options: Mapping[str, Any],
    ) -> int:
        """Begin a lane: a process that takes its share of the runs through their deaths."""
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            tally, ends = Tally(), time.monotonic() + options["minutes"] * 60
            goal = -(-options["crash_points"] // options["workers"])
            while tally.deaths < goal and time.monotonic() < ends:
                tally.add(lives.carry(nursery, islice(histories, BATCH)))
                self.stderr.write(f"lane {lane}: {tally.runs} runs, {tally.deaths} of {goal} deaths")
            (folder / f"lane-{lane}.json").write_text(json.dumps(asdict(tally)))
            code = 0
        finally:
            os._exit(code)

    def report(self, tally: Tally, breaches: list[Breach], seconds: float, options: Mapping[str, Any]) -> None:
        found = Counter(breach.kind for breach in breaches)
        figures = {"crash points": tally.deaths, "runs": tally.runs, **{f"{kind}s": found[kind] for kind in Kind}}
        self.stdout.write(f"{seconds:.0f} s with seed {options['seed']}")
        for what, value in figures.items():
            self.stdout.write(f"  {what:20} {value:>8}")
        if options["json"]:
            options["json"].write_text(json.dumps(document(figures, seconds, options), indent=1) + "\n")
        for breach in breaches[:SHOWN]:
            self.stderr.write(str(breach))
        if breaches:
            raise CommandError(f"{len(breaches)} breaches, of which {min(len(breaches), SHOWN)} are shown")


def document(figures: Mapping[str, int], seconds: float, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was measured in the form in which benchmarks keep their figures."""
    wanted = {"crash points": f">= {options['crash_points']}", "runs": ""}
    listed = []
    for what, value in figures.items():
        goal = wanted.get(what, "0")
        met = None if not goal else value >= options["crash_points"] if what == "crash points" else value == 0
        listed.append({"what": what, "value": value, "unit": "", "goal": goal, "met": met, "note": ""})
    command = f"python manage.py soak --crash-points {options['crash_points']} --seed {options['seed']}"
    machine = {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),
    }
    notes = [
        f"{seconds:,.0f} s with {options['workers']} workers, on PostgreSQL and Redis that are thrown away.",
        "A death ends a worker before or after one of the statements, commits and calls of a run; another one goes on.",
        "The tables are judged when all runs have ended.",
    ]
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "command": command,
        "measured_at": made,
        "machine": machine,
        "figures": listed,
        "details": {"notes": notes, "seconds": round(seconds), "workers": options["workers"]},
    }


def prepare(tickets: Path, url: str) -> Stage:
    call_command("migrate", verbosity=0)
    stage = set_stage()
    load_corpus(DEMO / "corpus", actor=stage.actors["ada"])
    open_desk(stage.workspace, actor=stage.actors["ada"], tickets=tickets)
    ToolServer.objects.update(transport="http", url=url, command=[])
    connection.close()
    return stage


@contextmanager
def desk(tickets: Path) -> Iterator[str]:
    """Serve the demonstration's tools over HTTP for as long as the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "orchestration.engine.desk", str(DEMO / "corpus"), "--http", str(port)]
    environment = {**os.environ, "PROMETHEUS_TICKETS": str(tickets)}
    with subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=settings.BASE_DIR, env=environment, stderr=subprocess.DEVNULL
    ) as child:
        try:
            ends = time.monotonic() + PATIENCE
            while not answers(port):
                if time.monotonic() > ends or child.poll() is not None:
                    raise CommandError(f"the desk did not answer within {PATIENCE} s")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            child.terminate()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
