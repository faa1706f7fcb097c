"""A real browser before a real server. Without Chromium these tests are left out, or fail where one is required."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from tests.browser.museum import Museum, furnish
from tests.conftest import copy, leave
from tests.pipeline.conftest import desk_url, quick, stage, staged, tickets

__all__ = ["browser", "desk_url", "museum", "quick", "site", "stage", "staged", "tickets"]

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return headless Chromium. Playwright's event loop runs in this thread until these tests are over."""
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is not installed; on Debian: apt-get install chromium"
        if os.environ.get("PROMETHEUS_BROWSER") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    # The tests' queries between its calls are synchronous all the same.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE", "")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def site(committed: None) -> Iterator[str]:
    """Return the address of the site, served from threads of this process on the database of the test."""
    server = LiveServer("127.0.0.1")
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def museum(template: str, django_db_blocker: DjangoDbBlocker) -> Iterator[Museum]:
    """Return a site that holds one of everything, for tests that only look."""
    with django_db_blocker.unblock():
        server = LiveServer("127.0.0.1")
        try:
            yield furnish(server.url)
        finally:
            server.stop()
            leave()
            copy(template, str(connection.settings_dict["NAME"]))
