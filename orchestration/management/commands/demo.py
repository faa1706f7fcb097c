"""The demonstration: real servers, a worker, four requests through the whole pipeline, and a summary to read."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import apikeys, ledger, sealer
from audit.models import Entry
from audit.roles import Scope
from orchestration.management import report
from orchestration.management.stage import Stage, load_corpus, open_desk, set_stage
from orchestration.models import Run

DEMO = settings.BASE_DIR / "deploy" / "demo"
PATIENCE = 60


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print what is being done and how long it took."""
    sys.stdout.write(f"  {title} … ")
    sys.stdout.flush()
    started = time.monotonic()
    yield
    say(f"{time.monotonic() - started:.1f} s")


@contextmanager
def process(*command: str, environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a child in a process group of its own, and end the whole group afterwards."""
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 - our own programs
            [*command], env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield child
    finally:
        end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    for sent, patience in ((signal.SIGTERM, 12), (signal.SIGKILL, 5)):
        if child.poll() is not None:
            break
        os.killpg(child.pid, sent)
        try:
            child.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue


def free_port(wanted: int) -> int:
    """Return the port if nobody listens on it.

    Raises:
        CommandError: it is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise CommandError(f"port {wanted} is taken ({error.strerror}); choose another: --port 8001") from error
        return int(probe.getsockname()[1])


class Client:
    """The demo's own client of the API."""

    def __init__(self, base: str, key: str) -> None:
        self.base, self.key = base, key

    def post(self, path: str, body: Mapping[str, Any], **headers: str) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            self.base + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Api-Key {self.key}", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                known: dict[str, Any] = json.load(answer)
                return known
        except urllib.error.HTTPError as error:
            raise CommandError(f"{path} answered {error.code}: {error.read().decode()[:500]}") from error

    def wait_until_up(self, web: subprocess.Popen[bytes], log: Path) -> None:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            if web.poll() is not None:
                raise CommandError(f"the web server ended with code {web.returncode}; see {log}")
            try:
                with urllib.request.urlopen(f"{self.base}/health/ready", timeout=2):  # noqa: S310
                    return
            except OSError:
                time.sleep(0.1)
        raise CommandError(f"the web server did not answer within {PATIENCE} s; see {log}")


def known(name: str) -> list[dict[str, Any]]:
    """Return the requests of a file of the demonstration."""
    cases: list[dict[str, Any]] = json.loads((DEMO / name).read_text(encoding="utf-8"))
    return cases


def sent(client: Client, case: Mapping[str, Any]) -> Run:
    """Send one request and return its run once there is nothing left to do for workers."""
    body = {name: case[name] for name in ("question", "answer", "stakes", "passages", "facts") if name in case}
    body["actions"] = [{**action, "tool": f"desk/{action['tool']}"} for action in case.get("actions", [])]
    path = "/api/v1/verify" if case["kind"] == "verify" else "/api/v1/runs"
    return Run.objects.get(pk=client.post(path, body, Prefer="wait=30")["id"])


class Command(BaseCommand):
    help = "Start everything, send four requests through the pipeline, and print what became of them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="stop after the summary")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        port = free_port(options["port"])
        data = Path(os.environ.get("PROMETHEUS_DATA", settings.BASE_DIR / ".data"))
        say("PROMETHEUS demonstration")
        try:
            with ExitStack() as stack:
                self.run_all(stack, data=data, port=port, serve=not options["no_serve"])
        except KeyboardInterrupt:
            say("\nStopping.")

    def run_all(self, stack: ExitStack, *, data: Path, port: int, serve: bool) -> None:
        stage = self.prepare(data)
        base = f"http://127.0.0.1:{port}"
        client = self.start(stack, stage, base=base, data=data, port=port)
        cases = known("requests.json")
        failures = [fault for case in cases for fault in self.send(client, stage, case)]
        say()
        with step("four runs of other kinds, to look at in the console"):
            failures += [
                fault for case in known("kinds.json") for fault in self.faults(sent(client, case), stage, case)
            ]
        failures += self.check_ledger()
        say(f"\nConsole: {base}/console/")
        say("Log in once as Alan, who may approve, or as Ada, who operates:")
        for name in ("alan", "ada"):
            call_command("login_link", name, site=base)
        if failures:
            raise CommandError("not everything ended as it must:\n  " + "\n  ".join(failures))
        say("All requests ended as they must, and the ledger verifies.")
        if serve:
            say("Serving; Ctrl-C stops everything.")
            while True:
                time.sleep(3600)

    def prepare(self, data: Path) -> Stage:
        with step("database schema"):
            call_command("migrate", verbosity=0)
        with step("corpus of documents"):
            stage = set_stage()
            load_corpus(DEMO / "corpus", actor=stage.actors["ada"])
        with step("tool server (MCP over stdio)"):
            open_desk(stage.workspace, actor=stage.actors["ada"], tickets=data / "tickets.jsonl")
        return stage

    def start(self, stack: ExitStack, stage: Stage, *, base: str, data: Path, port: int) -> Client:
        metrics = data / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir(parents=True)
        environment = {"SITE_URL": base, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
        python = sys.executable
        key = apikeys.create_key(
            name="demo client", scopes=[Scope.RUNS_READ, Scope.RUNS_WRITE], actor=stage.actors["grace"]
        )
        client = Client(base, key.text)
        with step("worker and web server"):
            worker = [python, "-m", "celery", "-A", "prometheus_site", "worker", "--beat", "--concurrency", "2"]
            worker += ["--loglevel", "INFO", "--schedule", str(data / "beat"), "--without-gossip", "--without-mingle"]
            stack.enter_context(process(*worker, environment=environment, log=data / "worker.log"))
            gunicorn = [python, "-m", "gunicorn", "prometheus_site.wsgi:application", "--workers", "2"]
            gunicorn += ["--threads", "4", "--bind", f"127.0.0.1:{port}"]
            web = stack.enter_context(process(*gunicorn, environment=environment, log=data / "web.log"))
            client.wait_until_up(web, data / "web.log")
        return client

    def send(self, client: Client, stage: Stage, case: Mapping[str, Any]) -> list[str]:
        """Send one request, print what became of it, and return what is not as it must be."""
        started = time.monotonic()
        run = sent(client, case)
        say(f"\n({case['id']}) {case['title']}")
        for line in report.lines(run, actor=stage.actors["ada"], seconds=time.monotonic() - started):
            say(f"    {line}")
        return self.faults(run, stage, case)

    def faults(self, run: Run, stage: Stage, case: Mapping[str, Any]) -> list[str]:
        return [f"({case['id']}) {fault}" for fault in report.faults(run, case["expected"], actor=stage.actors["ada"])]

    def check_ledger(self) -> list[str]:
        sealer.seal_all()
        faults = [str(fault) for fault in (*ledger.check_chains(), *sealer.check_tree())]
        last = sealer.latest()
        if not faults:
            sealed = last.size if last else 0
            say(f"\nLedger: {Entry.objects.count()} entries verify; {sealed} are sealed under a signed checkpoint.")
        return faults
