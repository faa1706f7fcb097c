"""In which phrase a name stands: what governs it, what it is the subject of. Read from the order of words alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from evidence.language.grammar import FINITE, REPORTING
from evidence.language.lexicon import AUXILIARIES, CLAUSE_WORDS, IRREGULAR, MODALS, STOP, words
from evidence.language.reading import READINGS_KEPT, Reading
from evidence.language.text import Kind

DETERMINERS = words("the a an this that these those his her its their our my your")
# "With" mostly joins equals, and "like", "including" and "between" give examples or both sides.
PREPOSITIONS = words("""
    in on at from to into onto for against under by of after before during than through via near toward towards within
    across behind around beyond without despite except outside inside
""")
POSSESSED = "'s"
# What "a" stands before is of the noun behind it: "a Norwegian ship".
ATTRIBUTE = "a"
JOINTS = words("and or &") | {","}
BEING = words("is are was were be been being 's 're")
NOUN_FORMS = words("""
    women men children people persons feet teeth analyses diagnoses thromboses uses read cast set cut felt found lead
    built spent fallen
""")
PAST = (IRREGULAR.keys() - NOUN_FORMS) | words("""
    found built fell born cast felt led read set cut arose awoke bade beat beheld bent bet bit blew bore bound bred came
    clung crept dealt dug fed fled flew flung forbade foresaw forgave forgot fought got ground hid hit hung hurt knelt
    laid lay lent let lit made outgrew overcame overran oversaw overthrew overtook put quit rang rebuilt rewrote rode
    sang sank sat shook shone shut slept slid sought sped split spread sprang stood struck stuck swam swept swore swung
    tore undertook underwent upheld withdrew withheld withstood woke wound
""")
# They need an auxiliary, so that after a name they only describe it: "the novel Emma written by Jane Austen".
PARTICIPLES = words("""
    given taken written begun grown risen chosen broken spoken drawn seen gone shown known driven eaten sung worn frozen
    thrown stolen withdrawn overthrown hidden forgotten forbidden overtaken flown
""")
# Words that end like a verb and are none.
NO_VERBS = words("united his its this us news series species always perhaps sometimes as hundred indeed speed")
# Marks inside a phrase.
INSIDE = frozenset("-'\"`")
PARTS_OF_VERBS = words("up down out off away back together over along")
PHRASE, GROUP = 6, 8


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sentence speaks of, up to its first verb, and that verb; tokens.

    Attributes:
        first: where it begins.
        head: the noun itself: "mother" in "Ada's mother", "mother" in "the mother of Ada".
        verb: the first verb, mostly an auxiliary.
        main: the word that says what is done, None where a form of "be" only links: "is a city", "is in Spain".
        passive: a form of "be" stands before ``main``.
    """

    first: int
    head: int
    verb: int
    main: int | None
    passive: bool


def capital(reading: Reading, at: int) -> bool:
    return reading.tokens[at].kind is Kind.WORD and reading.tokens[at].text[0].isupper()


def is_verb(reading: Reading, at: int) -> bool:
    """Tell whether a token is written like a finite verb or a participle; a plural before a verb is a noun."""
    token = reading.tokens[at]
    if token.kind is not Kind.WORD or token.text[0].isupper() or token.folded in NO_VERBS:
        return False
    if token.folded in AUXILIARIES or token.folded in FINITE or token.folded in REPORTING or token.folded in PAST:
        return True
    if token.folded.endswith("ed"):
        return len(token.folded) > 3
    return (
        token.folded.endswith("s")
        and not token.folded.endswith(("ss", "us"))
        and token.folded not in STOP
        and (opens_object(reading, at + 1))
    )


def opens_object(reading: Reading, at: int) -> bool:
    """Tell whether what a verb acts on, or where, may begin at a token."""
    if at >= len(reading.tokens):
        return False
    token = reading.tokens[at]
    return token.folded in DETERMINERS or token.folded in PREPOSITIONS or capital(reading, at)


@lru_cache(maxsize=READINGS_KEPT)
def subject(reading: Reading) -> Subject | None:
    """Return the subject of a sentence's first clause; None where it is no single phrase before a verb."""
    start = after_opening(reading)
    head = None
    end = min(len(reading.tokens), start + PHRASE + 1)
    for at in range(start, end):
        token = reading.tokens[at]
        if is_verb(reading, at):
            return said_of(reading, start, head, at) if head is not None else None
        if token.folded in JOINTS or token.folded in CLAUSE_WORDS or token.folded in {"(", ";", ":"}:
            return None
        if token.folded in PREPOSITIONS:
            verb = next((place for place in range(at, end) if is_verb(reading, place)), None)
            return said_of(reading, start, head, verb) if head is not None and verb is not None else None
        if at in reading.word_at:
            head = at
    return None


def after_opening(reading: Reading) -> int:
    """Return the first token behind "In 2004" or "In the end,"; 0 without such an opening."""
    tokens = reading.tokens
    if not tokens or tokens[0].folded not in PREPOSITIONS:
        return 0
    comma = next((at for at in range(min(len(tokens), GROUP)) if tokens[at].text == ","), None)
    if comma is not None:
        return comma + 1
    ends = [date.end for date in reading.dates if date.first == 1]
    return next(iter(ends + [value.end for value in reading.quantities if value.first == 1]), 0)


def said_of(reading: Reading, first: int, head: int, verb: int) -> Subject:
    main, passive, bare = verb, False, True
    while main < len(reading.tokens) and is_light(reading, main):
        passive = passive or reading.tokens[main].folded in BEING
        if reading.tokens[main].folded in AUXILIARIES:
            bare = reading.tokens[main].folded in MODALS or reading.tokens[main].folded in {"do", "does", "did"}
        main += 1
    does = main in reading.word_at and (bare or is_verb(reading, main))
    return Subject(first, head, verb, main if does else None, passive)


def is_light(reading: Reading, at: int) -> bool:
    folded = reading.tokens[at].folded
    return (
        folded in AUXILIARIES or folded in {"not", "also", "never", "later", "then", "first"} or folded.endswith("ly")
    )


def is_passive(reading: Reading, at: int) -> bool:
    """Tell whether a form of "be" stands before a verb, over auxiliaries and adverbs."""
    while at and is_light(reading, at - 1):
        at -= 1
        if reading.tokens[at].folded in BEING:
            return True
    return False


def governor(reading: Reading, at: int) -> str:
    """Return the preposition that governs a name, POSSESSED for "Ada's", ATTRIBUTE for "an Ada", or "" for none."""
    first, last = run(reading, at)
    if possessed(reading, last):
        return POSSESSED
    if acts(reading, last):
        return ""
    found = governed(reading, first, closed=closes(reading, last + 1))
    return ATTRIBUTE if not found and describes(reading, first, last) else found


def run(reading: Reading, at: int) -> tuple[int, int]:
    """Return the first and last token of the capitals a token stands among."""
    first = last = at
    while first and (before := joined(reading, first, step=-1)) is not None:
        first = before
    while (after := joined(reading, last, step=1)) is not None:
        last = after
    return first, last


def joined(reading: Reading, at: int, *, step: int) -> int | None:
    """Return the next capital of the same name, perhaps over a hyphen; None where the name ends."""
    at += step
    if 0 <= at < len(reading.tokens) and reading.tokens[at].text == "-":
        at += step
    inside = 0 <= at < len(reading.tokens) and capital(reading, at) and reading.tokens[at].folded not in STOP
    return at if inside else None


def describes(reading: Reading, first: int, last: int) -> bool:
    """Tell whether a name is only what a noun is called by: after "a", before the noun."""
    following = reading.tokens[last + 1 : last + 2]
    if not following or following[0].kind is not Kind.WORD or following[0].folded in STOP:
        return False
    for at in range(first - 1, max(-1, first - 1 - PHRASE), -1):
        token = reading.tokens[at]
        if token.folded in {"a", "an"}:
            return True
        if token.kind is Kind.MARK or token.folded in STOP or is_verb(reading, at):
            return False
    return False


def possessed(reading: Reading, at: int) -> bool:
    if reading.tokens[at].folded.endswith("'s"):
        return True
    following = [token.folded for token in reading.tokens[at + 1 : at + 3]]
    return following == ["'", "s"] or (following[:1] == ["'"] and reading.tokens[at].folded.endswith("s"))


def acts(reading: Reading, at: int) -> bool:
    """Tell whether a verb follows, perhaps after further names: "Ada and Grace wrote"."""
    at += 1
    while at + 1 < len(reading.tokens) and reading.tokens[at].folded in {"and", "&"} and capital(reading, at + 1):
        at = run(reading, at + 1)[1] + 1
    while at < len(reading.tokens) and is_light(reading, at) and reading.tokens[at].folded not in AUXILIARIES:
        at += 1
    if at >= len(reading.tokens) or not is_verb(reading, at) or reading.tokens[at].folded in PARTICIPLES:
        return False
    return at + 1 == len(reading.tokens) or reading.tokens[at + 1].folded != "by"


def closes(reading: Reading, at: int) -> bool:
    return at >= len(reading.tokens) or reading.tokens[at].kind is Kind.MARK


def governed(reading: Reading, first: int, *, closed: bool) -> str:
    """Return the preposition before a phrase, over its nouns and the names it is listed with.

    Args:
        closed: a mark follows the name, so that it may only explain the noun before: "his album, Nightfall."
    """
    passed = crossed = False
    for at in range(first - 1, max(-1, first - 1 - GROUP), -1):
        token = reading.tokens[at]
        if token.folded in PREPOSITIONS:
            return token.folded if at or not crossed else ""
        if passed:
            return ""
        if token.text == "," and closed and not crossed:
            crossed = True
        elif token.folded in JOINTS and at and (capital(reading, at - 1) or token.folded == "and"):
            crossed = crossed or token.text == ","
        elif parts(reading, at):
            return ""
        passed = token.folded in DETERMINERS
    return ""


def parts(reading: Reading, at: int) -> bool:
    """Tell whether a phrase cannot reach over a token: a mark, a verb, what opens a clause."""
    token = reading.tokens[at]
    marked = token.kind is not Kind.WORD and token.text not in INSIDE
    return marked or token.folded in CLAUSE_WORDS or token.folded in MODALS or is_verb(reading, at)


def doers(reading: Reading, verb: int) -> Iterator[int]:
    """Yield the names directly before a verb, over auxiliaries and adverbs, with those they are joined to."""
    at = verb - 1
    while at > 0 and is_light(reading, at):
        at -= 1
    if at < 0 or not capital(reading, at) or governed(reading, run(reading, at)[0], closed=False):
        return
    while at >= 0 and (capital(reading, at) or reading.tokens[at].folded in JOINTS or reading.tokens[at].text == "-"):
        if at in reading.word_at:
            yield at
        at -= 1


@dataclass(frozen=True, slots=True)
class Attached:
    """A name behind a preposition or a verb, and the word it belongs to; tokens.

    Attributes:
        preposition: "" where it stands directly behind a verb.
        anchor: "born" in "born in Ulm".
    """

    first: int
    last: int
    preposition: str
    anchor: int


@lru_cache(maxsize=READINGS_KEPT)
def attached(reading: Reading) -> tuple[Attached, ...]:
    """Return the names of a sentence that stand next to what governs them, but for articles."""
    found = []
    at = 0
    while at < len(reading.tokens):
        if at in reading.word_at and capital(reading, at):
            first, last = run(reading, at)
            one = attachment(reading, first, last)
            found += [one] if one is not None else []
            at = max(at, last)
        at += 1
    return tuple(found)


def attachment(reading: Reading, first: int, last: int) -> Attached | None:
    at = first - 1
    if at >= 0 and reading.tokens[at].folded in DETERMINERS:
        at -= 1
    if at < 1 or possessed(reading, last):
        return None
    if reading.tokens[at].folded not in PREPOSITIONS:
        return Attached(first, last, "", at) if at in reading.word_at and is_verb(reading, at) else None
    anchor = at - 1
    if reading.tokens[anchor].folded in PARTS_OF_VERBS:
        anchor -= 1
    known = anchor >= 0 and anchor in reading.word_at
    return Attached(first, last, reading.tokens[at].folded, anchor) if known else None


def phrase_after(reading: Reading, anchor: int, preposition: str) -> range:
    """Return the tokens of the phrase with which a word is followed by a preposition; empty where it is not."""
    at = anchor + 1
    if preposition:
        if at < len(reading.tokens) and reading.tokens[at].folded in PARTS_OF_VERBS:
            at += 1
        if at >= len(reading.tokens) or reading.tokens[at].folded != preposition:
            return range(0)
        at += 1
    end = at
    while end < min(len(reading.tokens), at + GROUP):
        token = reading.tokens[end]
        ends = token.folded in PREPOSITIONS and token.folded != "of"
        if ends or (token.text != "," and parts(reading, end)):
            break
        end += 1
    return range(at, end)
