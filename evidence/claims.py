"""Statements of an answer: its sentences, and the clauses of them that can be judged alone.

What is no statement (a question, a greeting, a heading) is left out, and what is left out is never published.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from audit.spans import Span
from evidence.language.blocks import WORD, Block, Shape, blocks, shown, trimmed
from evidence.language.clauses import carried, core
from evidence.language.sentences import CITATION, within

# What comes after so many statements stays together as one, which the gate withholds: work is bounded by this.
STATEMENTS_LIMIT = 1000
COURTESY_CHARS = 160
LEAD_CHARS = 200

CITED = re.compile(rf"[ \u00a0]?(?:{CITATION})|\[citation needed\]", re.IGNORECASE)
LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}\)")
# Not <sup>: "10<sup>9</sup>" without it would be another number.
TAG = re.compile(
    r"</?(?:a|b|br|code|div|em|i|li|ol|p|span|strong|u|ul)(?: [a-z-]{1,20}=[^<>\n]{0,200})? ?/?>", re.IGNORECASE
)
# "5*3" and "snake_case" keep their marks.
EMPHASIS = re.compile(r"(?<![\w*])\*{1,3}(?=\S)|(?<=[^\s*])\*{1,3}(?!\w)|`|(?<!\w)__?(?=\S)|(?<=\S)__?(?!\w)")
QUOTE_MARK = re.compile(r"\n\s{0,3}(?:>[ \t]?)+")
LOOSE = re.compile(r"\s+(?=[.,;:!?](?:\s|$))")
BOLD_LINE = re.compile(r"\s*(?:\*\*[^*\n]{1,120}\*\*|__[^_\n]{1,120}__):?\s*")
TERMINAL = (".", "!", "?", "…", "。", "！", "？", "।", "॥", "۔", "؟")
CLOSERS = "\"'”’»)]}*_`"

COURTESY = re.compile(
    r"(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening))\b(?:[ ,]+\w+){0,3}"
    r"|(?:many )?(?:thanks|thank you)(?: (?:so|very) much)?(?: for (?:your|the|asking|reaching)(?: \w+){0,4})?"
    r"|(?:sure(?: thing)?|certainly|of course|absolutely|great|(?:good|great) question)"
    r"|(?:yes|no|ok|okay|maybe|perhaps|indeed)"
    r"|(?:i|we) hope (?:this|that|it) helps?(?: you)?|you(?:'|’)?(?:re| are) welcome|happy to help"
    r"|(?:please )?(?:let me|let us|feel free)\b(?: [\w']+){1,16}"
    r"|(?:kind|best|warm)? ?regards(?:,? \w+){0,3}|(?:yours )?sincerely"
    r"|(?:here|below) (?:is|are)\b(?: [\w'-]+){1,9}|(?:the )?following(?: \w+){0,3}"
    r"|in (?:summary|short|conclusion)|note|summary"
    r"|(?:i am|i'm|i’m) (?:not sure|sorry|afraid|happy to help)|i (?:do not|don't|don’t) know|it depends|who knows"
    r"|as an ai(?: language model| model| assistant)?,? i (?:cannot|can't|can’t|am unable)(?: [\w']+){1,12}",
    re.IGNORECASE,
)
INFERRED = re.compile(
    r"\b(?:therefore|thus|hence|consequently|accordingly|presumably|apparently|probably|likely|suggests?|impl(?:y|ies)|"
    r"indicates?|appears? to|seems?|it follows|as a result|in conclusion|(?:this|which) means)\b",
    re.IGNORECASE,
)
DECIDED = re.compile(
    r"\b(?:should|ought to|recommend(?:s|ed)?|advis(?:e|es|ed)|(?:we|i) (?:will|decided?|propose)|(?:was|is) decided)\b"
    r"|^(?:please |always |never |do not |don't )?(?:administer|ask|avoid|begin|call|check|consider|contact|continue|"
    r"ensure|give|hold|inform|keep|measure|monitor|restart|start|stop|take|tell|use|withhold)\b",
    re.IGNORECASE,
)


class Kind(StrEnum):
    """What a statement is: said of the world, concluded from something, or said about what to do."""

    FACT = "FACT"
    INFERENCE = "INFERENCE"
    DECISION = "DECISION"


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing an answer says.

    Attributes:
        text: can be judged alone: without citation marks and markup, with the subject it shares with the clause before,
            and, where it is a fragment of a list, with what introduces the list.
        span: where it stands in the answer.
    """

    text: str
    span: Span
    kind: Kind


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer and the heading or introduction it stands under, "" for none."""

    span: Span
    shape: Shape
    lead: str


def split(answer: str) -> tuple[Statement, ...]:
    """Return what an answer states, in its order and without overlaps; () when it states nothing.

    At most STATEMENTS_LIMIT + 1 statements, in time linear in the answer's length.
    """
    text = shown(answer)
    found: list[Statement] = []
    for sentence in sentences_of(text):
        if len(found) >= STATEMENTS_LIMIT:
            rest = trimmed(text, Span(sentence.span.start, len(text)))
            return (*found, Statement(plain(rest.of(text)), rest, Kind.FACT))
        found += statements_of(text, sentence)
    return tuple(found)


def plain(text: str) -> str:
    """Return a text as it is read: without citation marks, markup and line breaks."""
    text = LINK.sub(r"\1", CITED.sub("", text))
    text = EMPHASIS.sub("", TAG.sub("", QUOTE_MARK.sub("\n", text)))
    return LOOSE.sub("", " ".join(text.split()))


def sentences_of(text: str) -> Iterator[Sentence]:
    """Yield the sentences of an answer, each with what it stands under; headings are none."""
    heading = introduction = ""
    before = Shape.MARKS
    layout = list(blocks(text))
    for block, after in pairwise([*layout, None]):
        if block is None or block.shape is Shape.MARKS:
            continue
        if block.shape is Shape.PROSE or before is Shape.ROW is not block.shape:
            introduction = ""
        before = block.shape
        if names_table(text, block, after):
            introduction = lead_of(text, block.inner)
        elif is_heading(text, block, after):
            heading, introduction = lead_of(text, block.inner), ""
        else:
            for span in within(text, block.inner):
                yield Sentence(span, block.shape, introduction or heading)
                if span.of(text).rstrip(CLOSERS).endswith(":"):
                    introduction = lead_of(text, span)


def lead_of(text: str, span: Span) -> str:
    return cells(plain(span.of(text)))[:LEAD_CHARS].rstrip(" :")


def names_table(text: str, block: Block, after: Block | None) -> bool:
    """Tell whether a block is the first row of a table, which a ruler sets apart."""
    ruled = after is not None and after.shape is Shape.MARKS and after.span.of(text).startswith(("|", "-", ":"))
    return block.shape is Shape.ROW and ruled


def is_heading(text: str, block: Block, after: Block | None) -> bool:
    """Tell whether a block only names what comes after it: a heading, or a bold line without a verb."""
    if block.shape is not Shape.PROSE or after is None or not BOLD_LINE.fullmatch(block.inner.of(text)):
        return block.shape is Shape.HEADING
    return core(text, block.inner) is None and not plain(block.inner.of(text)).endswith(TERMINAL)


def cells(row: str) -> str:
    return ", ".join(filter(None, map(str.strip, row.split("|")))) if "|" in row else row


def statements_of(text: str, sentence: Sentence) -> Iterator[Statement]:
    # Citation marks become spaces, so that places stay what they are.
    blank = CITED.sub(lambda mark: " " * len(mark.group()), sentence.span.of(text))
    words = cells(plain(sentence.span.of(text))) if sentence.shape is Shape.ROW else plain(sentence.span.of(text))
    verb = core(blank, Span(0, len(blank)))
    if not is_claim(words, introduces=verb is None):
        return
    if verb is None and sentence.lead and is_fragment(words, sentence.shape):
        yield Statement(f"{sentence.lead}: {words}", sentence.span, kind_of(words))
        return
    parts = list(carried(blank)) if sentence.shape is not Shape.ROW else []
    if len(parts) < 2:
        yield Statement(full_stop(words) if words.endswith(":") else words, sentence.span, kind_of(words))
        return
    for clause, said in parts:
        own = trimmed(text, clause.span.shift(sentence.span.start))
        words = full_stop(capital(plain(said)))
        yield Statement(words, own, kind_of(words))


def is_claim(words: str, *, introduces: bool) -> bool:
    """Tell whether a sentence states anything. ``introduces``: it has no verb, so with a colon it only announces."""
    if not WORD.search(words):
        return False
    bare = words.rstrip(CLOSERS)
    # What somebody else asks may be part of a statement: The form asks "Is the INR known?"
    asks = bare.endswith(("?", "？", "؟", "⁇", "?!")) and ('"' not in words[1:-1] or words[0] == '"')
    announces = bare.endswith(":") and introduces
    if asks or announces:
        return False
    return len(words) > COURTESY_CHARS or not COURTESY.fullmatch(bare.rstrip(" .,!:…"))


def is_fragment(words: str, shape: Shape) -> bool:
    """Tell whether a text without a verb needs what it stands under: "25 IU/kg when the INR is above 6"."""
    begins = words[:1].isdigit() or words[:1].islower()
    return shape is not Shape.PROSE or begins or not words.rstrip(CLOSERS).endswith(TERMINAL)


def kind_of(words: str) -> Kind:
    if DECIDED.search(words):
        return Kind.DECISION
    return Kind.INFERENCE if INFERRED.search(words) else Kind.FACT


def capital(words: str) -> str:
    """Return a clause as a sentence begins; "mRNA" and "pH" stay."""
    return words[:1].upper() + words[1:] if words[1:2].islower() or words[1:2] == " " else words


def full_stop(words: str) -> str:
    words = words.rstrip(" ,;:")
    return words if words.rstrip(CLOSERS).endswith(TERMINAL) else f"{words}."
