"""How guardians did over many reviews: what they voted, how far they agree, what people overruled, how long it took."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import ceil
from uuid import UUID

from guardians.guardian import Ballot

BALLOTS = frozenset(Ballot)
OBJECTS = frozenset({Ballot.ESCALATE, Ballot.DENY})


class Word(StrEnum):
    """What people said of a run when they were asked; NONE where nobody was, or nobody answered."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Cast:
    """One vote of a review, with what came of it.

    Attributes:
        outcome: the ballot of consensus.
    """

    run: UUID
    at: dt.datetime
    guardian: str
    ballot: Ballot
    outcome: Ballot
    word: Word
    elapsed_us: int


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many; ``share`` is None where there are none to be many of."""

    part: int
    whole: int

    @property
    def share(self) -> float | None:
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Tally:
    """What one guardian did.

    Attributes:
        ballots: how often it voted what.
        agreed: votes equal to the outcome, of those that were no abstention.
        overruled: people approved although it voted ESCALATE or DENY, of such votes that people decided on.
        missed: people rejected although it voted neither, of such votes that people decided on.
        abstained: of all its votes.
        p50_us, p95_us: time taken, microseconds, by nearest rank.
    """

    guardian: str
    votes: int
    ballots: Mapping[Ballot, int]
    agreed: Share
    overruled: Share
    missed: Share
    abstained: Share
    p50_us: int
    p95_us: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """In how many of the reviews in which both spoke two guardians say the same: object, or do not."""

    first: str
    second: str
    same: Share


@dataclass(frozen=True, slots=True)
class Bucket:
    """The votes of a stretch of time, ``begin <= at < end`` but for the last one, which ends with the last vote."""

    begin: dt.datetime
    end: dt.datetime
    ballots: Mapping[str, Mapping[Ballot, int]]


def tallies(casts: Iterable[Cast]) -> tuple[Tally, ...]:
    """Return one tally a guardian, by name."""
    found: dict[str, list[Cast]] = {}
    for cast in casts:
        found.setdefault(cast.guardian, []).append(cast)
    return tuple(tally(name, found[name]) for name in sorted(found))


def tally(name: str, casts: Sequence[Cast]) -> Tally:
    spoken = [cast for cast in casts if cast.ballot is not Ballot.ABSTAIN]
    decided = [cast for cast in spoken if cast.word is not Word.NONE]
    objected = [cast for cast in decided if cast.ballot in OBJECTS]
    passed = [cast for cast in decided if cast.ballot not in OBJECTS]
    took = sorted(cast.elapsed_us for cast in casts)
    return Tally(
        guardian=name,
        votes=len(casts),
        ballots=Counter(cast.ballot for cast in casts),
        agreed=Share(sum(cast.ballot is cast.outcome for cast in spoken), len(spoken)),
        overruled=Share(sum(cast.word is Word.APPROVED for cast in objected), len(objected)),
        missed=Share(sum(cast.word is Word.REJECTED for cast in passed), len(passed)),
        abstained=Share(len(casts) - len(spoken), len(casts)),
        p50_us=percentile(took, 0.5),
        p95_us=percentile(took, 0.95),
    )


def percentile(ordered: Sequence[int], share: float) -> int:
    """Return the value at a share by nearest rank; 0 where there is none."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else 0


def agreements(casts: Iterable[Cast]) -> tuple[Agreement, ...]:
    """Return one agreement for each two guardians that spoke in some review together."""
    said: dict[UUID, dict[str, bool]] = {}
    for cast in casts:
        if cast.ballot is not Ballot.ABSTAIN:
            said.setdefault(cast.run, {})[cast.guardian] = cast.ballot in OBJECTS
    pairs: dict[tuple[str, str], list[bool]] = {}
    for known in said.values():
        for first, second in combinations(sorted(known), 2):
            pairs.setdefault((first, second), []).append(known[first] is known[second])
    return tuple(Agreement(*pair, Share(sum(same), len(same))) for pair, same in sorted(pairs.items()))


def buckets(casts: Sequence[Cast], number: int) -> tuple[Bucket, ...]:
    """Return the votes in ``number`` equal stretches from the first to the last; none where there is no vote."""
    if not casts:
        return ()
    begin, end = min(cast.at for cast in casts), max(cast.at for cast in casts)
    step = max((end - begin) / number, dt.timedelta(microseconds=1))
    found: list[dict[str, Counter[Ballot]]] = [{} for _ in range(number)]
    for cast in casts:
        place = min(number - 1, int((cast.at - begin) / step))
        found[place].setdefault(cast.guardian, Counter())[cast.ballot] += 1
    return tuple(Bucket(begin + n * step, begin + (n + 1) * step, known) for n, known in enumerate(found))
