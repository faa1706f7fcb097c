"""One of everything that a page can show, and visitors to look at it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now
from playwright.sync_api import Browser, BrowserContext

from audit import keys, sealer
from audit.fields import seal_text
from audit.ids import new_id
from audit.models import Workspace
from audit.roles import Role
from evidence import calibrating, corpus
from evidence.models import Claim, Passage, Source
from guardians import calibrating as guardian_calibrating
from guardians.models import Finding, PackVersion, Review
from orchestration import batches, counting, registry, runs, webhooks
from orchestration.console.findings import shipped
from orchestration.models import Appeal, Delivery, PackTrial, Restore, Run, Tool
from orchestration.notices import NoticeType
from tests.conftest import Person, person
from tests.evidence.labelling import labels
from tests.guardians.packing import HOUSE, activated, drafted, proposed
from tests.orchestration import contesting, rows, scenes
from tests.orchestration.looking import ACID, WARFARIN
from tests.orchestration.scenes import Said, Seen

DISPUTED = Said(
    "Apixaban is restarted 48 hours after hip replacement.",
    "DISPUTED",
    "Two trusted sources disagree: 48 hours and 24 hours.",
    words="48 hours",
    rule="NUMBER",
    evidence=(
        Seen("After hip replacement restart apixaban after 48 hours.", words="48 hours", voice=1),
        Seen("Restart it 48 hours after hip replacement.", words="48 hours", voice=1),
        Seen("Apixaban is restarted 24 hours after hip replacement.", "CONTRADICTS", "24 hours", "NUMBER", voice=2),
        Seen("Ours after 12 hours!", "CONTRADICTS", "12 hours", "NUMBER", source="Supplier", trusted=False),
    ),
)
WIDE = f"""  - id: house.wide
    when: request.lawful_basis == '{"W" * 60}'
    effect: annotate
    says: {"W" * 150}
    citation: house rule
    effective_from: 2026-01-01
    effective_to: null
    reviewed_on: 2026-11-01
    reviewed_by: the board
"""
UNPROVEN = Said("The family is told.", "INSUFFICIENT", "No passage says this.", rule="TOPIC")
HOSTILE = Said(
    "<script>alert(1)</script>\u202egpj.exe " + "W" * 4_000,
    evidence=(Seen("W" * 6_000, words="WWW", source="<b>x</b>"),),
)
TICKET = {"queue": "committee", "title": "Two intervals", "copy_to": ["pharmacy", {"name": "W" * 300}], "urgent": True}


@dataclass(frozen=True, slots=True)
class Museum:
    """``addresses`` by the name of what is there; the names of the admin's begin with ``admin``."""

    url: str
    addresses: Mapping[str, str]


def furnish(url: str) -> Museum:
    workspace = Workspace.objects.create(slug="northgate", name="Northgate Hospital")
    grace = person("grace", workspace, Role.REVIEWER)
    ada = person("ada", workspace, Role.OPERATOR)
    alan = person("alan", workspace, Role.APPROVER)
    person("barbara", workspace, Role.OVERRIDER)
    User.objects.create_user("eve")
    published = scenes.completed(grace, [WARFARIN, ACID, DISPUTED, UNPROVEN])
    scenes.call(published)
    scenes.call(published, fault="TIMEOUT")
    scenes.checkpoint(published, 1)
    hostile = scenes.completed(grace, [HOSTILE], question=HOSTILE.text)
    approval = scenes.waiting(grace, [WARFARIN, ACID], stakes="HIGH", quorum=2, actions=[TICKET])
    asked = rows.inquiry(scenes.submit(grace))
    undone = compensated(ada)
    doubted = appeals(grace, ada, alan, published)
    library = Source.objects.create(workspace=published.workspace, name="Library", weight=0.5)
    leaflet = corpus.add_document(source="Committee", title="W" * 200, text="Warfarin is stopped.", actor=ada.actor)
    corpus.rate_source(leaflet.source_id, trusted=False, weight=0.25, actor=ada.actor)
    calibrating.calibrate(labels([0.9, 0.4], [0.1] * 60), actor=ada.actor)
    guardian_calibrating.calibrate([5.0, *([0.0] * 600)], actor=ada.actor)
    guarded(published)
    activated(ada, alan)
    told = tried(proposed(ada, HOUSE.replace("deny", "require_approval")), published, hostile)
    counting.count(until=now() + dt.timedelta(minutes=1))
    refused_by_rule = Run.objects.get(pk=str(denied(grace)))
    addresses = {
        "runs": "/console/runs",
        "runs-none": "/console/runs?state=LOGGING",
        "run": f"/console/runs/{published.pk}",
        "run-hostile": f"/console/runs/{hostile.pk}",
        "run-refused": f"/console/runs/{refused(grace)}",
        "run-failed": f"/console/runs/{failed(grace)}",
        "run-denied": f"/console/runs/{refused_by_rule.pk}",
        "run-masked": f"/console/runs/{masked(grace)}",
        "run-silent": f"/console/runs/{silent(grace)}",
        "run-moving": f"/console/runs/{moving(grace)}",
        "approvals": "/console/approvals",
        "approvals-none": "/console/approvals?state=REJECTED",
        "decision": f"/console/approvals/{approval.pk}",
        "inquiry": f"/console/inquiries/{asked.pk}",
        "run-asked": f"/console/runs/{asked.run_id}",
        "appeal": f"/console/appeals/{doubted[0].pk}",
        "appeal-own": f"/console/appeals/{doubted[1].pk}",
        "appeal-granted": f"/console/appeals/{doubted[2].pk}",
        "appeal-claim": f"/console/runs/{published.pk}/claims/{doubted[2].claim_id}/appeal",
        "ledger": "/console/ledger",
        "ledger-run": f"/console/ledger?run={published.pk}",
        "checkpoints": f"/console/runs/{published.pk}/checkpoints",
        "restore": f"/console/restores/{restore(grace, published)}",
        "override-none": f"/console/runs/{published.pk}/override",
        "override": f"/console/overrides/{override(ada, refused_by_rule)}",
        "sources": "/console/evidence/sources",
        "sources-own": "/console/evidence/sources",
        "source": f"/console/evidence/sources/{leaflet.source_id}",
        "source-own": f"/console/evidence/sources/{leaflet.source_id}",
        "document": f"/console/evidence/documents/{leaflet.pk}",
        "calibrations": "/console/evidence/calibrations",
        "packs": "/console/policies",
        "packs-own": "/console/policies",
        "pack": f"/console/policies/{told.pk}",
        "pack-own": f"/console/policies/{drafted(ada, HOUSE + WIDE).pk}",
        "calibrations-safety": "/console/guardians/calibrations",
        "guardians": "/console/guardians",
        "guardians-rule": "/console/guardians?guardian=privacy&rule=privacy.email",
        "guardians-none": "/console/guardians?days=1&guardian=nobody",
        "batches": "/console/batches",
        "batch": f"/console/batches/{batch(ada)}",
        "batch-cancelled": f"/console/batches/{batch(ada, cancelled=True)}",
        "webhooks": "/console/webhooks",
        "webhooks-retired": "/console/webhooks?retired=1",
        "webhook": f"/console/webhooks/{webhook(ada, published)}",
        "admin-webhook": "/admin/orchestration/webhook/add/",
        "admin-webhooks": "/admin/orchestration/webhook/",
        "admin-deliveries": "/admin/orchestration/delivery/",
        "admin-batches": "/admin/orchestration/batch/",
        "problem": "/console/runs?state=DONE",
        "api": "/api/",
        "admin": "/admin/",
        "admin-runs": "/admin/orchestration/run/",
        "admin-run": f"/admin/orchestration/run/{published.pk}/change/",
        "admin-tools": "/admin/orchestration/tool/",
        "admin-tool": f"/admin/orchestration/tool/{undone.pk}/change/",
        "admin-compensation": f"/admin/orchestration/tool/{undone.pk}/compensation/",
        "admin-server": "/admin/orchestration/toolserver/add/",
        "admin-key": "/admin/audit/apikey/add/",
        "admin-entries": "/admin/audit/entry/",
        "admin-members": "/admin/audit/membership/",
        "admin-source": f"/admin/evidence/source/{library.pk}/change/",
        "admin-documents": "/admin/evidence/document/",
        "admin-claims": "/admin/evidence/claim/",
        "admin-votes": "/admin/guardians/vote/",
        "admin-findings": "/admin/guardians/finding/",
        "admin-pack": "/admin/guardians/packversion/add/?pack=medical",
        "admin-user": f"/admin/auth/user/{ada.user.pk}/change/",
        "admin-password": "/admin/password_change/",
        "stranger": "/console/runs",
        "log-in": "/login",
        "link-used": "/login/once/MQ/x-y",
    }
    sealer.seal_all()
    return Museum(url, addresses)


def guarded(run: Run) -> None:
    """Let Privacy and Compliance find something in texts of a run, one of them full of long words."""
    review = Review.objects.get(run=run.pk)
    review.ballot, review.reasons = "ESCALATE", ["escalated:compliance", "redact:privacy", "people_required:1"]
    review.dissent, review.needs_people = ["privacy:ALLOW_WITH_REDACTION", "safety:ALLOW"], 1
    review.save()
    privacy, compliance = (review.votes.get(guardian=name) for name in ("privacy", "compliance"))
    privacy.ballot, compliance.ballot = "ALLOW_WITH_REDACTION", "ESCALATE"
    compliance.version, rules = shipped()
    privacy.save()
    compliance.save()
    question = "When is apixaban stopped before surgery?"
    scenes.found(privacy, "REQUEST", "request", question, "apixaban")
    scenes.found(privacy, "REQUEST", "request", question, "apixaban stopped", rule="privacy.name.title", kind="PERSON")
    passage = Passage.objects.filter(run=run.pk).order_by("id")[0]
    text = WARFARIN.evidence[0].text
    scenes.found(privacy, "DOCUMENT", str(passage.pk), text, "five days", rule="W" * 80, kind="DATE")
    for rule in list(rules.values())[:2]:
        known = {"rule": rule.id, "kind": rule.effect.value, "citation": rule.citation}
        Finding.objects.create(vote=compliance, part="ACTION", ref="gdpr", score=0.75, **known)


def appeals(grace: Person, ada: Person, alan: Person, run: Run) -> tuple[Appeal, Appeal, Appeal]:
    """Return an appeal that waits, one that waits of whoever looks, and one that was granted."""
    told = {claim.ordinal: claim for claim in Claim.objects.filter(bundle__run=run.pk)}
    waits = contesting.appealed(run, grace, claim=told[1], passage=contesting.passage_of(told[0]).pk)
    own = contesting.appealed(run, alan, claim=told[2], reason="W" * 900)
    granted = contesting.appealed(run, ada, claim=told[3])
    return waits, own, contesting.decided(granted, grace)


def compensated(ada: Person) -> Tool:
    """Return the tool that files tickets, after it was said which one undoes that."""
    filing = Tool.objects.get(name="file_ticket")
    closing = rows.tool(filing.server.workspace, "close_ticket", state="ACTIVE", approved_hash="d" * 64)
    seen = {"seen": filing.definition_hash, "seen_by": closing.definition_hash}
    found = {"ticket": {"from": "result.ticket"}, "why": {"value": "The run that filed it failed."}}
    return registry.register_compensation(filing.pk, by=closing.pk, arguments=found, actor=ada.actor, **seen)


def refused(who: Person) -> object:
    run = scenes.judged(who, [UNPROVEN])
    scenes.review(run, ballot="DENY", reasons=("hard_deny:compliance",))
    run.reason = "gate:NONE_SUPPORTED"
    scenes.move(run, "refuse")
    scenes.move(run, "complete", finished_at=now())
    return run.pk


def denied(who: Person) -> object:
    """Leave a run that a fixed rule of Safety and one of Compliance refused; of an older pack only the id is known."""
    run = scenes.judged(who, [WARFARIN])
    review = scenes.review(run, ballot="DENY", reasons=("hard_deny:safety", "hard_deny:compliance"))
    review.votes.update(hard=True)
    safety, compliance = (review.votes.get(guardian=name) for name in ("safety", "compliance"))
    safety.findings.all().delete()
    question = "When is apixaban stopped before surgery?"
    scenes.found(safety, "REQUEST", "request", question, "stopped before", rule="harm.explosives", kind="HARM_WEAPONS")
    scenes.found(safety, "REQUEST", "request", question, "surgery", rule="W" * 80, kind="W" * 40)
    known = {"kind": "DENY", "part": "ACTION", "ref": "house", "score": 1.0}
    Finding.objects.create(vote=compliance, rule="house.gone", citation="W" * 200, **known)
    run.reason = "consensus:hard_deny:safety; consensus:hard_deny:compliance"
    scenes.move(run, "refuse", decision="REFUSE")
    scenes.move(run, "complete", finished_at=now())
    return run.pk


def masked(who: Person) -> object:
    """Leave a run in whose draft Privacy found what had to be masked."""
    run = scenes.completed(who, [WARFARIN])
    review = Review.objects.get(run=run.pk)
    review.ballot, review.reasons, review.dissent = "ALLOW_WITH_REDACTION", ["redact:privacy"], ["safety:ALLOW"]
    review.save()
    privacy = review.votes.get(guardian="privacy")
    privacy.ballot, privacy.score = "ALLOW_WITH_REDACTION", 0.99
    privacy.reason = "the answer holds PERSON; 0 in the request, 0 elsewhere; coverage: direct data; no model"
    privacy.save()
    scenes.found(privacy, "ANSWER", "answer", WARFARIN.text, "Warfarin", rule="privacy.name.title", kind="PERSON")
    return run.pk


def silent(who: Person) -> object:
    """Leave a run whose guardians did not all answer: one too late, one that ended with an error."""
    run = scenes.judged(who, [WARFARIN])
    reasons = ("required_guardian_abstained:safety", "required_guardian_abstained:privacy", "people_required:1")
    review = scenes.review(run, ballot="ESCALATE", people=1, reasons=reasons, dissent=("compliance:ALLOW",))
    Finding.objects.filter(vote__review=review).delete()
    for name, why in (("safety", "late: no answer within 10 s"), ("privacy", "raised ValueError at privacy.py:131")):
        review.votes.filter(guardian=name).update(ballot="ABSTAIN", reason=why, score=0.0, elapsed_us=10_000_000)
    run.decision, run.due_at = "ESCALATE", None
    run.reason = "; ".join(f"consensus:{reason}" for reason in reasons)
    run.save(update_fields=["decision", "reason", "due_at"])
    return run.pk


def tried(version: PackVersion, *judged: Run) -> PackVersion:
    """Leave a trial of a version that changes some outcomes."""
    changes = [
        {"run": str(run.pk), "before": "PUBLISH (ALLOW)", "after": "ESCALATE (ESCALATE)", "rules": ["W" * 80]}
        for run in judged
    ]
    PackTrial.objects.create(
        workspace_id=version.workspace_id,
        version=version,
        requested_by=version.made_by,
        on=now().date(),
        base="a" * 64,
        hash="b" * 64,
        total=40,
        done=30,
        changed=len(changes),
        unknown=4,
        changes=changes,
    )
    return version


def failed(who: Person) -> object:
    run = scenes.submit(who, answer="Warfarin is stopped.", stakes="LOW")
    scenes.move(run, "process")
    runs.fail(run.pk, actor=who.actor, reason="provider:TIMEOUT: 3 attempts")
    return run.pk


def override(who: Person, run: Run) -> object:
    """Leave an override that waits for a second person."""
    parts = dict.fromkeys(("answer", "claims", "arguments", "policy", "material"), "c" * 64)
    return restore(who, run, kind="OVERRIDE", denial={"rules": {"compliance": ["W" * 80]}, "parts": parts})


def restore(who: Person, run: Run, *, kind: str = "FORK", **more: object) -> object:
    """Leave a restore that waits for a second person."""
    effect = {"run": str(run.pk), "tool": "desk/file_ticket", "state": "DONE", "arguments": "a" * 64}
    row = Restore(
        workspace_id=run.workspace_id,
        id=new_id(),
        run=run,
        run_version=run.version,
        checkpoint_id="1f0c-checkpoint",
        kind=kind,
        plan={
            "checkpoint": "1f0c-checkpoint",
            "state": "GATING",
            "steps": ["gate", "decide"],
            "done": [effect],
            "open": [],
            **more,
        },
        binding="b" * 64,
        requested_by=str(who.actor),
        expires_at=now() + dt.timedelta(minutes=15),
    )
    seal_text(keys.load(run.key_id), row, "reason_sealed", "The source was corrected since.")
    row.save(force_insert=True)
    return row.pk


def batch(who: Person, *, cancelled: bool = False) -> object:
    """Leave a batch with runs in several states and two requests that were not taken."""
    asked: list[dict[str, object]] = [{"kind": "QUESTION", "question": f"Dose {n}?"} for n in range(9)]
    made = batches.submit([*asked, {"kind": "POEM"}, {"kind": "QUESTION"}], actor=who.actor).batch
    first, second, third, *_ = made.runs.order_by("place")
    for run in (first, second):
        scenes.move(run, "process")
    runs.fail(second.pk, actor=who.actor, reason="provider:TIMEOUT: 3 attempts")
    runs.cancel(third.pk, actor=who.actor)
    if cancelled:
        batches.cancel(made.pk, actor=who.actor)
    return made.pk


def webhook(who: Person, run: Run) -> object:
    """Leave a retired webhook, one that is off, and one with a delivery of each outcome."""
    events = [notice.value for notice in NoticeType]
    retired, off, made = (
        webhooks.register(url=f"https://8.8.8.8/{'hook' * n}", events=events, actor=who.actor).webhook
        for n in (1, 1, 30)
    )
    webhooks.retire(retired.pk, actor=who.actor)
    webhooks.disable(off.pk, actor=who.actor)
    webhooks.rotate(made.pk, actor=who.actor)
    outcomes = [
        ("PENDING", 0, "", None),
        ("PENDING", 3, "STATUS", 503),
        ("DELIVERED", 1, "", 200),
        ("GIVEN_UP", 10, "TLS", None),
    ]
    for status, attempts, fault, answered in outcomes:
        Delivery.objects.create(
            webhook=made,
            run=run,
            event="run.completed",
            state="COMPLETED",
            decision="PUBLISH",
            status=status,
            attempts=attempts,
            fault=fault,
            answered=answered,
            next_at=now() + dt.timedelta(minutes=4),
        )
    return made.pk


def moving(who: Person) -> object:
    run = scenes.submit(who)
    scenes.move(run, "process")
    return run.pk


def visitor_of(name: str) -> str | None:
    """Return who looks at an address: operators at the admin, nobody at the log-in, an approver at the rest."""
    if name == "calibrations-safety" or (name.endswith("-own") and name.startswith(("source", "pack"))):
        return "ada"
    match name.partition("-")[0]:
        case "admin" | "webhooks" | "webhook":
            return "ada"
        case "stranger":
            return "eve"
        case "override":
            return "barbara"
        case "log" | "link":
            return None
        case _:
            return "alan"


def enter(browser: Browser, url: str, who: str | None, *, width: int = 1280) -> BrowserContext:
    """Return a browser window of somebody who is logged in."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="light")
    if who is not None:
        client = Client()
        client.force_login(User.objects.get(username=who))
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
    return context
