"""Whether what a claim says of its subject is said of that in the sentence, and not of a name that stands beside it."""

from collections.abc import Iterator

from evidence.language.lexicon import CONTAINING, PLACE_KINDS, SYMMETRIC, words
from evidence.language.phrases import (
    DETERMINERS,
    POSSESSED,
    PREPOSITIONS,
    Attached,
    Subject,
    attached,
    capital,
    doers,
    governor,
    is_light,
    is_passive,
    is_verb,
    phrase_after,
    possessed,
    run,
    subject,
)
from evidence.language.reading import Reading
from evidence.language.text import key
from evidence.typed.conflicts import Conflict
from evidence.typed.matching import Matching
from evidence.verdicts import Rule

HAVING = words("has have had having")
SYMMETRIC_KEYS = frozenset(map(key, SYMMETRIC))
RELATIVE = words("where that which who whom whose")
ANTECEDED = words("who which that")
SUBJECT_PRONOUNS = words("he she they it we i you")
OWNING = words("his her their its our my your whose")
LINKS = words("of for to")
# Who is somebody's, and what shows or tells of something: what is said of it is not said of that.
PERSONS = words("""
    mother father parent sister brother son daughter child wife husband partner widow widower cousin aunt uncle
    nephew niece grandmother grandfather friend neighbour neighbor colleague rival lawyer attorney doctor nurse
    teacher student owner tenant landlord manager director president chairman chairwoman chair founder leader head
    member minister secretary spokesman spokeswoman spokesperson employee employer boss assistant editor author
    driver captain coach customer client supplier opponent critic victim killer mothers fathers parents sisters
    brothers sons daughters photograph photo picture portrait painting image statue copy replica model map
    biography film book story description account price cost value supporters supporter relatives relative children
    friends neighbours neighbors colleagues members owners customers clients suppliers employees critics
""")
NEAR = 4


def places(matching: Matching) -> Iterator[Conflict]:
    """Yield what names of the claim stand for that they do not stand for in the sentence."""
    yield from subjects(matching)
    yield from exchanged(matching)


def owners(matching: Matching) -> Iterator[Conflict]:
    """Yield what the claim says of somebody and the sentence of somebody or something of theirs.

    "The patient is allergic" for "The patient's sister is allergic", "He died" for "His father died", "The firm
    resigned" for "The judge who fined the firm resigned".
    """
    claim, source = matching.claim, matching.source
    found = subject(claim)
    if claim.tokens and claim.tokens[0].folded in SUBJECT_PRONOUNS:
        yield from theirs(matching)
    elif found is not None and found.head in claim.word_at and not governor(claim, found.head):
        there = [source.starts[place] for place in source.places.get(claim.words[claim.word_at[found.head]].key, ())]
        parts = [owned(matching, at) for at in there]
        has = found.main is None and claim.tokens[found.verb].folded in HAVING
        main = claim.word_at.get(found.main) if found.main is not None else None
        told = main is None or main in matching.pairs
        if main in matching.pairs:
            yield from other_relative(matching, found, matching.source.starts[matching.pairs[main]])
        if parts and all(parts) and told and not has:
            yield Conflict(Rule.ROLES, (found.first, found.head + 1), next(filter(None, parts)), elsewhere=True)


def owned(matching: Matching, at: int) -> tuple[int, int] | None:
    """Return the tokens by which a noun is only whose somebody is, or what a clause about another speaks of."""
    source = matching.source
    if possessed(source, at):
        behind = [place for place in range(at + 1, min(len(source.tokens), at + NEAR)) if place in source.word_at]
        if behind and matching.spare(source.word_at[behind[0]]):
            return at, behind[0] + 1
        return None
    first = at
    while first and (source.tokens[first - 1].folded in DETERMINERS or source.tokens[first - 1].folded in LINKS):
        first -= 1
    before = source.tokens[first - 1] if first else None
    if before is None:
        return None
    if before.folded in PERSONS and source.tokens[first].folded in LINKS and spare(matching, first - 1):
        return first - 1, at + 1
    return (first - 1, at + 1) if ends_relative(source, first - 1, at) else None


def other_relative(matching: Matching, found: Subject, verb: int) -> Iterator[Conflict]:
    """Yield a verb that the sentence says of another than the claim's subject: "taught the girl who sang"."""
    source = matching.source
    first = verb
    while first and is_light(source, first - 1):
        first -= 1
    if not first or source.tokens[first - 1].folded not in ANTECEDED:
        return
    begins = next((at + 1 for at in range(first - 2, -1, -1) if is_verb(source, at)), 0)
    near = [at for at in range(begins, first - 1) if at in source.word_at]
    subject_at = matching.found(found.head)
    if near and subject_at is not None and subject_at not in near and subject_at < first:
        yield Conflict(Rule.ROLES, (found.first, found.verb + 1), (near[0], verb + 1), elsewhere=True)


def spare(matching: Matching, at: int) -> bool:
    return at in matching.source.word_at and matching.spare(matching.source.word_at[at])


def ends_relative(source: Reading, verb: int, at: int) -> bool:
    """Tell whether a noun is what the verb of a relative clause acts on, before the verb of another: "who fined it"."""
    if not is_verb(source, verb) or at + 1 >= len(source.tokens) or not is_verb(source, at + 1):
        return False
    while verb and is_light(source, verb - 1):
        verb -= 1
    return verb > 1 and source.tokens[verb - 1].folded in RELATIVE


def theirs(matching: Matching) -> Iterator[Conflict]:
    """Yield a verb that the claim says of "he" and the sentence of "his father"."""
    claim, source = matching.claim, matching.source
    main = 1
    while main < len(claim.tokens) and is_light(claim, main):
        main += 1
    pair = matching.found(main)
    if pair is None:
        return
    at = pair - 1
    while at > 0 and is_light(source, at):
        at -= 1
    if at > 0 and spare(matching, at) and (source.tokens[at - 1].folded in OWNING or possessed(source, at - 1)):
        yield Conflict(Rule.ROLES, (0, main + 1), (at - 1, pair + 1), elsewhere=True)


def subjects(matching: Matching) -> Iterator[Conflict]:
    """Yield a subject that the sentence names, but in another part: "Spain is in Valencia", "Fox is a drama"."""
    found = subject(matching.claim)
    if (
        found is None
        or governor(matching.claim, found.head)
        or not SYMMETRIC_KEYS.isdisjoint(said(matching.claim, found))
    ):
        return
    there = named(matching, found)
    if not there:
        return
    parts = [governor(matching.source, at) for at in there]
    if all(part and not licensed(matching, found, at, part) for at, part in zip(there, parts, strict=True)):
        yield conflict(matching, found, there[0])
    elif "" in parts and found.main is not None:
        yield from other_doers(matching, found, there)


def said(claim: Reading, found: Subject) -> set[str]:
    """Return the keys of the words after the subject."""
    return {word.key for word in claim.words if word.at > found.head}


def named(matching: Matching, found: Subject) -> list[int]:
    """Return where the sentence has the name that is a claim's subject; empty where it has it in another form too."""
    claim, source = matching.claim, matching.source
    if found.head not in claim.word_at or not capital(claim, found.head):
        return []
    there = [source.starts[place] for place in source.places.get(claim.words[claim.word_at[found.head]].key, ())]
    same = [at for at in there if plain(source, at) == plain(claim, found.head) and capital(source, at)]
    ours = spelled(claim, found.head)
    if len(ours) == 1:
        return same if len(same) == len(there) else []
    return [at for at in same if spelled(source, at) <= ours or ours <= spelled(source, at)]


def plain(reading: Reading, at: int) -> str:
    return reading.tokens[at].folded.removesuffix("'s")


def spelled(reading: Reading, at: int) -> frozenset[str]:
    first, last = run(reading, at)
    return frozenset(plain(reading, place) for place in range(first, last + 1) if place in reading.word_at)


def conflict(matching: Matching, found: Subject, at: int) -> Conflict:
    """Return the finding; what is said may be so of something that has the same name, so it contradicts nothing."""
    first, last = run(matching.source, at)
    begins = max(0, first - 1)
    return Conflict(Rule.ROLES, (found.head, found.verb + 1), (begins, last + 1), elsewhere=True)


def licensed(matching: Matching, found: Subject, at: int, part: str) -> bool:
    """Tell whether a subject may stand in such a part of a sentence that says the same with other words."""
    claim, source = matching.claim, matching.source
    first, last = run(source, at)
    verb = claim.tokens[found.verb if found.main is None else found.main].folded
    has = verb in CONTAINING or (found.main is None and (verb in HAVING or explains(claim, found)))
    match part:
        case "by":
            return found.main is not None and not found.passive
        case "of" | "'s":
            near = range(last + 1, last + 1 + NEAR) if part == POSSESSED else range(max(0, first - 1 - NEAR), first)
            known_as = any(token.folded == "as" for token in source.tokens[near.start : near.stop])
            return has or known_as or (part == "of" and is_name_of(source, first)) or is_said_of(matching, found, near)
        case "in" | "on" | "at" | "within" | "across" | "inside":
            return has
        case "to":
            return found.passive and found.main is not None
        case "a":
            return found.main is not None and not found.passive
        case _:
            return False


def explains(claim: Reading, found: Subject) -> bool:
    """Tell whether a claim says of its subject what a clause of its own goes into: "is the place where it began"."""
    return any(token.folded in RELATIVE for token in claim.tokens[found.verb :])


def is_name_of(source: Reading, first: int) -> bool:
    """Tell whether "the city of" or the like stands before a name."""
    before = [token.folded for token in source.tokens[max(0, first - 3) : first]]
    return len(before) == 3 and before[0] == "the" and before[1] in PLACE_KINDS


def is_said_of(matching: Matching, found: Subject, near: range) -> bool:
    """Tell whether what the subject does is a noun beside it in the sentence: "the release of Emma"."""
    place = matching.claim.word_at.get(found.main) if found.main is not None else None
    pair = matching.pairs.get(place) if place is not None else None
    return pair is not None and matching.source.starts[pair] in near


def other_doers(matching: Matching, found: Subject, there: list[int]) -> Iterator[Conflict]:
    """Yield a verb of the claim that another name is the doer of, wherever the sentence has it in the same voice."""
    claim, source = matching.claim, matching.source
    place = claim.word_at[found.main] if found.main is not None else -1
    verbs = [source.starts[at] for at in source.places.get(claim.words[place].key, ())] if place >= 0 else []
    ours = {claim.tokens[at].folded for at in range(found.first, found.verb)}
    seen = []
    for verb in verbs:
        names = list(doers(source, verb))
        kin = any(at in there for at in names) or any(source.tokens[at].folded in ours for at in names)
        if not names or kin or not is_verb(source, verb) or is_passive(source, verb) is not found.passive:
            return
        seen.append(names[-1])
    if seen and found.main is not None:
        yield Conflict(Rule.ROLES, (found.head, found.main + 1), (seen[0], verbs[0] + 1), elsewhere=True)


def exchanged(matching: Matching) -> Iterator[Conflict]:
    """Yield a name of the claim in whose phrase the sentence names another: "born in Rome" for "born in Ulm"."""
    claim, source = matching.claim, matching.source
    for one in attached(claim):
        head, anchor = claim.word_at.get(one.last), claim.word_at[one.anchor]
        if head not in matching.pairs or claim.words[anchor].key in SYMMETRIC_KEYS:
            continue
        phrases = [phrase_after(source, at, one.preposition) for at in anchors(matching, anchor)]
        name = run(source, source.starts[matching.pairs[head]])[0]
        inside = any(name in phrase or continues(source, phrase, name) for phrase in phrases)
        if phrases and not inside and all(names_another(matching, one, phrase) for phrase in phrases):
            span = phrases[0].start, phrases[0].stop
            yield Conflict(Rule.ROLES, (one.anchor, one.last + 1), span, elsewhere=True)
            return


def anchors(matching: Matching, place: int) -> list[int]:
    """Return where the sentence has a word of the claim; of a verb, where the claim's subject does it, if anywhere."""
    claim, source = matching.claim, matching.source
    there = [source.starts[at] for at in source.places.get(claim.words[place].key, ())]
    found = subject(claim)
    if found is None or found.main != claim.starts[place] or len(there) == 1:
        return there
    ours = {plain(claim, at) for at in range(found.first, found.verb)}
    return [at for at in there if any(plain(source, name) in ours for name in doers(source, at))] or there


def continues(source: Reading, phrase: range, name: int) -> bool:
    """Tell whether a name goes on directly behind a phrase: "in Seattle in Washington"."""
    gap = [token.folded for token in source.tokens[phrase.stop : name]]
    return len(gap) in {1, 2} and gap[0] in PREPOSITIONS and gap[-1] in PREPOSITIONS | DETERMINERS


def names_another(matching: Matching, one: Attached, phrase: range) -> bool:
    """Tell whether a phrase of the sentence has a name, and no word of the claim's name."""
    claim, source = matching.claim, matching.source
    ours = {claim.words[claim.word_at[at]].key for at in range(one.first, one.last + 1) if at in claim.word_at}
    there = [at for at in phrase if at in source.word_at and capital(source, at)]
    return bool(there) and all(source.words[source.word_at[at]].key not in ours for at in there)
