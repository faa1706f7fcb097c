"""The receivers of a workspace and what they were told: registered, switched, rotated and retired by operators."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from audit.access import require
from audit.actors import Actor
from audit.console import page, workspace_of
from audit.errors import Invalid
from audit.roles import Scope
from orchestration import webhooks as verbs
from orchestration.console import badges, paging, people, wording
from orchestration.console.badges import Badge
from orchestration.models import Delivery, Webhook
from orchestration.notices import DeliveryState, Fault, NoticeType

METHODS = ["GET", "HEAD", "POST"]
SHOWN = 100
EVENTS = {
    NoticeType.COMPLETED: "Run completed",
    NoticeType.FAILED: "Run failed",
    NoticeType.CANCELLED: "Run cancelled",
    NoticeType.ESCALATED: "Run waits for a person",
}
FAULTS = {
    Fault.UNRESOLVED: "its name has no address, or its name servers do not answer",
    Fault.REFUSED: "its name leads inside a network by now, or its address is not allowed any more",
    Fault.UNREACHABLE: "nothing listens at its address",
    Fault.TLS: "its certificate does not verify",
    Fault.TIMEOUT: "it did not answer within 10 seconds",
    Fault.BROKEN: "it hung up, or its answer was not HTTP",
    Fault.REDIRECT: "it answered with a redirect, which is never followed",
    Fault.STATUS: "it answered with an error",
    Fault.SECRET: "the secret that signs does not open: rotate it",
    Fault.DISABLED: "the webhook was switched off or retired",
}
DONE = {
    "enable": "Switched on. It is told of what happens from now on.",
    "disable": "Switched off. What waited to be told was given up.",
    "retire": "Retired. What it was told stays here to be read.",
}
SWITCHES: dict[str, Callable[..., Webhook]] = {
    "enable": verbs.enable,
    "disable": verbs.disable,
    "retire": verbs.retire,
}


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    delivery: Delivery
    event: str
    run: str
    badge: Badge
    fault: str
    next: str


def delivery_row(delivery: Delivery) -> DeliveryRow:
    known = delivery.event in set(NoticeType)
    waits = delivery.status == DeliveryState.PENDING
    return DeliveryRow(
        delivery=delivery,
        run=wording.short(delivery.run_id),
        event=EVENTS[NoticeType(delivery.event)] if known else delivery.event,
        badge=badges.of_delivery(delivery.status, tried=delivery.attempts > 0),
        fault=fault_words(delivery),
        next=next_words(delivery) if waits else "",
    )


def fault_words(delivery: Delivery) -> str:
    if not delivery.fault:
        return ""
    words = FAULTS[Fault(delivery.fault)] if delivery.fault in set(Fault) else delivery.fault
    return f"{words} ({delivery.answered})" if delivery.answered else words


def next_words(delivery: Delivery) -> str:
    seconds = (delivery.next_at - now()).total_seconds()
    return f"in {wording.length(seconds)}" if seconds > 0 else "now"


@dataclass(frozen=True, slots=True)
class WebhookRow:
    webhook: Webhook
    badge: Badge
    events: tuple[str, ...]
    last: DeliveryRow | None


def webhook_row(webhook: Webhook, last: Delivery | None) -> WebhookRow:
    events = tuple(EVENTS[NoticeType(name)] for name in webhook.events if name in set(NoticeType))
    return WebhookRow(webhook, badges.of_webhook(webhook), events, delivery_row(last) if last else None)


def rows_of(found: Sequence[Webhook]) -> list[WebhookRow]:
    """Return the webhooks, each with the last thing it was told, in one query for all."""
    newest = Delivery.objects.filter(webhook=OuterRef("pk")).order_by("-created_at", "-id").values("pk")[:1]
    latest = Webhook.objects.filter(pk__in=[webhook.pk for webhook in found]).annotate(last=Subquery(newest))
    wanted = [pk for pk in latest.values_list("last", flat=True) if pk is not None]
    last = {delivery.webhook_id: delivery for delivery in Delivery.objects.filter(pk__in=wanted)}
    return [webhook_row(webhook, last.get(webhook.pk)) for webhook in found]


@require_http_methods(METHODS)
@page
def webhooks(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the workspace's webhooks; a POST registers one and shows its secret, once."""
    require(actor, Scope.WEBHOOKS_WRITE)
    if request.method != "POST":
        return listed(request, actor)
    sent = {"url": request.POST.get("url", ""), "events": request.POST.getlist("events")}
    try:
        made = verbs.register(url=sent["url"], events=sent["events"], actor=actor)
    except Invalid as refused:
        return listed(request, actor, sent=sent, error=str(refused))
    return shown(request, actor, made.webhook.pk, secret=made.secret)


def listed(
    request: HttpRequest, actor: Actor, *, sent: Mapping[str, Any] | None = None, error: str = ""
) -> HttpResponse:
    """Show the list; what was typed stands in the form again when it cannot be taken."""
    chosen = sent["events"] if sent else [notice.value for notice in NoticeType]
    retired = request.GET.get("retired") == "1"
    rows = Webhook.objects.filter(workspace_id=workspace_of(actor), retired_at__isnull=not retired)
    context = {
        "rows": rows_of(list(rows.order_by("-created_at", "-id")[:SHOWN])),
        "retired": retired,
        "choices": [(notice.value, EVENTS[notice], notice.value in chosen) for notice in NoticeType],
        "limit": verbs.WEBHOOKS_LIMIT,
        "sent": sent or {},
        "error": error,
    }
    return render(request, "console/webhooks.html", context, status=400 if error else 200)


@require_http_methods(METHODS)
@page
def webhook(request: HttpRequest, actor: Actor, webhook_id: UUID) -> HttpResponse:
    """Show one webhook and what it was told; a POST switches, rotates or retires it."""
    require(actor, Scope.WEBHOOKS_WRITE)
    if request.method != "POST":
        return shown(request, actor, webhook_id)
    word = request.POST.get("word", "")
    if word == "rotate":
        return shown(request, actor, webhook_id, secret=verbs.rotate(webhook_id, actor=actor).secret)
    if word not in SWITCHES:
        raise Invalid(f"word is {word[:40]!r}; use one of {', '.join([*SWITCHES, 'rotate'])}")
    SWITCHES[word](webhook_id, actor=actor)
    messages.success(request, DONE[word])
    return redirect("console:webhook", webhook_id=webhook_id)


def shown(request: HttpRequest, actor: Actor, webhook_id: UUID, *, secret: str = "") -> HttpResponse:
    found = verbs.found(webhook_id, actor=actor)
    after = "" if secret else request.GET.get("after", "")
    rows = found.deliveries.all()
    told = paging.page(rows, after=paging.place_in(after), column="created_at", filters={})
    who = people.names({found.registered_by}, workspace=workspace_of(actor))
    context: dict[str, Any] = {
        "row": webhook_row(found, None),
        "webhook": found,
        "who": who[found.registered_by],
        "rows": [delivery_row(delivery) for delivery in told.rows],
        "older": urlencode({"after": told.next}) if told.next else "",
        "first": not after,
        "secret": secret,
        "former": found.former_until is not None and found.former_until > now(),
        "hours": verbs.ROTATION_HOURS,
    }
    return render(request, "console/webhook.html", context)
