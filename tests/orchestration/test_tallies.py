"""How guardians did: agreement, what people overruled, abstentions, time taken."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from guardians.guardian import Ballot
from orchestration.tallies import Cast, Share, Word, agreements, buckets, percentile, tallies

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def cast(number: int, ballot: Ballot, guardian: str = "safety", **values: Any) -> Cast:
    known = {"outcome": Ballot.ALLOW, "word": Word.NONE, "elapsed_us": 10 * number, **values}
    return Cast(UUID(int=number), NOON + dt.timedelta(hours=number), guardian, ballot, **known)


def test_a_guardian_is_overruled_where_people_approve_what_it_objected_to() -> None:
    (tally,) = tallies(
        [
            cast(1, Ballot.ESCALATE, word=Word.APPROVED),
            cast(2, Ballot.DENY, word=Word.REJECTED),
            cast(3, Ballot.ESCALATE),
            cast(4, Ballot.ALLOW, word=Word.APPROVED),
        ]
    )
    assert (tally.overruled, tally.missed) == (Share(1, 2), Share(0, 1))


def test_what_people_reject_alone_counts_as_missed() -> None:
    (tally,) = tallies([cast(1, Ballot.ALLOW_WITH_REDACTION, word=Word.REJECTED)])
    assert (tally.overruled, tally.missed) == (Share(0, 0), Share(1, 1))
    assert tally.overruled.share is None


def test_who_abstains_agrees_with_nobody_and_is_not_overruled() -> None:
    (tally,) = tallies([cast(1, Ballot.ABSTAIN, word=Word.APPROVED), cast(2, Ballot.ALLOW)])
    assert (tally.abstained, tally.agreed, tally.overruled) == (Share(1, 2), Share(1, 1), Share(0, 0))


def test_two_guardians_agree_where_both_object_or_neither_does() -> None:
    casts = [
        cast(1, Ballot.DENY),
        cast(1, Ballot.ESCALATE, "privacy"),
        cast(2, Ballot.ALLOW),
        cast(2, Ballot.ALLOW_WITH_REDACTION, "privacy"),
        cast(3, Ballot.ALLOW),
        cast(3, Ballot.DENY, "privacy"),
        cast(4, Ballot.ABSTAIN),
        cast(4, Ballot.ALLOW, "privacy"),
    ]
    (pair,) = agreements(casts)
    assert (pair.first, pair.second, pair.same) == ("privacy", "safety", Share(2, 3))


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.95, 100), (0.0, 10)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert percentile([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], share) == value


def test_no_votes_come_to_nothing() -> None:
    assert (tallies([]), agreements([]), buckets([], 4), percentile([], 0.5)) == ((), (), (), 0)


def test_every_vote_is_in_one_stretch_of_time() -> None:
    found = buckets([cast(hour, Ballot.ALLOW) for hour in range(9)], 4)
    assert [bucket.ballots["safety"][Ballot.ALLOW] for bucket in found] == [2, 2, 2, 3]
    assert found[0].begin == NOON


def test_votes_of_one_instant_have_a_stretch() -> None:
    found = buckets([cast(1, Ballot.DENY), cast(1, Ballot.DENY)], 4)
    assert sum(sum(counts.values()) for bucket in found for counts in bucket.ballots.values()) == 2
