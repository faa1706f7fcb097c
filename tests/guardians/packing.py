"""A pack of a workspace's own, for tests, and its way into force."""

from guardians import activating
from guardians.models import PackVersion
from tests.conftest import Person

WHY = "The board decided it on Monday."
HOUSE = """pack: house
title: Rules of the house
version: "1"
review_due: 2027-06-30
rules:
  - id: house.consent
    when: request.lawful_basis == 'consent'
    effect: deny
    says: The house takes no consent.
    citation: house rule
    effective_from: 2026-01-01
    effective_to: null
    reviewed_on: 2026-11-01
    reviewed_by: the board
"""


def drafted(who: Person, text: str = HOUSE) -> PackVersion:
    return activating.draft(text=text, why=WHY, actor=who.actor)


def proposed(who: Person, text: str = HOUSE) -> PackVersion:
    return activating.propose(drafted(who, text).pk, actor=who.actor)


def activated(ada: Person, alan: Person, text: str = HOUSE) -> PackVersion:
    version = proposed(ada, text)
    return activating.activate(version.pk, seen=version.hash, actor=alan.actor)
