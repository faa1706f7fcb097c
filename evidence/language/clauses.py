"""Clauses of a sentence that can be judged alone: "A is x, and B is y" says two things.

Cautious on purpose: a sentence is cut only where both halves certainly have a verb and a subject of their own, and
where neither leans on the other. What stays whole is judged as one, which costs at most a verdict; a clause torn out of
its condition would say something else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.spans import Span
from evidence.language.blocks import trimmed
from evidence.language.grammar import (
    ADVERBS,
    BASE,
    DETERMINERS,
    EMPTY,
    FINITE,
    GOVERNING,
    LEADING,
    LEANING,
    NO_SUBJECT,
    PAIRED,
    REPORTING,
    RULING,
    SAID_OF_NAMES,
)
from evidence.language.lexicon import COMPARATIVES, WEEKDAYS

SENTENCE_LIMIT = 1000
SUBJECT_WORDS = 12
WORDS = re.compile(r"[^\W_](?:[\w'’/-]*\w)?")
JOINT = re.compile(r"(?P<mark>,|;)\s+(?:(?P<word>and|but|while|whereas)\s+)?")
RELATIVE = re.compile(r",\s+(?P<word>which|who)\s+")
BRACKETS = re.compile(r"[(\[{][^()\[\]{}]{0,400}[)\]}]")
QUOTED = re.compile(r"[\"“”«»„`]|(?<!\w)['‘]")
NAME = re.compile(r"(?<=[a-z\d,] )[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){0,4}$")

TRAILING = re.compile(
    r",\s+(?:when|if|unless|except|provided|because|until|although|though|since|as|but only|even)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause: what stands in the sentence, and the subject it takes over from the clause before, if any."""

    span: Span
    subject: Span | None = None


@dataclass(frozen=True, slots=True)
class Core:
    """Where a clause's subject and its finite verb stand."""

    subject: Span
    verb: Span


def clauses(sentence: str) -> tuple[Clause, ...]:
    """Return the clauses of a sentence in order, with spans in it; one clause where cutting is not safe."""
    whole = (Clause(Span(0, len(sentence))),)
    if len(sentence) > SENTENCE_LIMIT or not is_plain(sentence):
        return whole
    flat = BRACKETS.sub(lambda found: "_" * len(found.group()), sentence)
    return inserted(flat) or joined(flat) or whole


def is_plain(sentence: str) -> bool:
    """Tell whether a sentence may be looked at: nothing quoted, no condition around it, nothing reported."""
    words = [word.casefold() for word in WORDS.findall(sentence)]
    return (
        bool(words)
        and words[0] not in LEADING
        and PAIRED.isdisjoint(words)
        and REPORTING.isdisjoint(words)
        and "not only" not in " ".join(words)
        and not QUOTED.search(sentence)
        and not TRAILING.search(sentence)
    )


def core(text: str, span: Span) -> Core | None:
    """Return subject and verb of a clause, or None when no finite verb stands there for certain."""
    before: list[str] = []
    for word in WORDS.finditer(text, span.start, span.end):
        known = word.group().casefold().replace("’", "'")
        if word.group()[0].islower() and is_verb(known, before[-1] if before else ""):
            subject = trimmed(text, Span(span.start, word.start()))
            return None if "," in subject.of(text) else Core(subject, Span(word.start(), word.end()))
        if known in GOVERNING:
            return None
        before.append(known)
    return None


def is_verb(word: str, before: str) -> bool:
    """Tell whether a word is a finite verb after the word before it, "" for none."""
    if before in DETERMINERS:
        return False
    return (
        word in FINITE
        or (word in BASE and before not in {"", "to"})
        or (before in {"never", "always", "usually"} and word.endswith("s") and not word.endswith("ss"))
    )


def joined(text: str) -> tuple[Clause, ...]:
    """Cut at ", and", ", but", ", while", ", whereas" and ";" where all of them stand between clauses."""
    found = [Clause(Span(0, len(text)))]
    subject: Span | None = None
    for joint in JOINT.finditer(text):
        word = joint["word"] or ""
        if joint["mark"] == "," and not word:
            continue
        last = found[-1]
        left = Span(last.span.start, joint.start())
        first = core(text, left)
        if first is not None and last.subject is None:
            subject = first.subject
        after = following(text, trimmed(text, Span(joint.end(), len(text))), subject, word=word)
        if first is None or after is None or not is_free(text, left, word):
            return ()
        found[-1:] = [Clause(left, last.subject), after]
    return tuple(found) if len(found) > 1 and all(is_whole(text, clause.span) for clause in found) else ()


def following(text: str, span: Span, subject: Span | None, *, word: str) -> Clause | None:
    """Return the clause after a joint: with its own subject, or with the one before it; None if it is no clause."""
    until = JOINT.search(text, span.start, span.end)
    reach = Span(span.start, until.start() if until else span.end)
    words = [found.group().casefold() for found in WORDS.finditer(text, reach.start, reach.end)]
    verb = core(text, reach)
    if verb is None or not words or leans(words):
        return None
    ahead = [found.group().casefold() for found in WORDS.finditer(verb.subject.of(text))]
    if set(ahead) <= ADVERBS:
        takes_over = subject is not None and word in {"and", "but"} and carries(subject.of(text))
        return Clause(span, subject) if takes_over else None
    own = ahead[0] not in NO_SUBJECT and not COMPARATIVES & set(ahead) and len(ahead) <= SUBJECT_WORDS
    return Clause(span) if own and has_content(text, Span(verb.verb.end, reach.end)) else None


def leans(words: list[str]) -> bool:
    return not LEANING.isdisjoint(words)


def has_content(text: str, span: Span) -> bool:
    """Tell whether something is said after the verb: "and apixaban is" leaves it to the clause before."""
    return any(word.casefold() not in EMPTY for word in WORDS.findall(text, span.start, span.end))


def carries(subject: str) -> bool:
    words = WORDS.findall(subject)
    return 0 < len(words) <= SUBJECT_WORDS and words[0].casefold() not in NO_SUBJECT | {"there"} and "_" not in subject


def is_free(text: str, left: Span, word: str) -> bool:
    """Tell whether a joint may be cut: ", while" after a prohibition may say when it holds."""
    if word not in {"while", "whereas"}:
        return True
    return RULING.isdisjoint(found.casefold() for found in WORDS.findall(text, left.start, left.end))


def is_whole(text: str, span: Span) -> bool:
    """Tell whether no part of a clause goes on behind a comma: ", is restarted" would belong to another subject."""
    for comma in re.finditer(r",\s+", text[span.start : span.end]):
        word = WORDS.match(text, span.start + comma.end())
        if word and word.group().casefold() in FINITE | {"or", "nor", "who", "which", "where", "whose"}:
            return False
    return True


def inserted(text: str) -> tuple[Clause, ...]:
    """Cut at ", which" and ", who": about the subject of the sentence, or about a name at the end of it."""
    found = list(RELATIVE.finditer(text))
    if len(found) != 1:
        return ()
    relative = found[0]
    told = Span(relative.end(), len(text))
    comma = text.find(",", told.start)
    if not says(text, relative):
        return ()
    if comma < 0:
        return at_end(text, relative, told)
    subject, rest = Span(0, relative.start()), trimmed(text, Span(comma + 1, len(text)))
    verb = core(text, rest)
    plain_subject = core(text, subject) is None and carries(subject.of(text)) and "," not in subject.of(text)
    if not plain_subject or verb is None or verb.subject.start != verb.subject.end or "," in rest.of(text):
        return ()
    return (Clause(Span(told.start, comma), subject), Clause(rest, subject))


def says(text: str, relative: re.Match[str]) -> bool:
    """Tell whether a verb follows the relative word directly."""
    word = WORDS.match(text, relative.end())
    if word is None or not word.group().islower():
        return False
    known = word.group()
    return known in FINITE or (relative["word"] == "who" and known.endswith("ed"))


def at_end(text: str, relative: re.Match[str], told: Span) -> tuple[Clause, ...]:
    left = Span(0, relative.start())
    name = NAME.search(text[: relative.start()])
    verb = WORDS.findall(text, told.start)[0]
    said_of_name = relative["word"] == "who" or verb in SAID_OF_NAMES
    if name is None or core(text, left) is None or not said_of_name:
        return ()
    before = WORDS.findall(text[: name.start()])[-1:]
    months = name.group().casefold() in WEEKDAYS
    if months or not before or before[0].casefold() in {"and", "or", "of", "than", "the"}:
        return ()
    return (Clause(left), Clause(told, Span(name.start(), name.end())))


def carried(sentence: str) -> Iterator[tuple[Clause, str]]:
    """Yield each clause with its text, the subject it takes over put before it."""
    for clause in clauses(sentence):
        subject = f"{clause.subject.of(sentence)} " if clause.subject else ""
        yield clause, subject + clause.span.of(sentence)
