"""A sentence as it is compared: content words, quantities, dates and negations, each with its tokens."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from audit.spans import Span
from evidence.language import conditions, dates, negation, quantities
from evidence.language.blocks import shown
from evidence.language.conditions import Condition
from evidence.language.dates import Date
from evidence.language.lexicon import AUXILIARIES, CLAUSE_WORDS, LIGHT, STOP, words
from evidence.language.negation import Negation
from evidence.language.quantities import Quantity
from evidence.language.sentences import sentences
from evidence.language.text import Kind, Token, folded_words, key, tokens

# A longer sentence is no sentence; what stands beyond is not compared, so it is not found either.
TOKENS_LIMIT, CHARS_LIMIT = 300, 12_000
ADVERBS = words("not never also always again still")
CLAUSE_ENDS = frozenset(".;:")
HANGING = CLAUSE_WORDS - words("but so therefore since which") | words("while that before after until")
# What stands before an item of a list on its line.
ITEM = re.compile(r"(?:^|\n)[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+$")
ITEM_MARK, LEAD = 12, 200
FULL, HALF = 1.0, 0.5
LIGHT_KEYS = frozenset(key(word) for word in LIGHT)
# How many readings are kept, and how many of what is derived from one: of ordinary sentences some 20 MB in all.
READINGS_KEPT = 1024
# Half a pair of surrogates, private use, unassigned: nobody knows what it says, so it must stand in the source as well.
UNREADABLE = frozenset({"Cs", "Co", "Cn"})
SKIMS_KEPT = 512


@dataclass(frozen=True, slots=True)
class Word:
    """A word that carries content: its token, what it is compared by, its weight and whether it is (part of) a name."""

    at: int
    key: str
    weight: float
    name: bool


@dataclass(frozen=True, eq=False)
class Reading:
    """One sentence. ``whole`` is False when it is too long, or holds too many numbers, and was cut there.

    A reading equals only itself, so that what is derived from it can be kept; ``read`` keeps the readings.
    """

    text: str
    tokens: tuple[Token, ...]
    words: tuple[Word, ...]
    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]
    negations: tuple[Negation, ...]
    conditions: tuple[Condition, ...]
    places: dict[str, tuple[int, ...]]
    whole: bool

    @cached_property
    def folded(self) -> frozenset[str]:
        """Return every token without case."""
        return frozenset(token.folded for token in self.tokens)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Return the tokens of the words, ascending."""
        return tuple(word.at for word in self.words)

    @cached_property
    def word_at(self) -> dict[int, int]:
        """Return the place of the word that each token is; tokens without content have none."""
        return {at: place for place, at in enumerate(self.starts)}

    @cached_property
    def weights(self) -> tuple[float, ...]:
        return tuple(word.weight for word in self.words)

    @cached_property
    def weight(self) -> float:
        return sum(self.weights)

    @cached_property
    def denials(self) -> tuple[int, ...]:
        """Return how many negations deny each token."""
        denials = [0] * len(self.tokens)
        for found in self.negations:
            for at in range(found.at + 1, found.end):
                denials[at] += 1
        return tuple(denials)

    def span(self, first: int, end: int) -> Span:
        """Return the place of tokens ``first`` to ``end`` in the sentence."""
        return Span(self.tokens[first].start, self.tokens[end - 1].end)

    def conditional(self, at: int) -> bool:
        return any(condition.holds(at) for condition in self.conditions) if self.conditions else False

    def valued(self, at: int) -> bool:
        """Tell whether a token belongs to a quantity or to the words of its bound."""
        return any(quantity.outer[0] <= at < quantity.outer[1] for quantity in self.quantities)

    def predicate(self, place: int) -> bool:
        """Tell whether a word is what an auxiliary says of its subject: "given" in "must not be given"."""
        at = self.words[place].at - 1
        while at > 0 and (self.tokens[at].folded in ADVERBS or self.tokens[at].folded.endswith("ly")):
            at -= 1
        return at >= 0 and self.tokens[at].folded in AUXILIARIES

    def subordinate(self, at: int) -> bool:
        """Tell whether a token stands in a clause that hangs on another: behind "while", "that", "unless"."""
        for place in range(at - 1, -1, -1):
            token = self.tokens[place]
            if token.text in CLAUSE_ENDS:
                return False
            if token.folded in HANGING:
                return True
        return False

    def quoted(self, first: int, end: int) -> str:
        return self.text[self.tokens[first].start : self.tokens[end - 1].end]


@lru_cache(maxsize=READINGS_KEPT)
def read(sentence: str) -> Reading:
    """Return the reading of one sentence; kept for the sentences read last."""
    every = tuple(tokens(sentence[:CHARS_LIMIT]))
    cut = every[:TOKENS_LIMIT]
    found_dates = dates.find(cut)
    taken = {at for date in found_dates for at in range(date.first, date.end)}
    found = quantities.find(cut, taken)
    taken |= {at for quantity in found for at in range(*quantity.outer)}
    carrying = tuple(content(cut, taken))
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(carrying):
        places[word.key].append(place)
    fixed = {name: tuple(at) for name, at in places.items()}
    whole = len(every) <= TOKENS_LIMIT and len(sentence) <= CHARS_LIMIT and len(found) <= quantities.MOST_IN_A_SENTENCE
    denials = negation.find(cut, taken)
    return Reading(sentence, cut, carrying, found, found_dates, denials, conditions.find(cut), fixed, whole)


def content(read_tokens: Sequence[Token], taken: set[int]) -> Iterator[Word]:
    for at, token in enumerate(read_tokens):
        if token.kind is Kind.WORD and at not in taken and (is_content(token) or is_letter(read_tokens, at)):
            if negation.only_denies(read_tokens, at):
                continue
            known = key(token.folded)
            yield Word(at, known, HALF if known in LIGHT_KEYS else FULL, is_name(read_tokens, at))
        elif token.kind is Kind.NUMBER and at not in taken:
            # Too long or too large to be read as a value: what nobody can compare must stand in the source as it is.
            yield Word(at, key(token.folded), FULL, name=False)
        elif token.kind is Kind.MARK and unicodedata.category(token.text) in UNREADABLE:
            yield Word(at, token.text, FULL, name=False)


def is_content(token: Token) -> bool:
    """Tell whether a word carries content. A capital letter alone does: vitamin K, pack A."""
    if token.folded in STOP or token.folded.endswith("n't"):
        return len(token.text) > 1 and token.text.isupper() and token.folded in {"us", "it", "who"}
    return len(token.text) > 1 or (token.text.isupper() and token.text != "I")


def is_letter(read_tokens: Sequence[Token], at: int) -> bool:
    """Tell whether an "A" is a letter and not an article: "hepatitis A", "Team A"."""
    return read_tokens[at].text == "A" and at > 0 and read_tokens[at - 1].kind is Kind.WORD


def is_name(read_tokens: Sequence[Token], at: int) -> bool:
    """Tell whether a token is written like a name. At the start of a sentence a capital letter says nothing."""
    text = read_tokens[at].text
    if not text[0].isupper():
        return False
    opens = at == 0 or read_tokens[at - 1].text in {'"', "(", "'", ":", "."}
    if not opens or not text[1:].islower():
        return True
    following = read_tokens[at + 1] if at + 1 < len(read_tokens) else None
    return following is not None and following.kind is Kind.WORD and following.text[0].isupper()


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence of a passage as it is compared: an item of a list has what introduces the list before it."""

    text: str
    span: Span
    lead: Span

    def place(self, span: Span) -> Span:
        """Return where a span of ``text`` stands in the passage; one that begins in the lead ends there."""
        ahead = len(self.text) - (self.span.end - self.span.start)
        if span.start >= ahead:
            return span.shift(self.span.start - ahead)
        end = min(span.end + self.lead.start, self.lead.end)
        return Span(min(span.start + self.lead.start, end), end)


@dataclass(frozen=True, slots=True)
class Skim:
    """A passage at a glance: its sentences, which of them have the same keys, and all keys with those of headings."""

    pieces: tuple[Piece, ...]
    alike: dict[frozenset[str], list[int]]
    every: frozenset[str]

    def sharing(self, wanted: frozenset[str], *, least: float) -> Iterator[tuple[int, list[int]]]:
        """Yield how many keys are shared with sentences that share so many at least, and the places of those."""
        for keys, places in self.alike.items():
            shared = len(wanted & keys)
            if shared >= least:
                yield shared, places


@lru_cache(maxsize=SKIMS_KEPT)
def skim(text: str) -> Skim:
    """Return a passage's sentences and their keys; kept for the passages read last."""
    pieces = tuple(pieces_of(text))
    alike: dict[frozenset[str], list[int]] = {}
    for place, piece in enumerate(pieces):
        alike.setdefault(keys_of(piece.text), []).append(place)
    return Skim(pieces, alike, keys_of(shown(text)))


def pieces_of(text: str) -> Iterator[Piece]:
    lead = Span(0, 0)
    for span in sentences(text):
        item = ITEM.search(text[max(0, span.start - ITEM_MARK) : span.start]) is not None
        if not item:
            lead = Span(span.start, min(span.end, span.start + LEAD)) if text[span.end - 1] == ":" else Span(0, 0)
        if item and lead.start < lead.end:
            yield Piece(f"{lead.of(text)} {span.of(text)}", span, lead)
        else:
            yield Piece(span.of(text), span, Span(span.start, span.start))


@lru_cache(maxsize=1024)
def keys_of(text: str) -> frozenset[str]:
    """Return what the words and numbers of a text are compared by."""
    return frozenset(key(word) for word in folded_words(text) if word not in STOP)
