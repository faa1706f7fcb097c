"""Completed runs whose verdicts somebody doubts, and the words on them."""

from typing import Any

from evidence.models import Claim, Passage
from evidence.verdicts import Verdict
from orchestration import appealing
from orchestration.models import Appeal, Run
from orchestration.states import AppealState
from tests.conftest import Person
from tests.orchestration import scenes
from tests.orchestration.looking import ACID, WARFARIN

DOUBT = "The leaflet of 2026 says 2 g, not 1 g."
WORD = "The pharmacy confirms what the leaflet says."


def answered(who: Person) -> Run:
    """Return a completed run with a published claim and a withheld one."""
    return scenes.completed(who, [WARFARIN, ACID])


def withheld(run: Run) -> Claim:
    return Claim.objects.get(bundle__run=run.pk, state="WITHHELD")


def published(run: Run) -> Claim:
    return Claim.objects.get(bundle__run=run.pk, state="PUBLISHED")


def passage_of(claim: Claim) -> Passage:
    return Passage.objects.get(evidence__claim=claim)


def appealed(run: Run, who: Person, *, claim: Claim | None = None, **asked: Any) -> Appeal:
    """Return an appeal of somebody that waits: by default that the withheld claim is SUPPORTED."""
    known = {"wanted": Verdict.SUPPORTED, "reason": DOUBT, **asked}
    return appealing.appeal(run.pk, (claim or withheld(run)).pk, actor=who.actor, **known).appeal


def decided(appeal: Appeal, who: Person, word: AppealState = AppealState.GRANTED, **told: Any) -> Appeal:
    known = {"reason": WORD, "seen": appeal.binding, **told}
    return appealing.decide(appeal.pk, word=word, actor=who.actor, **known)
