"""What tests of pages share: looking at one as somebody, and what must hold of each."""

import re
from dataclasses import dataclass
from typing import cast

from django.http import HttpResponse
from django.test import Client

from tests.conftest import Person
from tests.orchestration.scenes import Said, Seen

INLINE = re.compile(rb"""<script(?![^>]*\bsrc=)|<style|\sstyle\s*=|\son[a-z]+\s*=\s*["']|javascript:""", re.IGNORECASE)

WARFARIN = Said(
    "Warfarin is stopped five days before planned surgery.",
    evidence=(Seen("Stop warfarin five days before planned surgery.", words="five days before planned surgery"),),
)
ACID = Said(
    "Tranexamic acid is given as a bolus of 2 g.",
    "CONTRADICTED",
    "The source says 1 g, the claim says 2 g.",
    words="2 g",
    rule="NUMBER",
    evidence=(Seen("Tranexamic acid: 1 g as a bolus.", "CONTRADICTS", "1 g", "NUMBER", source="Pharmacy"),),
)
REASON = "The ticket says what the two documents say."


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as it came: its status, its text, and what a test may ask of it."""

    response: HttpResponse

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return self.response.content.decode()

    @property
    def words(self) -> str:
        """Return the text without tags, on one line."""
        return " ".join(re.sub(r"<[^>]+>", " ", self.text).split())


def look(who: Person | None, address: str, **asked: str) -> Shown:
    return Shown(clean(cast("HttpResponse", browser(who).get(address, asked))))


def send(who: Person | None, address: str, **form: str) -> Shown:
    return Shown(clean(cast("HttpResponse", browser(who).post(address, form))))


def browser(who: Person | None) -> Client:
    client = Client()
    if who is not None:
        client.force_login(who.user)
    return client


def clean(response: HttpResponse) -> HttpResponse:
    """Return the response after the check that holds of every page: nothing inline, and the policy says so."""
    if "html" in response.headers.get("Content-Type", ""):
        assert not INLINE.search(response.content)
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        assert "unsafe" not in response.headers["Content-Security-Policy"]
    return response
