"""Every page, wide and narrow, light and dark: reachable for everybody, quiet on the wire, within its borders."""

from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import axe_playwright_python
import pytest
from django.urls import resolve
from playwright.sync_api import Browser, BrowserContext, Page, Request

from prometheus_site.urls import console
from tests.browser.museum import Museum, enter, visitor_of

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NAMES = (
    *("runs", "runs-none", "run", "run-hostile", "run-refused", "run-failed", "run-moving"),
    *("run-denied", "run-masked", "run-silent", "packs", "packs-own", "pack", "pack-own"),
    *("approvals", "approvals-none", "decision", "ledger", "ledger-run", "problem", "api"),
    *("checkpoints", "restore", "override", "override-none", "inquiry", "run-asked"),
    *("sources", "sources-own", "source", "source-own", "document", "calibrations", "calibrations-safety"),
    *("appeal", "appeal-own", "appeal-granted", "appeal-claim"),
    *("guardians", "guardians-rule", "guardians-none"),
    *("batches", "batch", "batch-cancelled", "webhooks", "webhooks-retired", "webhook"),
    *("admin-webhook", "admin-webhooks", "admin-deliveries", "admin-batches"),
    *(
        "admin",
        "admin-runs",
        "admin-run",
        "admin-tools",
        "admin-tool",
        "admin-compensation",
        "admin-server",
        "admin-key",
        "admin-entries",
    ),
    *(
        "admin-members",
        "admin-source",
        "admin-documents",
        "admin-claims",
        "admin-votes",
        "admin-findings",
        "admin-pack",
        "admin-user",
        "admin-password",
        "stranger",
        "log-in",
        "link-used",
    ),
)
# The admin fades from colour to colour; half-way between two schemes nothing has enough contrast.
FADES = "document.getAnimations().filter(fade => fade instanceof CSSTransition).map(fade => fade.finished)"
SETTLED = f"Promise.allSettled({FADES}).then(() => 0)"
CONTRAST = ["color-contrast"]


class Look(NamedTuple):
    """How a page is looked at, and what for; tags and ids of rules are told apart as axe wants it."""

    width: int
    scheme: Literal["light", "dark"]
    rules: dict[str, str | list[str]]


# A width and a scheme change different things: only contrast depends on both.
LOOKS = (
    Look(1280, "light", {"type": "tag", "values": RULES}),
    Look(1280, "dark", {"type": "rule", "values": CONTRAST}),
    Look(320, "dark", {"type": "tag", "values": RULES}),
    Look(320, "light", {"type": "rule", "values": CONTRAST}),
)
EXPECTED = {"problem": "400", "stranger": "403", "link-used": "403", "override-none": "409"}


class Notes:
    """What a page did that it should not: errors, refusals of the policy, requests to elsewhere."""

    def __init__(self, page: Page, home: str) -> None:
        self.home = home
        self.found: list[str] = []
        page.on("console", lambda message: self.note(message.type, message.text))
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("request", self.sent)

    def note(self, kind: str, text: str) -> None:
        # Chromium reports the status of a page that is a refusal on purpose.
        if kind in {"error", "warning"} and "the server responded with a status of 40" not in text:
            self.found.append(text)

    def sent(self, request: Request) -> None:
        if not request.url.startswith(self.home):
            self.found.append(f"asked {request.url}")


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page, at every width and in every scheme, and where it is too wide."""
    page.evaluate(f"{AXE}; undefined")
    return [fault for look in LOOKS for fault in faults(page, look)]


def faults(page: Page, look: Look) -> list[str]:
    page.set_viewport_size({"width": look.width, "height": 900})
    page.emulate_media(color_scheme=look.scheme)
    page.evaluate(SETTLED)
    found: Any = page.evaluate("rules => axe.run(document, {preload: false, runOnly: rules})", look.rules)
    needed = int(page.evaluate("document.documentElement.scrollWidth"))
    wide = [f"{needed} px wide at {look.width}"] if needed > look.width else []
    return wide + [
        f"{look.width} {look.scheme} {rule['id']}: {node['html'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def opened(context: BrowserContext, museum: Museum, name: str) -> tuple[Page, list[str]]:
    """Return the page once it stands, and what it did on the way."""
    page = context.new_page()
    notes = Notes(page, museum.url)
    response = page.goto(museum.url + museum.addresses[name])
    page.wait_for_load_state()
    assert response is not None
    assert str(response.status) == EXPECTED.get(name, "200")
    return page, list(notes.found)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_quiet_and_everybody_can_use_it(browser: Browser, museum: Museum, name: str) -> None:
    with enter(browser, museum.url, visitor_of(name)) as context:
        page, did = opened(context, museum, name)
        assert did == []
        assert violations(page) == []


def test_what_axe_looks_for_is_found(browser: Browser, museum: Museum) -> None:
    with enter(browser, museum.url, None) as context:
        page, _ = opened(context, museum, "log-in")
        page.evaluate("document.querySelector('main').append(document.createElement('select'))")
        assert any("select-name" in fault for fault in violations(page))


def test_every_page_of_the_museum_is_looked_at(museum: Museum) -> None:
    assert set(NAMES) == set(museum.addresses)


def test_every_page_of_the_console_is_in_the_museum(museum: Museum) -> None:
    shown = {resolve(urlsplit(address).path).view_name for address in museum.addresses.values()}
    pages = {f"console:{page.name}" for page in console if not hasattr(page.callback, "view_class")}
    assert pages - shown == set()


@pytest.mark.parametrize("name", ["runs", "run", "decision", "approvals", "ledger-run"])
def test_a_page_says_the_same_without_scripts(browser: Browser, museum: Museum, name: str) -> None:
    with enter(browser, museum.url, "alan") as context:
        before = opened(context, museum, name)[0].locator("main h1").inner_text()
        context.route("**/*.js", lambda route: route.abort())
        page = context.new_page()
        page.goto(museum.url + museum.addresses[name])
        assert page.locator("main h1").inner_text() == before
        assert page.locator("button.copy:visible").count() == 0


def test_the_skip_link_is_first_and_leads_to_the_content(browser: Browser, museum: Museum) -> None:
    with enter(browser, museum.url, "alan") as context:
        page, _ = opened(context, museum, "runs")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_a_contradiction_is_marked_by_more_than_colour(browser: Browser, museum: Museum) -> None:
    with enter(browser, museum.url, "alan") as context:
        page, _ = opened(context, museum, "run")
        claim = page.locator("#claim-2")
        assert claim.locator(".badge.bad svg").count() == claim.locator(".badge.bad").count() == 2
        line = claim.locator(".evidence.bad mark").first.evaluate("node => getComputedStyle(node).borderBottomStyle")
        assert line == "dashed"


@pytest.mark.parametrize(("name", "button"), [("decision", "Approve"), ("appeal", "Grant")])
def test_the_buttons_of_a_decision_stay_in_sight_on_a_narrow_screen(
    browser: Browser, museum: Museum, name: str, button: str
) -> None:
    with enter(browser, museum.url, "alan", width=320) as context:
        page, _ = opened(context, museum, name)
        box = page.get_by_role("button", name=button).bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 900 - box["height"]
        page.get_by_label("Reason").focus()
        field = page.get_by_label("Reason").bounding_box()
        assert field is not None
        assert field["y"] + field["height"] <= box["y"]


@pytest.mark.parametrize(("name", "button"), [("decision", "Approve"), ("appeal", "Grant")])
def test_no_key_decides_without_a_button(browser: Browser, museum: Museum, name: str, button: str) -> None:
    with enter(browser, museum.url, "alan") as context:
        page, _ = opened(context, museum, name)
        before = page.url
        for key in ("a", "r", "g", "y", "Enter", "Control+Enter"):
            page.keyboard.press(key)
        page.get_by_label("Reason").fill("The ticket says what the documents say.")
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(200)
        assert page.url == before
        assert page.get_by_role("button", name=button).is_visible()


def test_a_run_that_moves_is_asked_for_again_by_itself(browser: Browser, museum: Museum) -> None:
    with enter(browser, museum.url, "alan") as context:
        page, _ = opened(context, museum, "run-moving")
        with page.expect_response(lambda response: "part=live" in response.url) as asked:
            page.wait_for_timeout(1_500)
        assert asked.value.status == 204
