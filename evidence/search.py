"""The search over the corpus: which passages hold the rarest words of a text. PostgreSQL's GIN index over their terms.

A word that stands in a large part of the corpus selects nothing and costs most, so words are taken from the rarest on,
up to a number of passages that can be looked at in time. What is found is weighed as BM25 weighs it (ranking.py).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, combinations
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from evidence.passages import Passage
from evidence.ranking import rarity

# How many passages the words of one text may have together, and how many words are looked for.
LOOKED_AT = 4_000
WORDS = 32
# Where even the rarest word is in more, pairs of the rarest.
PAIRED = 4
# So many of the best of a text are weighed once more, by its frequent words too.
WEIGHED = 100

# What is counted follows what is posted: with sign 1, passages of documents in force that are not posted yet; with -1,
# posted ones of those that are not in force any more. The empty word comes first whatever the others are, so that two
# that write for one workspace take turns and never wait for each other in a circle.
COUNT = """
INSERT INTO evidence_wordcount AS known (workspace_id, word, passages)
SELECT s.workspace_id, word, %(sign)s * count(*)
FROM evidence_passage p
JOIN evidence_document d ON d.id = p.document_id
JOIN evidence_source s ON s.id = d.source_id
CROSS JOIN LATERAL unnest(tsvector_to_array(p.search) || ''::text) AS word
WHERE (%(document)s::uuid IS NULL OR d.id = %(document)s) AND d.current = (%(sign)s > 0)
    AND EXISTS (SELECT FROM evidence_posting posted WHERE posted.passage_id = p.id) = (%(sign)s < 0)
GROUP BY s.workspace_id, word
ORDER BY s.workspace_id, word COLLATE "C"
ON CONFLICT (workspace_id, word) DO UPDATE SET passages = known.passages + excluded.passages
"""
POST = """
INSERT INTO evidence_posting (passage_id, workspace_id, length, terms)
SELECT p.id, s.workspace_id, length(p.search),
    ARRAY(SELECT evidence_term(s.workspace_id, word) FROM unnest(tsvector_to_array(p.search)) AS word)
FROM evidence_passage p
JOIN evidence_document d ON d.id = p.document_id
JOIN evidence_source s ON s.id = d.source_id
WHERE (%(document)s::uuid IS NULL OR d.id = %(document)s) AND d.current
ON CONFLICT DO NOTHING
"""
WITHDRAW = """
DELETE FROM evidence_posting
USING evidence_passage p JOIN evidence_document d ON d.id = p.document_id
WHERE passage_id = p.id AND (%(document)s::uuid IS NULL OR d.id = %(document)s) AND NOT d.current
"""
ASKED = """
SELECT asked.place, word.lexeme, known.passages, evidence_term(known.workspace_id, known.word)
FROM unnest(%s::text[]) WITH ORDINALITY AS asked (text, place)
CROSS JOIN LATERAL unnest(tsvector_to_array(to_tsvector('english', asked.text)) || ''::text) AS word (lexeme)
JOIN evidence_wordcount known ON known.workspace_id = %s AND known.word = word.lexeme
WHERE known.passages > 0
"""
# OFFSET 0 keeps each word's search, and the reading of each row at the end, a step of its own: the planner cannot know
# how few rows these are, and would read whole tables instead.
FIND = """
WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest(%s::integer[], %s::integer[], %s::integer[], %s::float8[], %s::boolean[])
        AS given (place, one, other, weight, selects)
)
SELECT asked.place, found.*
FROM (SELECT DISTINCT place FROM wanted) AS asked
CROSS JOIN LATERAL (
    SELECT p.passage_id, (held.weight + coalesce(frequent.weight, 0)) / (60 + p.length) AS score
    FROM (
        SELECT posting.passage_id, sum(wanted.weight) AS weight
        FROM wanted
        CROSS JOIN LATERAL (
            SELECT p.passage_id, p.length FROM evidence_posting p
            WHERE p.terms @> ARRAY[wanted.one, wanted.other] AND p.workspace_id = %s
            OFFSET 0
        ) AS posting
        WHERE wanted.place = asked.place AND wanted.selects
        GROUP BY posting.passage_id, posting.length
        ORDER BY sum(wanted.weight) / (60 + posting.length) DESC, posting.passage_id LIMIT %s
    ) AS held
    JOIN evidence_posting p ON p.passage_id = held.passage_id
    CROSS JOIN LATERAL (
        SELECT sum(wanted.weight) AS weight FROM wanted
        WHERE wanted.place = asked.place AND NOT wanted.selects AND wanted.one = ANY (p.terms)
    ) AS frequent
    ORDER BY score DESC, p.passage_id LIMIT %s
) AS best
CROSS JOIN LATERAL (
    SELECT p.id, p.origin, p.text, p.sha256, s.trusted, d.title, s.weight, d.host, d.original_sha256
    FROM evidence_passage p
    JOIN evidence_document d ON d.id = p.document_id
    JOIN evidence_source s ON s.id = d.source_id
    WHERE p.id = best.passage_id AND d.current AND s.workspace_id = %s
    OFFSET 0
) AS found
ORDER BY asked.place, best.score DESC, best.passage_id
"""


def post(document: UUID) -> None:
    """Let the passages of a document in force be found."""
    change(document, (COUNT, POST), sign=1)


def withdraw(document: UUID) -> None:
    """Let the passages of a document that is not in force any more be found no longer."""
    change(document, (COUNT, WITHDRAW), sign=-1)


@transaction.atomic
def catch_up() -> None:
    """Do what was left out: documents wait to be added meanwhile, searches do not wait."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE evidence_posting IN SHARE ROW EXCLUSIVE MODE")
    change(None, (COUNT, WITHDRAW), sign=-1)
    change(None, (COUNT, POST), sign=1)


def change(document: UUID | None, statements: Sequence[str], *, sign: int) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, {"document": document, "sign": sign})


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, and how many passages hold it.

    Attributes:
        term: its number.
    """

    passages: int
    text: str
    term: int

    def alone(self) -> "Wanted":
        return Wanted(self.term, self.term, 1.0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The numbers of two words that a passage holds, which may be one; and what a passage that does so weighs.

    Attributes:
        selects: whether passages are looked for by it; else it only weighs those that are found.
    """

    one: int
    other: int
    weight: float
    selects: bool = True


def candidates(workspace: UUID, texts: Sequence[str], *, share: int) -> Iterator[Passage]:
    """Yield at most ``share`` passages for each text, best first, those of the first text first.

    A text whose words are all in very many passages takes longer, the more passages there are. The same rows
    give the same passages in the same order.
    """
    words: defaultdict[int, list[Word]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(ASKED, [list(texts), workspace])
        for place, text, passages, term in cursor:
            words[place].append(Word(passages, text, term))
    wanted = {place: chosen(known) for place, known in words.items()}
    found = find(workspace, wanted, share=share)
    # No passage holds two of its frequent words together.
    without = [place for place in words if wanted[place] and place not in found]
    found |= find(workspace, {place: [rarest(words[place])[0].alone()] for place in without}, share=share)
    for _, best in sorted(found.items()):
        yield from best


def find(workspace: UUID, wanted: Mapping[int, Sequence[Wanted]], *, share: int) -> dict[int, list[Passage]]:
    """Return what is found for each text that finds anything, best first."""
    given = [(place, want) for place, wants in wanted.items() for want in wants]
    if not given:
        return {}
    columns: list[Any] = [
        [place for place, _ in given],
        [want.one for _, want in given],
        [want.other for _, want in given],
        [want.weight for _, want in given],
        [want.selects for _, want in given],
    ]
    found: defaultdict[int, list[Passage]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(FIND, [*columns, workspace, max(share, WEIGHED), share, workspace])
        for place, id_, *known in cursor:
            found[place].append(Passage(str(id_), *known))
    return found


def rarest(words: Sequence[Word]) -> list[Word]:
    return sorted((word for word in words if word.text), key=lambda word: (word.passages, word.text))[:WORDS]


def chosen(words: Sequence[Word]) -> list[Wanted]:
    """Return what to look for: the rarest words, or pairs of the rarest where one alone is in too many passages.

    Args:
        words: each once; the empty one, which every passage holds, is among them.
    """
    total = max((word.passages for word in words), default=0)
    known = [Wanted(word.term, word.term, rarity(word.passages, of=total)) for word in rarest(words)]
    held = list(accumulate(word.passages for word in rarest(words)))
    if len(known) > 1 and held[0] > LOOKED_AT:
        pairs = combinations(known[:PAIRED], 2)
        return [Wanted(high.one, low.one, high.weight + low.weight) for high, low in pairs]
    return [
        replace(want, selects=place == 0 or so_far <= LOOKED_AT)
        for place, (want, so_far) in enumerate(zip(known, held, strict=True))
    ]
