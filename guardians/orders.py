"""Whether a text asks for what a tool does, or orders it. Nothing is planned here: a run plans in orchestration.

No model is asked. What a tool does is in the words of its name; a text asks for it where it holds a word for the same
doing and a word for the same thing. Reading is not asked for: what has no effect needs nobody's order.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

from audit.spans import Span
from guardians.toolrisk import words_of


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Doings: words that stand for one another, in names of tools as in what people ask for.
DOINGS: Mapping[str, frozenset[str]] = {
    "send": words(
        "send email mail message notify forward reply respond answer write dm ping text tell inform let remind say "
        "contact deliver announce greet thank"
    ),
    "share": words("share grant give invite add access publish collaborate send"),
    "post": words("post publish announce upload put submit comment write say share tweet send"),
    "create": words(
        "create make add new open schedule set setup book plan arrange organise organize write save append insert "
        "generate register file draft put start raise record note store"
    ),
    "reserve": words("reserve book rent hire reservation booking"),
    "buy": words("buy purchase order subscribe checkout get"),
    "pay": words("pay transfer send wire refund settle remit reimburse repay pay payment donate"),
    "update": words(
        "update change edit modify adjust set correct fix replace rename amend revise patch overwrite rewrite mark "
        "label turn switch increase decrease raise lower assign close reset configure"
    ),
    "move": words("move reschedule postpone shift migrate archive relocate push bring"),
    "delete": words("delete remove erase drop purge destroy clear wipe trash unlink uninstall discard clean rid"),
    "cancel": words("cancel revoke withdraw terminate abort stop end unsubscribe"),
    "remove": words("remove kick ban exclude expel uninvite delete"),
    "invite": words("invite add ask include welcome onboard"),
    "execute": words("execute run exec eval start launch shell bash invoke deploy trigger"),
    "restart": words("restart reboot relaunch reload"),
    "approve": words("approve accept confirm merge enable allow authorise authorize sign release"),
    "disable": words("disable deactivate block suspend lock freeze pause stop"),
    "upload": words("upload push put save store submit attach"),
    "copy": words("copy duplicate clone export download back backup"),
}
# Things: words that stand for one another.
THINGS: tuple[frozenset[str], ...] = tuple(
    words(group)
    for group in (
        "email mail message inbox note reply letter tell notify inform remind write",
        "message dm chat note channel word slack",
        "event meeting appointment calendar call lunch dinner breakfast session slot reminder party visit conference",
        "participant attendee guest people person invite colleague meeting",
        "money payment transfer transaction bill invoice rent amount sum refund fund funds pay",
        "transaction payment transfer order",
        "file document doc report text list note notes summary folder page sheet",
        "user member person profile account people guest",
        "profile info information address name details data",
        "password login credential credentials passphrase",
        "ticket issue bug task request incident case",
        "task todo item reminder chore",
        "hotel room stay accommodation night nights",
        "restaurant table dinner lunch",
        "car vehicle rental",
        "flight seat ticket trip",
        "branch commit repository repo code release pull",
        "record row entry customer contact lead",
        "product item order cart goods",
        "permission access right rights role",
        "post tweet status update article blog",
        "webpage page website site",
        "subscription newsletter plan membership",
    )
)
NO_THING = words("a an the to of in on for by with and or from my it all new tool api call do")
SYMBOLS = re.compile(r"[$€£¥]\s?\d|\d\s?(?:[$€£¥]|EUR\b|USD\b|GBP\b)")
WORD = re.compile(r"[^\W\d_]+")
# As often the thing as the doing ("read my email"): these count where an order has its doing.
NOUNS = words(
    "email mail message text note contact access comment order transfer payment booking reservation record label file "
    "book post report release tweet change payment copy store register start plan answer reply"
)
# A name can say by its thing what is done: money that is sent is paid.
BY_THING: Mapping[str, str] = {"money": "pay", "fund": "pay", "payment": "pay", "transaction": "pay", "bill": "pay"}
LATE = re.compile(r"(?:ing|ed|es|s|e)$")
SENTENCE = re.compile(r"[^.!?\n;:]+")
# What is to be told to whoever asks is the answer, and no message.
TO_ASKER = re.compile(r"\b(?:tell|show|give|let|get|find|write|remind|inform)\s+(?:me|us)\b", re.IGNORECASE)
# How orders begin: with the doing itself, or after these.
OPENINGS = words(
    "please kindly must should shall to now then also and first finally you always just immediately next need can "
    "could will would have ensure ai assistant todo me important urgent task"
)


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Return a word without its ending, so that a name's ``booking`` meets a request's ``booked``."""
    plain = unicodedata.normalize("NFKC", word).casefold()
    if len(plain) > 4 and plain.endswith("ies"):
        return f"{plain[:-3]}y"
    cut = LATE.sub("", plain) if len(plain) > 3 else plain
    return cut[:-1] if len(cut) > 3 and cut[-1] == cut[-2] and cut[-1] not in "ls" else cut


def stems(known: frozenset[str]) -> frozenset[str]:
    return frozenset(map(stem, known))


DOING_STEMS = {name: stems(words) for name, words in DOINGS.items()}
THING_STEMS = tuple(map(stems, THINGS))
NAMES_OF_DOINGS = stems(frozenset(DOINGS))
NOUN_STEMS, OPENING_STEMS = stems(NOUNS), stems(OPENINGS)


def doings_of(name: str) -> frozenset[str]:
    """Return the words for what a tool of this name does; empty where its name says nothing that is known."""
    words = words_of(name)
    found = [doing for word in words for doing in doings_in(word)]
    if found:
        found += [BY_THING[stem(word)] for word in words if stem(word) in BY_THING]
    return frozenset(word for doing in found for word in DOING_STEMS[doing])


def doings_in(word: str) -> Iterator[str]:
    """Yield the doings that a word of a name stands for: its own where it is the name of one."""
    known = stem(word)
    own = [doing for doing in DOINGS if stem(doing) == known]
    yield from own or (doing for doing, words in DOING_STEMS.items() if known in words)


def things_of(name: str) -> frozenset[str]:
    """Return the words for what a tool of this name does it to, with those that stand for them."""
    rest = {stem(word) for word in words_of(name) if word not in NO_THING and stem(word) not in NAMES_OF_DOINGS}
    return frozenset(rest).union(*(group for group in THING_STEMS if not rest.isdisjoint(group)))


def asks_for(text: str, name: str) -> bool:
    """Tell whether a text asks for what a tool of this name does, to such a thing as it does it to."""
    doings, things = doings_of(name), things_of(name)
    sentences = [words_in(found.group()) for found in SENTENCE.finditer(TO_ASKER.sub(" ", text))]
    named = not things or any(not things.isdisjoint(words) for words in sentences)
    return named and any(holds(words, doings) for words in sentences)


def order_for(text: str, name: str) -> Span | None:
    """Return the first sentence of a text that orders what a tool of this name does, in code points."""
    doings, things = doings_of(name), things_of(name)
    for found in SENTENCE.finditer(text):
        words = words_in(found.group())
        if ordered(words, doings) and (not things or not things.isdisjoint(words)):
            return Span(*found.span())
    return None


def words_in(sentence: str) -> list[str]:
    money = ["money"] if SYMBOLS.search(sentence) else []
    return [stem(word) for word in WORD.findall(sentence)] + money


def holds(words: list[str], doings: frozenset[str]) -> bool:
    """Tell whether a doing is spoken of; a word that may be a thing counts where an order has its doing."""
    return not (doings - NOUN_STEMS).isdisjoint(words) or ordered(words, doings)


def ordered(words: list[str], doings: frozenset[str]) -> bool:
    """Tell whether a doing stands where an order has it: first, or after a word that opens one."""
    return any(word in doings and (place == 0 or words[place - 1] in OPENING_STEMS) for place, word in enumerate(words))
