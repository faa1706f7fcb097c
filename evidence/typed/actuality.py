"""Whether what a claim says was done is so in its sentence, or is to come, was nearly done, or is somebody's word.

"Plans to close the plant" does not say that it was closed, nor "allegedly took a bribe" that one was taken.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from evidence.language.lexicon import words
from evidence.language.phrases import BEING, PAST, is_light, is_verb
from evidence.language.reading import READINGS_KEPT, Reading
from evidence.language.text import Kind
from evidence.typed.conflicts import Conflict
from evidence.typed.force import Force, force_at
from evidence.typed.matching import Matching
from evidence.verdicts import Rule


class Open(StrEnum):
    """What keeps a verb from being a fact."""

    TO_COME = "TO_COME"
    INTENDED = "INTENDED"
    NEARLY = "NEARLY"
    SAID_TO_BE = "SAID_TO_BE"


# "Plans to close", "tried to open", "is expected to resign", "was due to start": with "to", it may never have come.
INTENDING = words("""
    plan plans planned planning intend intends intended intending try tries tried trying attempt attempts attempted
    attempting expect expects expected expecting hope hopes hoped hoping aim aims aimed aiming want wants wanted wanting
    wish wishes wished propose proposes proposed proposing promise promises promised threaten threatens threatened
    threatening offer offers offered prepare prepares prepared preparing schedule scheduled set due about ready
    determined seek seeks sought seeking vow vows vowed pledge pledges pledged agree agrees agreed consider considers
    need needs needed order ordered orders ask asked asks request requested urge urged urges advise advised invite
    invited going likely unlikely bound prone proposal proposals attempts effort efforts bid bids intention intentions
    desire promise promises threat threats demand demands call calls goal permission decision decisions
""")
# Whom one of these asks to do something may not have done it: "asked Anna to leave".
ASKING = words("""
    ask asks asked asking tell tells told order orders ordered urge urges urged advise advises advised invite invites
    invited want wants wanted expect expects expected request requests requested instruct instructs instructed command
    commands commanded encourage encourages encouraged beg begs begged require requires required call calls called
""")
# With "that" or "to", what follows is what somebody holds: "they claim that", "is thought to have".
HOLDING = words("""
    claim claims claimed allege alleges alleged believe believes believed think thinks thought assume assumes assumed
    suspect suspects suspected speculate speculates speculated hope hopes hoped fear fears feared doubt doubts doubted
    deny denies denied suggest suggests suggested argue argues argued insist insists insisted myth rumour rumor rumours
    rumors rumoured rumored allegation allegations hypothesis belief theory idea notion possibility hypothesised
    hypothesized imagine imagined pretend pretends pretended predict predicts predicted forecast forecasts false untrue
    unlikely doubtful unclear unknown uncertain possible wrong
""")
# Only with "to": "is said to be insolvent".
SAYING = words("said reported considered understood held")
WHETHER = "whether"
ADVERBS = {
    **dict.fromkeys(words("nearly almost virtually practically"), Open.NEARLY),
    **dict.fromkeys(
        words("allegedly reportedly supposedly purportedly presumably apparently ostensibly perhaps possibly probably"),
        Open.SAID_TO_BE,
    ),
    **dict.fromkeys(words("will would won't wouldn't 'll"), Open.TO_COME),
}
# What is to come is also said of what is intended.
COVERED = {Open.INTENDED: Open.TO_COME}
# "Will be open on Mondays" is what "is open on Mondays" says; what is past is another thing.
HAPPENED = words("was were had been has have did")
DOING = words("consider considers considered considering suggest suggests suggested propose proposes proposed")
GOVERNS, HELD = 4, 25
ENDS = frozenset({";", ".", "but"})


def openings(matching: Matching) -> Iterator[Conflict]:
    """Yield the verbs that the claim states and the sentence leaves open."""
    there = left_open(matching.source)
    if not there:
        return
    claim, ours = matching.claim, left_open(matching.claim)
    for place, pair in matching.pairs.items():
        at, other = claim.starts[place], matching.source.starts[pair]
        if other not in there or claim.words[place].name or force_at(claim, at) is Force.POSSIBLE:
            continue
        own = ours.get(at, {})
        for kind, first in there[other].items():
            if own.keys().isdisjoint({kind, COVERED.get(kind)}) and states(claim, at, past=kind is Open.TO_COME):
                yield Conflict(Rule.MODALITY, (at, at + 1), (first, other + 1))
                break


def states(claim: Reading, at: int, *, past: bool) -> bool:
    """Tell whether a claim states a word as what is or was done: "works", "was closed", but not "to close".

    Args:
        past: what is so in general does not count: "is closed".
    """
    before = []
    place = at
    while place > 0 and is_light(claim, place - 1):
        place -= 1
        before.append(claim.tokens[place].folded)
    if place and claim.tokens[place - 1].folded == "to":
        return False
    if past:
        told = claim.tokens[at].folded
        return not HAPPENED.isdisjoint(before) or (not before and (told.endswith("ed") or told in PAST))
    closes = at + 1 == len(claim.tokens) or claim.tokens[at + 1].kind is Kind.MARK
    return bool(before) or is_verb(claim, at) or (closes and claim.tokens[at].folded.endswith("s"))


@lru_cache(maxsize=READINGS_KEPT)
def left_open(reading: Reading) -> dict[int, dict[Open, int]]:
    """Return the words that a sentence leaves open, by token, each with why and the tokens that say so."""
    opened = {at: opened_by(reading, at) for at in reading.starts}
    found = {at: dict([one]) for at, one in opened.items() if one is not None}
    for first in (at for at in range(len(reading.tokens)) if holds(reading, at)):
        for at in range(first + 1, min(len(reading.tokens), first + HELD)):
            token = reading.tokens[at]
            if token.folded in ENDS:
                break
            if at in reading.word_at:
                found.setdefault(at, {})[Open.SAID_TO_BE] = first
    return found


def opened_by(reading: Reading, at: int) -> tuple[Open, int] | None:
    """Return what leaves a word open directly before it, over auxiliaries and adverbs."""
    for place in range(at - 1, max(-1, at - 1 - GOVERNS), -1):
        folded = reading.tokens[place].folded
        if folded in ADVERBS:
            return ADVERBS[folded], place
        if folded == "to" and place:
            return opened_to(reading, place)
        if folded in DOING and reading.tokens[at].folded.endswith("ing"):
            return Open.INTENDED, place
        if not is_light(reading, place):
            return None
    return None


def opened_to(reading: Reading, at: int) -> tuple[Open, int] | None:
    """Return what leaves open the verb behind "to": a verb before it, or before whom it asks to do it."""
    before = reading.tokens[at - 1].folded
    if before in INTENDING:
        return Open.INTENDED, at - 1
    if before in HOLDING or before in SAYING:
        return Open.SAID_TO_BE, at - 1
    if before in BEING:
        return Open.TO_COME, at - 1
    for place in range(at - 2, max(-1, at - 2 - GOVERNS), -1):
        if reading.tokens[place].folded in ASKING:
            return Open.INTENDED, place
        if reading.tokens[place].kind is not Kind.WORD or is_verb(reading, place):
            return None
    return None


def holds(reading: Reading, at: int) -> bool:
    """Tell whether what follows a token is only held to be so: the "that" of "claims that", "whether", "allegedly,"."""
    folded = reading.tokens[at].folded
    if folded == WHETHER:
        return True
    if folded == "that":
        return at > 0 and reading.tokens[at - 1].folded in HOLDING
    opens = at == 0 and reading.tokens[at].kind is Kind.WORD
    return opens and ADVERBS.get(folded) is Open.SAID_TO_BE
