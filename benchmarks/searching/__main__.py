"""Fills a corpus and measures the search over it; writes what it found as JSON."""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management import call_command
from django.db import connection

from audit.ids import new_id
from audit.models import Workspace
from benchmarks.growing.timing import percentile
from benchmarks.searching import texts
from benchmarks.searching.texts import SEED, Claim
from evidence import corpus, ranking, search
from evidence.models import Document, Source
from evidence.passages import Passage

OF_DOCUMENT = 20  # passages
CLAIMS_BEFORE = 20  # with the search of the version before, which takes long
ANSWERS = (1, 5, 10)  # claims of an answer
TOPS = (5, 10)
REPEATS = 2  # of a call; the shortest counts, because others use the machine
# The search of the version before, by an index of its own: whatever shares a word with a text is ranked.
BEFORE = """
WITH asked AS MATERIALIZED (
    SELECT place, replace(plainto_tsquery('english', text)::text, '&', '|')::tsquery AS words
    FROM unnest(%s::text[]) WITH ORDINALITY AS given (text, place)
)
SELECT found.id
FROM asked
CROSS JOIN LATERAL (
    SELECT p.id, p.origin, p.text, p.sha256, s.trusted, d.title, s.weight, d.host, d.original_sha256,
        ts_rank_cd(p.search, asked.words) AS rank
    FROM evidence_passage p
    JOIN evidence_document d ON d.id = p.document_id
    JOIN evidence_source s ON s.id = d.source_id
    WHERE s.workspace_id = %s AND d.current AND p.search @@ asked.words
    ORDER BY rank DESC, p.id LIMIT %s
) AS found
ORDER BY asked.place, found.rank DESC, found.id
"""

Search = Callable[[UUID, Sequence[str]], list[str]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One way to search, for answers of so many claims.

    Attributes:
        ms: 50th and 95th percentile of a call.
        recall: which share of the passages that BM25 over the whole corpus puts first is among the candidates, by top.
        gold: the share of claims with a passage that they were made from among the candidates.
    """

    way: str
    claims: int
    calls: int
    ms: tuple[float, float]
    recall: dict[int, float]
    gold: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--passages", type=int, required=True)
    parser.add_argument("--claims", type=int, required=True)
    parser.add_argument("--to", type=Path, required=True)
    asked = parser.parse_args()
    call_command("migrate", verbosity=0)
    read = texts.read(asked.data)
    every = [*read.passages, *texts.resampled(read, asked.passages - len(read.passages))]
    workspace = Workspace.objects.create(slug="bench", name="Bench")
    begun = time.perf_counter()
    ids = fill(workspace, every)
    say(f"{len(every):,} passages added in {time.perf_counter() - begun:.0f} s")
    claims = random.Random(SEED).sample(read.claims, min(asked.claims, len(read.claims)))  # noqa: S311 - a benchmark
    first = exhaustive(ids, every, claims)
    say("ranked exhaustively")
    found = [
        measure(way, call, workspace.pk, grouped(some, size), first, ids)
        for size in ANSWERS
        for way, call, some in (("before", before, claims[:CLAIMS_BEFORE]), ("now", now, claims))
    ]
    known = {
        "passages": len(every),
        "limit": len(claims),
        "limit_before": CLAIMS_BEFORE,
        "repeats": REPEATS,
        "sizes": sizes(),
    }
    document = known | {"measured": [asdict(one) for one in found]}
    asked.to.write_text(json.dumps(document), encoding="utf-8")


def fill(workspace: Workspace, every: Sequence[str]) -> list[str]:
    """Keep passages as documents do, in the order of their ids, and return these."""
    source = Source.objects.create(workspace=workspace, name="pages")
    ids = [str(new_id()) for _ in every]
    documents = [
        Document(id=new_id(), source=source, title=f"page {n}", sha256="0" * 64, text="-")
        for n in range(-(-len(every) // OF_DOCUMENT))
    ]
    Document.objects.bulk_create(documents, batch_size=1_000)
    columns = 'id, document_id, origin, trusted, ordinal, start, "end", sha256, text'
    with connection.cursor() as cursor, cursor.copy(f"COPY evidence_passage ({columns}) FROM STDIN") as copy:
        for number, (id_, text) in enumerate(zip(ids, every, strict=True)):
            place = number % OF_DOCUMENT
            document = documents[number // OF_DOCUMENT].pk
            copy.write_row((id_, document, "pages", True, place, 0, len(text), "0" * 64, text))
    search.catch_up()
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX passage_search ON evidence_passage USING gin (search)")
        cursor.execute("VACUUM (ANALYZE)")
    return ids


def exhaustive(ids: Sequence[str], every: Sequence[str], claims: Sequence[Claim]) -> dict[str, list[str]]:
    """Return for each claim the ids that BM25 puts first where it ranks the whole corpus."""
    whole = ranking.index(Passage(id_, "pages", text, "") for id_, text in zip(ids, every, strict=True))
    return {claim.text: [ranked.passage.id for ranked in whole.rank(claim.text, limit=max(TOPS))] for claim in claims}


def grouped(claims: Sequence[Claim], size: int) -> list[Sequence[Claim]]:
    return [claims[begin : begin + size] for begin in range(0, len(claims) - size + 1, size)]


def before(workspace: UUID, asked: Sequence[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, [list(asked), workspace, max(8, 60 // len(asked))])
        return [str(id_) for (id_,) in cursor]


def now(workspace: UUID, asked: Sequence[str]) -> list[str]:
    return [passage.id for passage in corpus.candidates(workspace, asked)]


def measure(
    way: str,
    call: Search,
    workspace: UUID,
    answers: Sequence[Sequence[Claim]],
    first: dict[str, list[str]],
    ids: Sequence[str],
) -> Measured:
    taken, recalled, gold = [], dict.fromkeys(TOPS, 0.0), 0
    for answer in answers:
        asked = [claim.text for claim in answer]
        found = set(call(workspace, asked))
        taken.append(min(timed(call, workspace, asked) for _ in range(REPEATS)))
        for claim in answer:
            gold += any(ids[place] in found for place in claim.gold)
            for top in TOPS:
                recalled[top] += len(found & set(first[claim.text][:top])) / top
    many = sum(map(len, answers))
    ms = (percentile(taken, 0.5), percentile(taken, 0.95))
    say(f"{way}, {len(answers[0])} claims: {ms[0]:.1f} / {ms[1]:.1f} ms")
    recall = {top: round(value / many, 3) for top, value in recalled.items()}
    return Measured(
        way, len(answers[0]), len(answers), (round(ms[0], 1), round(ms[1], 1)), recall, round(gold / many, 3)
    )


def timed(call: Search, workspace: UUID, asked: Sequence[str]) -> float:
    begun = time.perf_counter()
    call(workspace, asked)
    return (time.perf_counter() - begun) * 1000


def sizes() -> dict[str, Any]:
    """Return how many MB the passages and what is kept to find them take, with their indexes."""
    tables = ("evidence_passage", "evidence_posting", "evidence_wordcount")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t, pg_total_relation_size(t::regclass) / 1e6 FROM unnest(%s::text[]) AS t", [list(tables)]
        )
        return {table: round(float(size), 1) for table, size in cursor}


def say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


main()
