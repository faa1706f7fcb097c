"""How an answer came about: a graph from the request over passages, votes and decisions to the answer. No texts."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evidence.models import Claim, Evidence
from guardians.models import Review
from orchestration.models import Run


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Edge:
    source: str
    target: str
    relation: str


@dataclass(frozen=True, slots=True)
class Lineage:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def document(self) -> dict[str, Any]:
        return {
            "nodes": [{"id": n.id, "kind": n.kind, **n.data} for n in self.nodes],
            "edges": [{"source": e.source, "target": e.target, "relation": e.relation} for e in self.edges],
        }


def of_run(run: Run) -> Lineage:
    """Return the lineage of a run, with ids, hashes and verdicts only."""
    request, answer = f"request:{run.pk}", f"answer:{run.pk}"
    nodes = [Node(request, "request", {"digest": run.request_digest, "requested_by": run.requested_by})]
    edges: list[Edge] = []
    for call in run.tool_calls.select_related("tool__server").order_by("created_at"):
        nodes.append(Node(f"call:{call.pk}", "tool_call", {"tool": str(call.tool), "fault": call.fault}))
        edges.append(Edge(request, f"call:{call.pk}", "asked"))
    draft = add_drafts(run, request, nodes, edges)
    add_claims(run.pk, answer, nodes, edges)
    add_reviews(run.pk, nodes, edges)
    add_people_and_effects(run, draft, nodes, edges)
    nodes.append(Node(answer, "answer", {"decision": run.decision, "state": run.state}))
    return Lineage(tuple(nodes), tuple(edges))


def add_drafts(run: Run, request: str, nodes: list[Node], edges: list[Edge]) -> str:
    before = request
    for draft in run.drafts.order_by("revision"):
        here = f"draft:{draft.revision}"
        nodes.append(Node(here, "draft", {"provider": draft.provider, "model": draft.model}))
        edges.append(Edge(before, here, "led_to"))
        before = here
    return before


def add_claims(run: UUID, answer: str, nodes: list[Node], edges: list[Edge]) -> None:
    passages: set[str] = set()
    claims = Claim.objects.filter(bundle__run=run).select_related("bundle").order_by("bundle__revision", "ordinal")
    for claim in claims:
        here = f"claim:{claim.pk}"
        nodes.append(Node(here, "claim", {"verdict": claim.verdict, "reason": claim.reason, "state": claim.state}))
        edges.append(Edge(f"draft:{claim.bundle.revision}", here, "states"))
        if claim.state == "PUBLISHED":
            edges.append(Edge(here, answer, "published_in"))
    for row in Evidence.objects.filter(claim__bundle__run=run).select_related("passage"):
        there = f"passage:{row.passage_id}"
        if there not in passages:
            passages.add(there)
            nodes.append(Node(there, "passage", {"source": row.passage.origin, "sha256": row.passage_sha256}))
        edges.append(Edge(there, f"claim:{row.claim_id}", row.stance.lower()))


def add_reviews(run: UUID, nodes: list[Node], edges: list[Edge]) -> None:
    for review in Review.objects.filter(run=run).prefetch_related("votes").order_by("revision"):
        here = f"review:{review.pk}"
        nodes.append(Node(here, "review", {"ballot": review.ballot, "rule": review.rule, "policy": review.policy_hash}))
        for vote in review.votes.all():
            nodes.append(Node(f"vote:{vote.pk}", "vote", {"guardian": vote.guardian, "ballot": vote.ballot}))
            edges.append(Edge(f"vote:{vote.pk}", here, "counted_in"))
        edges.append(Edge(f"draft:{review.revision}", here, "reviewed_by"))


def add_people_and_effects(run: Run, draft: str, nodes: list[Node], edges: list[Edge]) -> None:
    for approval in run.approvals.prefetch_related("votes").order_by("created_at"):
        here = f"approval:{approval.pk}"
        people = [{"actor": vote.actor, "approve": vote.approve} for vote in approval.votes.all()]
        nodes.append(Node(here, "approval", {"state": approval.state, "binding": approval.binding, "people": people}))
        edges.append(Edge(draft, here, "put_to"))
    for action in run.actions.select_related("tool__server").order_by("ordinal"):
        here = f"action:{action.pk}"
        data = {"tool": str(action.tool), "state": action.state, "arguments": action.arguments_digest}
        nodes.append(Node(here, "action", data))
        edges.append(Edge(draft, here, "asked_for"))
        if action.undoes_id is not None:
            edges.append(Edge(here, f"action:{action.undoes_id}", "undoes"))
    for inquiry in run.inquiries.order_by("created_at", "id"):
        here = f"inquiry:{inquiry.pk}"
        nodes.append(Node(here, "inquiry", {"state": inquiry.state, "fault": inquiry.fault, "by": inquiry.decided_by}))
        edges.append(Edge(f"action:{inquiry.action_id}", here, "asked_about"))
