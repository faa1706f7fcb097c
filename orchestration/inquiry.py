"""What a person is asked when nobody knows whether an effect happened, and what their word is bound to."""

from audit import canonical, vault
from audit.fields import open_text, seal_text
from audit.ids import new_id
from audit.vault import DataKey
from orchestration.models import Action, Inquiry, Run

DETAIL_LIMIT = 300


def unsaved(
    action: Action,
    run: Run,
    *,
    fault: str,
    key: DataKey | None = None,
    detail: str = "",
    said: str = "",
    elapsed_us: int | None = None,
) -> Inquiry:
    """Return the question about an action's last attempt; nothing is stored.

    Args:
        key: needed only to seal what the server said.
        detail: our own words; they may hold nothing that a server or client sent.
    """
    inquiry = Inquiry(
        id=new_id(),
        run=run,
        action=action,
        attempt=action.attempt,
        fault=fault,
        detail=detail[:DETAIL_LIMIT],
        intended_at=action.intended_at,
        elapsed_us=elapsed_us,
        requested_by=run.requested_by,
    )
    if said and key is not None:
        seal_text(key, inquiry, "said_sealed", said)
    said_known = said if inquiry.said_sealed is not None else ""
    inquiry.binding = binding(inquiry, action, arguments=action.arguments_digest, said=kept(said_known, key))
    return inquiry


def kept(text: str, key: DataKey | None) -> str:
    return vault.commitment(key, text) if text and key is not None else ""


def binding(inquiry: Inquiry, action: Action, *, arguments: str, said: str) -> str:
    """Return the hash of exactly what is shown: the call, its key, its time, and how it went (64 hex digits)."""
    shown: dict[str, canonical.JSON] = {
        "run": str(inquiry.run_id),
        "action": str(action.pk),
        "tool": str(action.tool_id),
        "definition": action.definition_hash,
        "arguments": arguments,
        "key": action.idempotency_key,
        "attempt": inquiry.attempt,
        "intended_at": inquiry.intended_at.isoformat() if inquiry.intended_at else "",
        "fault": inquiry.fault,
        "detail": inquiry.detail,
        "said": said,
        "elapsed_us": -1 if inquiry.elapsed_us is None else inquiry.elapsed_us,
    }
    return canonical.digest(canonical.encode(shown)).hex()


def binding_now(inquiry: Inquiry, *, key: DataKey) -> str:
    """Return the binding made anew from the rows and texts as they are now."""
    arguments = open_text(key, inquiry.action, "arguments_sealed")
    said = open_text(key, inquiry, "said_sealed") if inquiry.said_sealed is not None else ""
    return binding(inquiry, inquiry.action, arguments=vault.commitment(key, arguments), said=kept(said, key))
