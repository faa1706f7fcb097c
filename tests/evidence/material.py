"""Statements and passages as the tests of the gate need them."""

import hashlib

from audit.spans import Span
from audit.stakes import Stakes
from evidence.claims import Kind, Statement
from evidence.gate import DEFAULT_POLICY, GatePolicy, JudgedClaim, judge
from evidence.passages import Passage


def statement(text: str) -> Statement:
    return Statement(text, Span(0, len(text)), Kind.FACT)


def passage(text: str, *, source: str = "Committee", trusted: bool = True, title: str = "") -> Passage:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Passage(id=f"{source}/{digest[:8]}", source=source, text=text, sha256=digest, trusted=trusted, title=title)


def verdict(
    claim: str,
    *passages: Passage,
    question: str = "",
    stakes: Stakes = Stakes.MEDIUM,
    policy: GatePolicy = DEFAULT_POLICY,
) -> JudgedClaim:
    report = judge([statement(claim)], passages, stakes=stakes, policy=policy, context=question)
    return report.claims[0]
