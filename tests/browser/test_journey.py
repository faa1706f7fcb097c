"""The whole way with every real part: engine, desk over MCP, a Celery worker, the site, and a browser."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from audit import sealer
from orchestration.engine import driver
from orchestration.management.stage import Stage, database_url
from orchestration.models import Run
from prometheus_site.onetime import link_for
from tests.pipeline.asking import CASES, ask, submit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
PATIENCE = 60_000
REASON = "Both documents say what the ticket says; the committee has to agree."


@pytest.fixture
def worker(quick: Stage, tmp_path: Path) -> Iterator[None]:
    """Run a Celery worker with beat on the database of the test."""
    environment = {**os.environ, "DATABASE_URL": database_url(), "DATABASE_POOL": "false"}
    schedule = ["--beat", "--schedule", str(tmp_path / "beat")]
    quiet = ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "prometheus_site",
        "worker",
        "--concurrency",
        "1",
        *schedule,
        *quiet,
    ]
    with (tmp_path / "worker.log").open("wb") as log:
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    yield
    os.killpg(child.pid, signal.SIGTERM)
    child.wait(timeout=30)


def picture(page: Page, name: str, *, height: int = 900) -> None:
    """Keep a picture for the documentation when it is asked for."""
    if os.environ.get("PROMETHEUS_SCREENSHOTS") == "1":
        page.set_viewport_size({"width": 1280, "height": height})
        page.screenshot(path=IMAGES / f"{name}.png")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(PATIENCE)
        yield context.new_page()


def test_an_approver_logs_in_reads_the_evidence_approves_and_sees_it_completed(
    quick: Stage, worker: None, site: str, page: Page, tickets: Path
) -> None:
    run = submit(quick, CASES["c"])
    page.goto(site + link_for(quick.users["alan"]))
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Approvals"))).to_be_visible()
    waits(page, site, run)
    page.get_by_role("link", name="Open the decision").click()
    expect(page.get_by_role("heading", name="What would be done")).to_be_visible()
    expect(page.locator(".arguments")).to_contain_text("thrombosis-committee")
    expect(page.locator(".evidence mark").first).to_be_visible()
    assert not tickets.exists()
    page.get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("The run goes on with exactly what you saw.")).to_be_visible()
    expect(page.locator(".head-line .badge").first).to_have_text("Completed", timeout=PATIENCE)
    expect(page.locator("#approvals")).to_contain_text(REASON)
    assert len(tickets.read_text(encoding="utf-8").splitlines()) == 1


def waits(page: Page, site: str, run: Run) -> None:
    """Open the run and stay until it waits for a person."""
    page.goto(f"{site}/console/runs/{run.pk}")
    expect(page.get_by_role("link", name="Open the decision")).to_be_visible(timeout=PATIENCE)


def test_a_decision_is_made_with_the_keyboard_alone(quick: Stage, site: str, page: Page) -> None:
    run = ask(quick, CASES["c"])
    page.goto(site + link_for(quick.users["alan"]))
    page.goto(f"{site}/console/approvals/{run.approvals.get().pk}")
    tab_to(page, "document.activeElement.id === 'reason'")
    page.keyboard.type("The two documents do disagree, but not about this.")
    tab_to(page, "document.activeElement.value === 'reject'")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The run ends refused")).to_be_visible()
    driver.advance(run.pk)
    page.reload()
    expect(page.locator(".summary")).to_contain_text("Refused: nothing was published and nothing was done.")


def tab_to(page: Page, reached: str) -> None:
    """Press Tab until a place is reached; a place that a keyboard does not reach ends in an error."""
    for _ in range(150):
        if page.evaluate(reached):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"150 times Tab and {reached} is not true")


def test_a_reviewer_reads_why_two_claims_were_withheld(quick: Stage, site: str, page: Page) -> None:
    run = ask(quick, CASES["b"])
    sealer.seal_all()
    page.goto(site + link_for(quick.users["grace"]))
    page.goto(f"{site}/console/runs/{run.pk}")
    expect(page.locator(".summary")).to_contain_text(
        "Answered in part: 4 of 6 claims supported by evidence, 2 withheld."
    )
    expect(page.locator("#claim-3 .said mark")).to_contain_text("2 g")
    expect(page.locator("#claim-3 .evidence.bad mark").first).to_contain_text("1 g")
    expect(page.locator("#claim-5 .badge").first).to_have_text("Contradicted")
    page.goto(f"{site}/console/runs/{run.pk}?verdict=CONTRADICTED")
    picture(page, "run", height=1480)
    page.goto(f"{site}/console/ledger?run={run.pk}")
    page.get_by_role("button", name="Verify this run’s entries now").click()
    expect(page.get_by_text(re.compile("Verified: .* of this run’s chain"))).to_be_visible()
