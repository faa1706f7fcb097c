"""Safety: orders smuggled into what a run reads, orders that try to switch the rules off, forbidden content.

What a vote rests on, and why:

- **Who speaks decides how strict.** Whoever asks may give orders, so a request is read with the ``direct`` weights;
  documents, tool results, tool descriptions and drafts may not, so they are read with the ``indirect`` ones.
- **Three calls a person.** The rules are weighted so that one unmistakable phrase ("ignore all previous
  instructions") weighs three, and so do two lesser ones within a few sentences. ESCALATE starts there. From two on
  there is a finding, which a person can see, and no more: one ambiguous phrase is no reason to stop a run.
- **A document's author is no party to the run**, so an attack in it escalates and never denies the request. A request
  that attacks with twice the weight is denied, softly: at MEDIUM and HIGH stakes a person still decides.
- **What a reader cannot see counts more.** An order in a comment, in tag characters, in an encoding or spelled with
  invisible characters weighs ``UNSEEN_WEIGHT`` on top. Tag characters that spell a text have no honest use and
  escalate alone; other invisible characters come along with copied text, so alone they are a finding.
- **Asking for forbidden content is a hard DENY**: the rules of ``safetyrules.harm`` are plain enough for a veto. In a
  draft the same words may be a quotation, so there they escalate.
- **In a draft only what escalates is reported**: it quotes sources, and a quoted phrase alone is no attack.
- **What no rule knows is weighed by a linear model** (``safetyrules.textmodel``), on requests and on what a run reads.
  From its threshold on it escalates; alone it never denies. Well below that it adds to what a lesser rule weighs. A
  workspace may have a threshold of its own, measured on its own harmless documents. Below the threshold the vote's
  score still says how near it came.

Every text is read whole; only the number of *reported* findings is bounded, the gravest first.
"""

import hashlib
import math
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from audit.spans import Span
from guardians.confusables import INVISIBLE_CLASS, LOOKALIKES
from guardians.guardian import Ballot, Basis, Finding, Material, Part, Piece, Vote
from guardians.normal import Hidden, Trick, hidden
from guardians.safetyrules.concepts import CONCEPTS, NEAR
from guardians.safetyrules.harm import HARM_RULES, asked
from guardians.safetyrules.injection import REACH, UNSEEN_WEIGHT, orders
from guardians.safetyrules.injectionrules import RULES
from guardians.safetyrules.layers import Layer, View, views
from guardians.safetyrules.splitwords import KNOWN
from guardians.safetyrules.textmodel import LENGTH_LEAST, Seen, TextModel, shipped
from guardians.safetyrules.weightedrules import Head
from guardians.safetyrules.windows import END, LEAST, MOST, TOKEN

# Raised by hand when code changes a vote; a hash of the rules follows it in the version.
EDITION = "3"
NOTED, ESCALATED, DENIED = 2.0, 3.0, 6.0
FINDING_LIMIT = 24
# Of the pieces looked at last, no longer than this, the signs are kept: some 6 MB at most.
REMEMBERED_CHARS = 4_000
STRICTNESS = (Ballot.ALLOW, Ballot.ESCALATE, Ballot.DENY)
WEIGHED = frozenset({Part.REQUEST, Part.DOCUMENT, Part.TOOL_RESULT, Part.TOOL_DESCRIPTION})
MODEL_RULE = "model.orders"
# What a lesser rule weighs more where the model agrees with it: half of what escalates.
SUPPORT_WEIGHT = 1.5


@dataclass(frozen=True, slots=True)
class Sign:
    """One place that speaks against a piece, with what it demands on its own.

    Attributes:
        weight: 2 or more; see ``score_of``.
        hard: a veto.
    """

    finding: Finding
    weight: float
    ballot: Ballot
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What one piece holds: its signs, and how near the model came to seeing an order, 0 to 1, 0.5 at its threshold."""

    signs: Sequence[Sign]
    score: float


class Safety:
    """The guardian against prompt injection and forbidden content. The same text gets the same vote.

    Args:
        threshold: log odds from which the model sees an order in a document; the shipped ones if None.
    """

    name = "safety"
    backend = "rules+linear"

    def __init__(self, threshold: float | None = None) -> None:
        self.threshold = threshold
        own = "" if threshold is None else f"@{threshold!r}"
        self.version = f"{EDITION}+{fingerprint()}{own}"

    def review(self, material: Material) -> Vote:
        """Vote on all pieces: what the strictest sign in any of them demands. Never raises, whatever the texts are."""
        looks = [known_look(piece, self.threshold) for piece in material.pieces]
        signs = [sign for look in looks for sign in look.signs]
        ballot = max((sign.ballot for sign in signs), key=STRICTNESS.index, default=Ballot.ALLOW)
        return Vote(
            guardian=self.name,
            ballot=ballot,
            findings=tuple(sign.finding for sign in signs),
            score=max((*(sign.finding.score for sign in signs), *(look.score for look in looks)), default=0.0),
            basis=basis_of(signs, ballot),
            hard=any(sign.hard for sign in signs),
            reason=reason_of(signs, ballot),
            backend=self.backend,
            version=self.version,
            material=material.digest(),
            policy_hash=material.policy_hash,
        )


def fingerprint() -> str:
    """Return a hash of everything but code that a vote depends on, 16 hex digits."""
    known = (
        [(rule.id, rule.pattern.pattern, rule.direct, rule.indirect, rule.needs) for rule in RULES],
        [(rule.id, rule.harm.value, rule.pattern.pattern, rule.needs) for rule in HARM_RULES],
        (NOTED, ESCALATED, DENIED, UNSEEN_WEIGHT, SUPPORT_WEIGHT, REACH, FINDING_LIMIT),
        (sorted(LOOKALIKES.items()), INVISIBLE_CLASS, KNOWN.pattern, unicodedata.unidata_version),
        (sorted(CONCEPTS.items()), NEAR),
        (shipped().sha256, END.pattern, TOKEN.pattern, LEAST, MOST, LENGTH_LEAST),
    )
    return hashlib.sha256(repr(known).encode()).hexdigest()[:16]


def basis_of(signs: Sequence[Sign], ballot: Ballot) -> Basis:
    """Return STATISTICAL where only the model demands what is voted."""
    deciding = {sign.finding.rule for sign in signs if sign.ballot is ballot and ballot is not Ballot.ALLOW}
    return Basis.STATISTICAL if deciding == {MODEL_RULE} else Basis.DETERMINISTIC


def known_look(piece: Piece, threshold: float | None) -> Look:
    return remembered(piece, threshold) if len(piece.text) <= REMEMBERED_CHARS else look_at(piece, threshold)


# Passages of a corpus come back with every run.
@lru_cache(maxsize=1024)
def remembered(piece: Piece, threshold: float | None) -> Look:
    return look_at(piece, threshold)


def look_at(piece: Piece, threshold: float | None, model: TextModel | None = None) -> Look:
    """Return the gravest signs in a piece, at most ``FINDING_LIMIT``, in the order in which they stand in it.

    Args:
        model: what weighs what no rule knows; the shipped one if None.
    """
    least = ESCALATED if piece.part is Part.ANSWER else NOTED
    tricks = hidden(piece.text)
    signs = [*hidden_signs(piece, tricks)]
    nearest = 0.0
    for view in views(piece.text):
        seen = weighed(piece, view, threshold, model or shipped())
        signs += injection_signs(piece, view, tricks, seen)
        signs += harm_signs(piece, view)
        likest = max(seen, key=lambda one: one.odds, default=None)
        if likest is not None:
            signs += model_signs(piece, view, likest)
            nearest = max(nearest, likest.score)
    kept = sorted((sign for sign in signs if sign.weight >= least), key=gravity)[:FINDING_LIMIT]
    return Look(tuple(sorted(kept, key=place)), nearest)


def weighed(piece: Piece, view: View, threshold: float | None, model: TextModel) -> Sequence[Seen]:
    """Return what the model makes of each window of a layer; nothing of what it does not know: drafts and actions."""
    if piece.part not in WEIGHED:
        return ()
    head = head_of(piece.part)
    return tuple(model.seen(view.text, head, threshold=threshold if head is Head.INDIRECT else None))


def odds_of(text: str) -> float:
    """Return the log odds of the window of a document that is likest an order, in any of its layers; -inf if none."""
    head = Head.INDIRECT
    found = (seen.odds for view in views(text) for seen in shipped().seen(view.text, head, threshold=0.0))
    return max(found, default=-math.inf)


def model_signs(piece: Piece, view: View, likest: Seen) -> Iterator[Sign]:
    """Yield a sign where the window likest an order reaches the threshold."""
    if likest.odds >= 0:
        kind, span = injection_kind(piece.part), view.span(likest.start, likest.end)
        finding = Finding(MODEL_RULE, kind, piece.part, piece.ref, span, likest.score)
        yield Sign(finding, ESCALATED, Ballot.ESCALATE)


def head_of(part: Part) -> Head:
    return Head.DIRECT if part is Part.REQUEST else Head.INDIRECT


def gravity(sign: Sign) -> tuple[float, Span]:
    return (-sign.weight, place(sign))


def place(sign: Sign) -> Span:
    return sign.finding.span or Span(0, 0)


def hidden_signs(piece: Piece, tricks: Sequence[Hidden]) -> Iterator[Sign]:
    """Yield one sign for each kind of trick, at its first place: a text full of them is one thing to look at."""
    for kind in Trick:
        first = next((trick for trick in tricks if trick.trick is kind), None)
        if first:
            weight = trick_weight(kind)
            yield sign_of(piece, rule=f"hidden.{kind.name.lower()}", kind="HIDDEN_TEXT", span=first.span, weight=weight)


def trick_weight(trick: Trick) -> float:
    match trick:
        case Trick.TAGS:
            return ESCALATED
        case Trick.OVERRIDE | Trick.SMUGGLED | Trick.SPLIT_WORD:
            return NOTED
        case _:
            assert_never(trick)


def injection_signs(piece: Piece, view: View, tricks: Sequence[Hidden], seen: Sequence[Seen]) -> Iterator[Sign]:
    """Yield a sign for each hit whose surroundings weigh enough."""
    for order in orders(view, head_of(piece.part)):
        span = view.span(order.hit.start, order.hit.end)
        disguised = view.layer is Layer.SHOWN and holds_trick(span, tricks)
        supported = order.weight < ESCALATED and is_supported(order.hit.start, seen)
        weight = order.weight + (UNSEEN_WEIGHT if disguised else 0.0) + (SUPPORT_WEIGHT if supported else 0.0)
        if weight >= NOTED:
            yield sign_of(piece, rule=order.hit.rule, kind=injection_kind(piece.part), span=span, weight=weight)


def is_supported(place: int, seen: Sequence[Seen]) -> bool:
    """Tell whether the model, too, sees something like an order in the window that holds a place."""
    following = bisect_right(seen, place, key=lambda one: one.start)
    return following > 0 and place < seen[following - 1].end and seen[following - 1].supports


def holds_trick(span: Span, tricks: Sequence[Hidden]) -> bool:
    following = bisect_left(tricks, span.start, key=lambda trick: trick.span.start)
    return following < len(tricks) and tricks[following].span.start < span.end


def injection_kind(part: Part) -> str:
    match part:
        case Part.REQUEST:
            return "INJECTION_DIRECT"
        case Part.ANSWER:
            return "INJECTION_ECHO"
        case Part.DOCUMENT | Part.TOOL_RESULT | Part.TOOL_DESCRIPTION | Part.ACTION:
            return "INJECTION_INDIRECT"
        case _:
            assert_never(part)


def harm_signs(piece: Piece, view: View) -> Iterator[Sign]:
    """Yield what is forbidden in a request or a draft. A source may speak of anything."""
    if piece.part not in {Part.REQUEST, Part.ANSWER}:
        return
    for found in asked(view.text):
        finding = Finding(
            rule=found.rule.id,
            kind=found.rule.harm.value,
            part=piece.part,
            ref=piece.ref,
            span=view.span(found.start, found.end),
            score=1.0,
        )
        veto = piece.part is Part.REQUEST
        yield Sign(finding, DENIED, Ballot.DENY if veto else Ballot.ESCALATE, hard=veto)


def sign_of(piece: Piece, *, rule: str, kind: str, span: Span, weight: float) -> Sign:
    finding = Finding(rule=rule, kind=kind, part=piece.part, ref=piece.ref, span=span, score=score_of(weight))
    return Sign(finding, weight, ballot_of(piece.part, weight))


def score_of(weight: float) -> float:
    """Return a weight as a score: 0.5 where ESCALATE starts, and half of the doubt goes with every three more."""
    return 1 - math.exp2(-weight / ESCALATED)


def ballot_of(part: Part, weight: float) -> Ballot:
    if weight >= DENIED and part is Part.REQUEST:
        return Ballot.DENY
    return Ballot.ESCALATE if weight >= ESCALATED else Ballot.ALLOW


def reason_of(signs: Sequence[Sign], ballot: Ballot) -> str:
    """Return why, in a sentence: the gravest sign, and how many others there are."""
    if not signs:
        return "no rule against injection or forbidden content fires"
    first = min(signs, key=lambda sign: (-STRICTNESS.index(sign.ballot), -sign.weight)).finding
    more = f" (and {len(signs) - 1} more)" if len(signs) > 1 else ""
    weak = ", too weak to stop for" if ballot is Ballot.ALLOW else ""
    return f"{first.kind} in {first.part}: {first.rule}{more}{weak}"
