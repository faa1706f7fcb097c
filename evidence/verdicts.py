"""What the gate says: of one claim and one passage, of one claim, and of an answer. Values only."""

from dataclasses import dataclass
from enum import StrEnum

from audit.spans import Span
from evidence.claims import Statement
from evidence.passages import Passage


class Stance(StrEnum):
    """How a passage stands to a claim."""

    SUPPORTS = "SUPPORTS"
    CONTRADICTS = "CONTRADICTS"
    NEUTRAL = "NEUTRAL"


class Verdict(StrEnum):
    """What is said of one claim."""

    SUPPORTED = "SUPPORTED"
    CONTRADICTED = "CONTRADICTED"
    INSUFFICIENT = "INSUFFICIENT"
    DISPUTED = "DISPUTED"


class Outcome(StrEnum):
    """What is said of all claims of an answer together."""

    ALL_SUPPORTED = "ALL_SUPPORTED"
    SOME_WITHHELD = "SOME_WITHHELD"
    NONE_SUPPORTED = "NONE_SUPPORTED"
    NO_CLAIMS = "NO_CLAIMS"


class Rule(StrEnum):
    """Which comparison decided an alignment."""

    MATCH = "MATCH"
    NUMBER = "NUMBER"
    UNIT = "UNIT"
    DATE = "DATE"
    NEGATION = "NEGATION"
    ANTONYM = "ANTONYM"
    ENTITY = "ENTITY"
    QUANTIFIER = "QUANTIFIER"
    MODALITY = "MODALITY"
    COMPARISON = "COMPARISON"
    ROLES = "ROLES"
    CONDITION = "CONDITION"
    DETAIL = "DETAIL"
    SCORE = "SCORE"
    TOPIC = "TOPIC"


class Reason(StrEnum):
    """Why a claim has its verdict. A typed conflict names its rule."""

    SUPPORTED = "SUPPORTED"
    NUMBER = "NUMBER"
    UNIT = "UNIT"
    DATE = "DATE"
    NEGATION = "NEGATION"
    ANTONYM = "ANTONYM"
    ENTITY = "ENTITY"
    QUANTIFIER = "QUANTIFIER"
    MODALITY = "MODALITY"
    COMPARISON = "COMPARISON"
    ROLES = "ROLES"
    CONDITION = "CONDITION"
    DETAIL = "DETAIL"
    SCORE = "SCORE"
    NO_EVIDENCE = "NO_EVIDENCE"
    LOW_SCORE = "LOW_SCORE"
    TOO_FEW_SOURCES = "TOO_FEW_SOURCES"
    SOURCES_DISAGREE = "SOURCES_DISAGREE"
    NO_CALIBRATION = "NO_CALIBRATION"
    VERIFIER_UNAVAILABLE = "VERIFIER_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Alignment:
    """One claim beside one passage.

    Attributes:
        p_supported, p_contradicted: how likely the passage supports and contradicts the claim, 0 to 1, together at
            most 1; what is left is the probability that it says too little of it.
        claim_span: in the claim's own text (``statement.text``): what decided, or all of it.
        passage_span: in ``passage.text``: the sentence, or the words in it that decided.
        detail: one sentence for a layperson, such as 'The source says 1 g, the claim says 2 g.'; may be empty.
        verifier: the id of the stronger verifier that found it; the gate writes it, and '' is the first one.
        voice: the number, from 1, of the independent voice it counted as; 0 where it did not count. The gate sets it.
    """

    passage: Passage
    stance: Stance
    p_supported: float
    p_contradicted: float
    rule: Rule
    claim_span: Span
    passage_span: Span
    detail: str = ""
    verifier: str = ""
    voice: int = 0


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim, its verdict and the alignments it rests on, the deciding one first.

    Attributes:
        p_supported, p_contradicted: how likely the best trusted source supports it, and contradicts it, 0 to 1.
        why: one sentence that a layperson understands.
        verifier, calibration: the ids of the verifier whose verdict it is and of its calibration; '' where none is.
    """

    statement: Statement
    verdict: Verdict
    p_supported: float
    p_contradicted: float
    reason: Reason
    why: str
    evidence: tuple[Alignment, ...]
    verifier: str = ""
    calibration: str = ""


@dataclass(frozen=True, slots=True)
class GateReport:
    """All claims of one answer. The score is the minimum over them: one unproven claim is not outweighed."""

    claims: tuple[JudgedClaim, ...]
    outcome: Outcome
    score: float
