"""What an approval is bound to, made anew from the rows as they are now: nobody's memory of them is trusted."""

from collections.abc import Iterable, Mapping

from audit import canonical, vault
from audit.fields import open_text
from audit.vault import DataKey
from evidence import records as evidence_records
from evidence.records import ReadClaim
from guardians.models import Review
from orchestration import decision, registry
from orchestration.models import Action, Run, Tool
from orchestration.states import ActionKind


def effects_of(run: Run) -> list[Action]:
    """Return the actions that the run's request asked for, in its order."""
    rows = run.actions.filter(kind=ActionKind.EFFECT.value)
    return list(rows.select_related("tool__server").order_by("ordinal"))


def parts_now(run: Run, *, key: DataKey) -> dict[str, str]:
    """Return the parts that a decision about the run would be bound to now.

    Raises:
        SealError: a text is not what was written.
    """
    draft = run.drafts.order_by("-revision").first()
    review = Review.objects.filter(run=run.pk).order_by("-revision").first()
    return decision.parts(
        run=str(run.pk),
        answer=vault.commitment(key, open_text(key, draft, "text_sealed") if draft else ""),
        claims=[shown_claim(claim, key) for claim in evidence_records.read_claims(run.pk, key=key)],
        actions=[shown_action(action, key) for action in effects_of(run)],
        policy_hash=review.policy_hash if review else "",
        material=review.material if review else "",
    )


def shown_claim(claim: ReadClaim, key: DataKey) -> dict[str, canonical.JSON]:
    return decision.bound_claim(
        text=vault.commitment(key, claim.text),
        verdict=claim.verdict,
        evidence=[item.sha256 for item in claim.evidence],
    )


def shown_action(action: Action, key: DataKey) -> dict[str, canonical.JSON]:
    """Return what of an action is bound: its arguments as they are stored, since those are what would be sent."""
    arguments = open_text(key, action, "arguments_sealed")
    return decision.bound_action(
        tool=str(action.tool),
        definition=action.definition_hash,
        digest=vault.commitment(key, arguments),
        tier=action.tier,
    )


def tampered_evidence(run: Run, *, key: DataKey) -> bool:
    """Tell whether a passage that a claim rests on is no longer the text that the claim was judged by."""
    claims = evidence_records.read_claims(run.pk, key=key)
    return not all(item.intact for claim in claims for item in claim.evidence)


def changed_tools(actions: Iterable[Action], tools: Mapping[str, Tool]) -> tuple[str, ...]:
    """Return what is not as it was when the actions were planned: ``tool:server/name:definition``, state or tier."""
    found = []
    for action in actions:
        name = f"{action.tool.server.name}/{action.tool.name}"
        found += [f"tool:{name}:{what}" for what in changed_tool(action, tools.get(name))]
    return tuple(dict.fromkeys(found))


def changed_tool(action: Action, tool: Tool | None) -> list[str]:
    if tool is None or tool.pk != action.tool_id:
        return ["gone"]
    changed = ["definition"] if tool.definition_hash != action.definition_hash else []
    if not registry.usable(tool):
        changed.append(tool.state.lower() if tool.server.enabled else "server_off")
    if registry.tier_of(tool) != action.tier:
        changed.append("tier")
    return changed


def undoing_parts(run: Run, actions: Iterable[Action], *, key: DataKey) -> dict[str, str]:
    """Return the parts that an approval to undo effects is bound to: each call, and what it undoes."""
    calls: list[canonical.JSON] = [{**shown_action(action, key), "undoes": str(action.undoes_id)} for action in actions]
    return {"run": str(run.pk), "arguments": decision.digest_of(calls)}
