"""What the guardians are shown of a run: one bundle of pieces and facts, with one digest."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from audit.spans import Span
from audit.stakes import Stakes
from evidence import claims
from evidence.passages import Passage
from evidence.verdicts import GateReport, Verdict
from guardians import claimfacts
from guardians.facts import facts, sections
from guardians.guardian import Finding, Material, Part, Piece
from guardians.masking import PSEUDONYMS, MaskingPolicy
from guardians.redaction import mask


def claim_facts(report: GateReport, findings: Sequence[Finding] = ()) -> list[dict[str, object]]:
    """Return the claims as the policy packs see them; ``findings`` are those of Privacy."""
    people = [f.span for f in findings if f.part is Part.ANSWER and f.kind == "PERSON" and f.span is not None]
    return [
        {
            **claimfacts.described(
                claim.statement.text, named=any(span.overlaps(claim.statement.span) for span in people)
            ),
            "support": claim.p_supported,
            "grounded": claim.verdict is Verdict.SUPPORTED,
        }
        for claim in report.claims
        if claim.verdict is Verdict.SUPPORTED
    ]


def pieces_of(*, question: str, answer: str, passages: Sequence[tuple[Part, Passage]]) -> tuple[Piece, ...]:
    """Return every text of the run, each with the part it plays."""
    pieces = [Piece(Part.REQUEST, "request", question)] if question else []
    pieces += [Piece(part, passage.id, passage.text) for part, passage in passages]
    return (*pieces, Piece(Part.ANSWER, "answer", answer))


def entities_of(findings: Sequence[Finding]) -> list[str]:
    return sorted({f.kind for f in findings if f.part in {Part.REQUEST, Part.ANSWER}})


def masked_claim(
    claim: str, place: Span, *, answer: str, findings: Sequence[Finding], key: bytes, policy: MaskingPolicy = PSEUDONYMS
) -> str:
    """Return a claim's text without what is masked in the answer.

    That is looked for by its wording, since a claim takes over words from elsewhere: its subject, or what introduces
    its list. What stands at the claim's ``place`` in the answer but not in its text gives that place, masked, instead.
    """
    found: list[Finding] = []
    clipped: list[Finding] = []
    whole = True
    for finding in findings:
        span = finding.span or Span(0, 0)
        again = [replace(finding, span=same) for same in occurrences(claim, claims.plain(span.of(answer)))]
        found += again
        if span.overlaps(place):
            whole = whole and bool(again)
            inside = Span(max(span.start, place.start), min(span.end, place.end))
            clipped.append(replace(finding, span=inside.shift(-place.start)))
    text, wanted = (claim, found) if whole else (place.of(answer), clipped)
    return mask(text, wanted, key=key, policy=policy).text


def occurrences(text: str, part: str) -> list[Span]:
    return [Span(*found.span()) for found in re.finditer(re.escape(part), text, re.IGNORECASE)] if part else []


def with_answer(material: Material, answer: str) -> Material:
    """Return the same material with another answer, for the check after redaction."""
    pieces = tuple(Piece(p.part, p.ref, answer) if p.part is Part.ANSWER else p for p in material.pieces)
    return replace(material, pieces=pieces)


def facts_for(
    asked: Mapping[str, object],
    *,
    report: GateReport,
    findings: Sequence[Finding],
    tools: Sequence[Mapping[str, object]],
    stakes: Stakes,
    on: date,
) -> Mapping[str, object]:
    """Return the facts the policy packs are evaluated on: the client's, over complete and safe defaults.

    What the client states under a name that it may not state stays there, and the packs deny it.

    Args:
        findings: of Privacy.
        tools: of the actions that are asked for, see ``guardians.facts.TOOL``.
        on: the day whose law applies.
    """
    stated = sections(asked)
    # Whatever is decided at high stakes, a person agrees to it first.
    people = 1 if stakes is Stakes.HIGH else 0
    known = {"human_review": bool(people), "distinct_reviewers": people, "audit_enabled": True}
    return facts(
        request=stated["request"],
        subject=stated["subject"],
        output=stated["output"],
        run={**stated["run"], **known},
        tools=tools,
        claims=claim_facts(report, findings),
        entities=entities_of(findings),
        on=on,
    )
