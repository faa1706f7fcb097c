"""A verdict is appealed by one person and decided by another, with a keyboard."""

import pytest
from playwright.sync_api import Browser, Page, expect

from audit.models import Workspace
from audit.roles import Role
from orchestration.models import Appeal
from tests.browser.museum import enter
from tests.conftest import person
from tests.orchestration.contesting import DOUBT, WORD, answered

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def press(page: Page, role: str, name: str, *, key: str = "Enter") -> None:
    """Put the focus on something that one can act on, and press a key."""
    place = page.get_by_role(role, name=name)  # type: ignore[arg-type]
    place.focus()
    page.keyboard.press(key)


def test_a_verdict_is_appealed_and_decided_by_somebody_else(site: str, browser: Browser, workspace: Workspace) -> None:
    grace = person("grace", workspace, Role.REVIEWER)
    person("alan", workspace, Role.APPROVER)
    run = answered(grace)
    with enter(browser, site, "grace") as context:
        page = context.new_page()
        page.goto(f"{site}/console/runs/{run.pk}")
        press(page, "link", "Appeal this verdict on claim 2")
        press(page, "radio", "Supported", key="Space")
        page.get_by_role("textbox", name="Why").focus()
        page.keyboard.type(DOUBT)
        page.get_by_label("The passage that shows it").select_option(index=1)
        press(page, "button", "Appeal this verdict")
        expect(page.get_by_text("Your appeal is recorded")).to_be_visible()
        expect(page.get_by_role("button", name="Grant")).to_have_count(0)
    with enter(browser, site, "alan", width=320) as context:
        page = context.new_page()
        page.goto(f"{site}/console/approvals")
        press(page, "link", "Decide on the appeal on claim 2")
        expect(page.locator(".evidence mark").first).to_be_visible()
        page.get_by_label("Reason").focus()
        page.keyboard.type(WORD)
        press(page, "button", "Grant")
        expect(page.locator("#claim-2")).to_contain_text("Appeal granted")
        expect(page.locator("#claim-2")).to_contain_text("Decided by alan")
    stored = Appeal.objects.get()
    assert (stored.state, stored.passage is not None, stored.claim.state) == ("GRANTED", True, "WITHHELD")
