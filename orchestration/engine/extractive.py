"""A draft without a model: the sentences of the passages that answer the question, quoted as they stand.

It cannot state what no source states; it can only choose badly. Meant for languages that put spaces between words.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from evidence.language.sentences import sentences
from evidence.language.text import key, normalise
from evidence.passages import Passage
from guardians.redaction import TOKEN
from orchestration.engine.drafts import DraftReply, DraftTask

SENTENCES_LIMIT = 6
PASSAGES_LIMIT = 400
PASSAGE_CHARS = 20_000
SENTENCE_CHARS = 600
SENTENCE_WORDS = 3
# The first sentence has to share this much of the question's weight, each further one has to add that much.
RELEVANT = 0.3
WORTHWHILE = 0.15
# What a word counts once a chosen sentence has it, and in a title; what a figure adds where one is asked for.
COVERED = 0.2
IN_TITLE = 0.5
FIGURE = 0.5

WORD = re.compile(r"\w+")
FRONT_MATTER = re.compile(r"\A\s*---\n.*?\n---(?:\n|\Z)", re.DOTALL)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")
LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}\)")
EMPHASIS = re.compile(r"\*{1,3}|`|(?<!\w)__?|__?(?!\w)")
NO_PROSE = re.compile(r"\s{0,3}(?:#{1,6}(?:\s|$)|\||>|={3,}\s*$|-{3,}\s*$|\*{3,}\s*$)")
BULLET = re.compile(r"\s{0,12}(?:[-*+]|\d{1,3}[.)])\s+")
# Characters that hide text from a reader or turn it round.
HIDING = re.compile("[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
# A sentence that begins with one of these says nothing without the one before it.
LEANING = frozenset(
    re.findall(
        "[a-z]+",
        """also both either he her here his however it its neither otherwise she such that their them then there
        therefore these they this those thus""",
    )
)
FIGURES_ASKED = re.compile(
    r"\b(?:how (?:far|long|many|much|often|old|soon)|when|(?:what|which) (?:amount|date|dose|level|rate|time))\b",
    re.IGNORECASE,
)
COMMON = frozenset(
    re.findall(
        "[a-z]+",
        """a about after again all also an and any are as at be been before being between both but by can could did do
        does each for from give given had has have he her his how i if in into is it its many may me more most much
        must my no not of off on once one only or other our out over per please shall she should since so some such
        tell than that the their them then there these they this those through to under until up upon us very was we
        were what when where which while who whom whose why will with would you your""",
    )
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage, and the stems of the words that mean something: its own, and its document's title's."""

    text: str
    stems: frozenset[str]
    title: frozenset[str]

    @property
    def figures(self) -> bool:
        return any(character.isdigit() for character in self.text)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question asks for."""

    stems: frozenset[str]
    figures: bool


class Extractive:
    """Quotes and joins at most SENTENCES_LIMIT sentences of the passages that answer the question."""

    id = "extractive"
    model = "extractive/1"
    quotes = True

    def draft(self, task: DraftTask) -> DraftReply:
        """Return the sentences that share the most with the question and the least with one another."""
        refused = [stems_of(statement.rpartition(" (")[0] or statement) for statement in task.refused]
        offered = [
            sentence
            for sentence in sentences_of(task.passages[:PASSAGES_LIMIT])
            if not any(statement and statement <= sentence.stems for statement in refused)
        ]
        chosen = choose(asked(task.question), offered)
        return DraftReply(answer=join(chosen, limit=task.limit_chars), provider=self.id, model=self.model)


def asked(question: str) -> Wanted:
    """Return what is asked for: by the sentences with a question mark, if there are any, without masks."""
    parts = list(split(TOKEN.sub(" ", question[:PASSAGE_CHARS])))
    text = " ".join([part for part in parts if part.rstrip().endswith("?")] or parts)
    return Wanted(stems_of(text), FIGURES_ASKED.search(text) is not None)


def stems_of(text: str) -> frozenset[str]:
    """Return what the words that mean something are compared by; figures count as words."""
    words = frozenset(WORD.findall(normalise(text).text.casefold()))
    return frozenset(map(known_key, words - COMMON))


@lru_cache(maxsize=8192)
def known_key(word: str) -> str:
    return key(word)


def sentences_of(passages: Iterable[Passage]) -> Iterator[Sentence]:
    """Yield the sentences of Markdown passages that can stand alone, each once."""
    seen: set[str] = set()
    for passage in passages:
        title = stems_of(passage.title[:SENTENCE_CHARS])
        for text, stems in told_by(passage.text[:PASSAGE_CHARS]):
            if text not in seen:
                seen.add(text)
                yield Sentence(text, stems, title)


# Passages of a corpus come back with every question. About 10 kB an entry: some 5 MB at most for passages as cut.
@lru_cache(maxsize=512)
def told_by(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the sentences of a Markdown text that can stand alone, each with what it is compared by."""
    parts = (" ".join(part.split()) for part in chain.from_iterable(map(split, blocks(text))))
    return tuple((part, stems_of(part)) for part in parts if stands_alone(part))


def blocks(text: str) -> Iterator[str]:
    """Yield the prose of a Markdown text: without front matter, comments, code, headings, tables and quotes."""
    # A passage may begin or end inside a comment.
    text = COMMENT.sub("\n\n", FRONT_MATTER.sub("", text))
    if "-->" in text:
        text = text.rpartition("-->")[2]
    block: list[str] = []
    fenced = False
    for line in text.split("\n"):
        fence = line.lstrip().startswith(("```", "~~~"))
        fenced ^= fence
        bullet = BULLET.match(line)
        if fence or fenced or not line.strip() or NO_PROSE.match(line) or bullet:
            yield from prose(block)
            block = []
        if not (fence or fenced or NO_PROSE.match(line)):
            block.append(line[bullet.end() :] if bullet else line)
    yield from prose(block)


def prose(lines: Sequence[str]) -> Iterator[str]:
    text = " ".join(line.strip() for line in lines)
    if text:
        yield EMPHASIS.sub("", LINK.sub(r"\1", TAG.sub("", text)))


def split(text: str) -> Iterator[str]:
    """Yield the sentences of a text, as they stand in it."""
    return (span.of(text) for span in sentences(text))


def stands_alone(sentence: str) -> bool:
    """Tell whether a sentence states something by itself: no question, no fragment, no pointing back."""
    if len(sentence) > SENTENCE_CHARS or HIDING.search(sentence):
        return False
    if not sentence.rstrip("\"'”’)]").endswith((".", "!")):
        return False
    words = WORD.findall(sentence)
    return len(words) >= SENTENCE_WORDS and words[0].casefold() not in LEANING and not words[0].islower()


def choose(wanted: Wanted, offered: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences that together cover the question, the best first.

    Each is worth the weight of the question's stems in it that no chosen sentence has yet. Of two that are worth the
    same the shorter wins, then the earlier, since passages come best first.
    """
    weights = weigh(wanted, offered)
    total = sum(weights.values())
    left = dict(weights)
    chosen: list[Sentence] = []
    least = max(1, min(2, len(wanted.stems)))
    candidates = [sentence for sentence in offered if len(sentence.stems & wanted.stems) >= least]
    while candidates and len(chosen) < SENTENCES_LIMIT:
        best = max(candidates, key=lambda sentence: worth(sentence, left, figures=wanted.figures))
        if gain(best, left) < total * (WORTHWHILE if chosen else RELEVANT):
            break
        chosen.append(best)
        candidates.remove(best)
        left |= {stem: weights[stem] * COVERED for stem in best.stems | best.title if stem in weights}
    return chosen


def weigh(wanted: Wanted, offered: Sequence[Sentence]) -> dict[str, float]:
    """Return each asked stem's weight: what few sentences hold tells more (inverse document frequency)."""
    held = Counter(stem for sentence in offered for stem in sentence.stems & wanted.stems)
    return {stem: math.log(1 + (len(offered) + 1) / (held[stem] + 0.5)) for stem in wanted.stems if held[stem]}


def gain(sentence: Sentence, left: Mapping[str, float]) -> float:
    own = sum(left.get(stem, 0.0) for stem in sentence.stems)
    return own + IN_TITLE * sum(left.get(stem, 0.0) for stem in sentence.title - sentence.stems)


def worth(sentence: Sentence, left: Mapping[str, float], *, figures: bool) -> float:
    return gain(sentence, left) + FIGURE * (figures and sentence.figures) - 0.02 * len(sentence.stems)


def join(sentences: Sequence[Sentence], *, limit: int) -> str:
    """Return the sentences with spaces between them, as many as fit in ``limit`` characters."""
    answer = ""
    for sentence in sentences:
        longer = f"{answer} {sentence.text}".strip()
        if len(longer) <= limit:
            answer = longer
    return answer
