"""Answers with passages of their own, as documents: what may be asked, judged without a database, and what is said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import Invalid
from audit.jsonlines import check_fields, list_in, text_in
from audit.spans import Span
from audit.stakes import Stakes
from evidence import claims, gate, passages
from evidence.claims import Kind, Statement
from evidence.gate import DEFAULT_POLICY, GateReport, JudgedClaim
from evidence.passages import Passage
from evidence.verdicts import Alignment

ANSWER_LIMIT, CLAIM_LIMIT, QUESTION_LIMIT = 1_000_000, 12_000, 100_000  # characters
CLAIMS_LIMIT, PASSAGES_LIMIT = 1_000, 10_000
FIELDS = {"id", "answer", "claims", "passages", "question"}
PASSAGE_FIELDS = {"source", "text", "title", "trusted"}
NAME_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer's statements and the passages they are judged by.

    Attributes:
        starts: where each passage begins in the text that was sent, by its id.
    """

    statements: tuple[Statement, ...]
    passages: tuple[Passage, ...]
    starts: Mapping[str, int]
    question: str


def asked(document: Mapping[str, Any]) -> Asked:
    """Return what a document asks for.

    Raises:
        Invalid: a field is unknown, missing, of another type, or there are both an answer and claims.
        TooLarge: there is too much of something.
    """
    check_fields(document, FIELDS)
    question = text_in(document, "question", limit=QUESTION_LIMIT) if "question" in document else ""
    pieces = list(pieces_of(document))
    starts = {piece.passage.id: piece.start for piece in pieces}
    return Asked(statements_of(document), tuple(piece.passage for piece in pieces), starts, question)


def judged(found: Asked, *, stakes: Stakes) -> GateReport:
    return gate.judge(found.statements, found.passages, stakes=stakes, policy=DEFAULT_POLICY, context=found.question)


def statements_of(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """Return the statements of an answer, or one for each of the claims, in their order."""
    if ("answer" in document) is ("claims" in document):
        raise Invalid("send either an answer or claims, one of the two")
    if "answer" in document:
        return claims.split(text_in(document, "answer", limit=ANSWER_LIMIT))
    given = list_in(document, "claims", limit=CLAIMS_LIMIT)
    texts = [text_in({"claims": text}, "claims", limit=CLAIM_LIMIT) for text in given]
    return tuple(Statement(text, Span(0, len(text)), Kind.FACT) for text in texts)


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage, and where it begins in the text that was sent."""

    passage: Passage
    start: int


def pieces_of(document: Mapping[str, Any]) -> Iterator[Piece]:
    """Yield what is sent as passages, cut as documents are; a text without a word gives none."""
    for place, item in enumerate(list_in(document, "passages", limit=PASSAGES_LIMIT)):
        if not isinstance(item, dict) or not set(item) <= PASSAGE_FIELDS:
            raise Invalid(f"passages[{place}] must be an object of {', '.join(sorted(PASSAGE_FIELDS))}")
        source = text_in(item, "source", limit=NAME_LIMIT)
        title = text_in(item, "title", limit=NAME_LIMIT) if "title" in item else ""
        trusted = item.get("trusted", True)
        if not isinstance(trusted, bool):
            raise Invalid(f"passages[{place}].trusted is {str(trusted)[:40]!r}; send true or false")
        for number, cut in enumerate(passages.cut(text_in(item, "text", limit=passages.BYTES_LIMIT))):
            name = f"{place:05d}/{number:05d}"
            yield Piece(Passage(name, source, cut.text, cut.sha256, trusted=trusted, title=title), cut.span.start)


def document_of(report: GateReport, found: Asked) -> dict[str, Any]:
    """Return a report as it is written down; an answer that states nothing has no claims and the score 0."""
    claims_ = [claim_of(claim, found.starts) for claim in report.claims]
    return {"claims": claims_, "score": round(report.score, 4)}


def claim_of(claim: JudgedClaim, starts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "text": claim.statement.text,
        "span": [claim.statement.span.start, claim.statement.span.end],
        "verdict": claim.verdict.value,
        "p_supported": round(claim.p_supported, 4),
        "p_contradicted": round(claim.p_contradicted, 4),
        "reason": claim.reason.value,
        "why": claim.why,
        "evidence": [evidence_of(item, starts[item.passage.id]) for item in claim.evidence],
    }


def evidence_of(item: Alignment, start: int) -> dict[str, Any]:
    """Return what a claim was compared with; its span is in the text that was sent."""
    span = item.passage_span.shift(start)
    return {
        "source": item.passage.source,
        "span": [span.start, span.end],
        "text": item.passage_span.of(item.passage.text),
        "stance": item.stance.value,
    }
