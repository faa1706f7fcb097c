"""The guardians beside each other: what they voted, how far they agree, what people overruled, which rules fire."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import log10
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from audit.actors import Actor
from audit.console import page
from guardians.compliance import NOT_LEGAL_ADVICE
from guardians.guardian import Ballot
from guardians.models import RuleCount
from orchestration import comparing, counting
from orchestration.comparing import DAYS, WINDOW, Comparison
from orchestration.console import badges, findingwords, wording
from orchestration.console.badges import Badge, Icon, Tone
from orchestration.console.findings import shipped
from orchestration.console.grounds import Portion
from orchestration.tallies import Bucket, Cast, Share, Tally, Word

# From the mildest to the strictest, and what says nothing last: a bar is read from the left.
TONES = {
    Ballot.ALLOW: Tone.GOOD,
    Ballot.ALLOW_WITH_REDACTION: Tone.BUSY,
    Ballot.ESCALATE: Tone.DOUBT,
    Ballot.DENY: Tone.BAD,
    Ballot.ABSTAIN: Tone.QUIET,
}
WORDS = {
    Word.APPROVED: Badge("People approved", Tone.GOOD, Icon.CHECK),
    Word.REJECTED: Badge("People rejected", Tone.BAD, Icon.CROSS),
    Word.NONE: Badge("Nobody decided", Tone.QUIET, Icon.MINUS),
}
HEIGHT = 40
# The scale of times: each of its steps is ten times the one before, in microseconds.
SHORTEST, STEPS = 10, 6
RULES = 200
NAMES = ("days", "guardian", "rule", "before")


@dataclass(frozen=True, slots=True)
class Column:
    """A rectangle of a drawing that is as many wide as it has stretches of time, and ``HEIGHT`` high."""

    tone: Tone
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Rate:
    """A share in words, '3 of 10' and '30 %', and as the width of a bar; or that there was nothing to count."""

    words: str
    figure: str
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class ShownTally:
    """One guardian; the time that half of its votes took is at ``half`` on a scale of 100, and 95 % at ``most``."""

    tally: Tally
    query: str
    portions: tuple[Portion, ...]
    words: str
    columns: tuple[Column, ...]
    agreed: Rate
    overruled: Rate
    missed: Rate
    abstained: Rate
    p50: str
    p95: str
    half: float
    most: float


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule; ``words`` is what it has seen, '' where that is not known."""

    rule: RuleCount
    words: str
    query: str
    overruled: Rate
    width: float


@dataclass(frozen=True, slots=True)
class Hit:
    cast: Cast
    short: str
    ballot: Badge
    outcome: Badge
    word: Badge


@dataclass(frozen=True, slots=True)
class Pair:
    first: str
    second: str
    same: Rate


@dataclass(frozen=True, slots=True)
class Choice:
    word: str
    query: str
    chosen: bool


@require_safe
@page
def guardians(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Compare the guardians over the period that the address names."""
    chosen = {name: value for name in NAMES if (value := request.GET.get(name, "").strip())}
    found = comparing.compare(comparing.period_in(chosen, now=now()), actor=actor)
    counted = counting.counted(actor, guardian=found.period.guardian, rule=found.period.rule)
    context: dict[str, Any] = {
        "found": found,
        "tallies": shown_tallies(found, chosen),
        "pairs": [Pair(one.first, one.second, rate(one.same)) for one in found.agreements],
        "rules": shown_rules(counted.order_by("-fired", "guardian", "rule")[:RULES], chosen),
        "hits": [shown_hit(cast) for cast in found.hits],
        "chosen": chosen,
        "periods": [
            Choice(days_word(days), query(chosen, days=str(days), before=""), is_chosen(chosen, days))
            for days in sorted(DAYS)
        ],
        "any_guardian": query(chosen, guardian=""),
        "any_rule": query(chosen, rule=""),
        "newest": query(chosen, before="") if "before" in chosen else "",
        "earlier": query(chosen, before=found.earliest.isoformat()) if found.more and found.earliest else "",
        "window": WINDOW,
        "drawn": (found.buckets[0].begin, found.buckets[-1].end) if found.buckets else (),
        "steps": len(found.buckets),
        "height": HEIGHT,
        "decades": [round(100 * step / STEPS, 2) for step in range(1, STEPS)],
        "not_legal_advice": NOT_LEGAL_ADVICE,
    }
    return render(request, "console/guardians.html", context)


def query(chosen: Mapping[str, str], **changes: str) -> str:
    """Return the query of an address with some values changed; an empty one takes it off."""
    return "?" + urlencode({name: value for name, value in {**chosen, **changes}.items() if value})


def is_chosen(chosen: Mapping[str, str], days: int) -> bool:
    return chosen.get("days", str(DAYS[0])) == str(days)


def days_word(days: int) -> str:
    return "1 day" if days == 1 else "1 year" if days == 365 else f"{days} days"


def rate(share: Share, *, about: str = "") -> Rate:
    if share.share is None:
        return Rate("nothing to count", "–")
    return Rate(f"{share.part:,} of {share.whole:,}{about}", f"{100 * share.share:.3g} %", percent_of(share.share))


def percent_of(share: float | None) -> float:
    return round(100 * (share or 0.0), 2)


def shown_tallies(found: Comparison, chosen: Mapping[str, str]) -> list[ShownTally]:
    return [shown_tally(tally, found.buckets, chosen=chosen) for tally in found.tallies]


def shown_tally(tally: Tally, buckets: Sequence[Bucket], *, chosen: Mapping[str, str]) -> ShownTally:
    portions = portions_of(tally)
    return ShownTally(
        tally=tally,
        query=query(chosen, guardian=tally.guardian),
        portions=portions,
        words=", ".join(f"{part.figure} {part.word}" for part in portions),
        columns=tuple(columns_of(tally.guardian, buckets)),
        agreed=rate(tally.agreed),
        overruled=rate(tally.overruled, about=" that it objected to"),
        missed=rate(tally.missed, about=" that it let pass"),
        abstained=rate(tally.abstained),
        p50=wording.milliseconds(tally.p50_us),
        p95=wording.milliseconds(tally.p95_us),
        half=on_scale(tally.p50_us),
        most=on_scale(tally.p95_us),
    )


def on_scale(microseconds: int) -> float:
    """Return where a time stands on a scale of 100 from 10 microseconds to 10 seconds, each sixth ten times more."""
    steps = log10(max(microseconds, SHORTEST) / SHORTEST)
    return round(100 * min(steps, STEPS) / STEPS, 2)


def portions_of(tally: Tally) -> tuple[Portion, ...]:
    counts = [(ballot, tally.ballots.get(ballot, 0)) for ballot in TONES]
    widths = [100 * count / tally.votes for _, count in counts]
    starts = [0.0, *accumulate(widths)]
    return tuple(
        Portion(TONES[ballot], round(x, 3), round(width, 3), badges.BALLOTS[ballot].word.lower(), f"{count:,}")
        for (ballot, count), x, width in zip(counts, starts, widths, strict=False)
        if count
    )


def columns_of(guardian: str, buckets: Sequence[Bucket]) -> list[Column]:
    """Return the votes of one guardian over time as columns, the mildest at the bottom, the fullest ``HEIGHT`` high."""
    known = [bucket.ballots.get(guardian, {}) for bucket in buckets]
    fullest = max((sum(ballots.values()) for ballots in known), default=0) or 1
    columns: list[Column] = []
    for x, ballots in enumerate(known):
        y = float(HEIGHT)
        for ballot, tone in TONES.items():
            height = HEIGHT * ballots.get(ballot, 0) / fullest
            y -= height
            if height:
                columns.append(Column(tone, x, round(y, 3), round(height, 3)))
    return columns


def shown_rules(counted: Iterable[RuleCount], chosen: Mapping[str, str]) -> list[ShownRule]:
    rules = list(counted)
    most = max([rule.fired for rule in rules], default=0) or 1
    return [shown_rule(rule, chosen, most=most) for rule in rules]


def shown_rule(rule: RuleCount, chosen: Mapping[str, str], *, most: int) -> ShownRule:
    return ShownRule(
        rule=rule,
        words=words_of(rule.rule),
        query=query(chosen, rule=rule.rule),
        overruled=rate(Share(rule.overruled, rule.overruled + rule.upheld)),
        width=round(100 * rule.fired / most, 2),
    )


def words_of(rule: str) -> str:
    """Return what a rule of Safety has seen, or what a rule of the packs of this installation says."""
    _, packed = shipped()
    return packed[rule].says if rule in packed else wording.sentence(findingwords.RULES.get(rule, ""))


def shown_hit(cast: Cast) -> Hit:
    ballot, outcome = badges.of_ballot(cast.ballot), badges.of_ballot(cast.outcome)
    return Hit(cast, wording.short(cast.run), ballot, outcome, WORDS[cast.word])
