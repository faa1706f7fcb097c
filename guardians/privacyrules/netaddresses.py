"""Addresses on the net that lead to a person: e-mail, IP, hardware, and web addresses of an account.

The address of a page names a page and not a person, so it counts only where it holds an account, a person's key in
its query, or somebody's log-in.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import email_validator

from guardians.privacyrules.names import listed
from guardians.privacyrules.shapes import is_cued, words
from guardians.privacyrules.sightings import Sighting, holds, matches

EMAIL = re.compile(
    r"(?<![\w.+%'-])[\w.+%'-]{1,64}@(?=[\w.-]{1,255})(?:[^\W_][\w-]{0,62}\.){1,8}"
    r"(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})(?![\w-])(?!\.\w)"
)
# What needs no second look: a dot-atom of RFC 5322 at a domain of letters, digits and hyphens.
PLAIN = re.compile(r"[\w+%'-]+(?:\.[\w+%'-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}", re.ASCII)
# Forms that a mailbox may have and hardly any has: only where the whole is one.
RARE = re.compile(
    r"\"[^\"\\\n]{1,62}\"@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}|(?<![\w.+-])[\w.+-]{1,64}@\[[0-9A-Fa-f:.]{7,45}\]"
)
SURE, MISTYPED = 0.99, 0.6
FILE_NAMES = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js"})
# An Indian payment address has the handle of a bank where an e-mail address has a domain.
PAYEE = re.compile(
    r"@(?:ok(?:axis|hdfcbank|icici|sbi)|ybl|ibl|axl|apl|paytm|pt(?:axis|hdfc|sbi|yes)|upi|fbl"
    r"|[a-z]{2,12}(?:bank|upi|pay))(?![\w.-]\w)(?!\w)",
    re.IGNORECASE,
)
PAYEE_NAME = re.compile(r"[\w.-]{2,64}\Z")
# A name in a network. A sign before a word is code in many a language, so it needs a cue.
HANDLE = re.compile(r"(?<![\w@.])@[A-Za-z_][\w.]{2,29}(?<!\.)(?![\w/(])")
NETWORK = words(
    r"dm|message|insta(?:gram)?|twitter|telegram|tiktok|snap(?:chat)?|mastodon|bluesky|threads|facebook|linkedin|handle"
    r"|follow|username|profile|account|reach me|find me|tag"
)
LOGIN_NAME = re.compile(
    r"(?<!\w)(?:user[ _]?name|login(?: name)?|screen name|nick(?:name)?)[\"']?\s?[:=]\s?[\"']?"
    r"([A-Za-z][\w.-]{2,30}\w)(?![\w@(])",
    re.IGNORECASE,
)
LOGIN_MARKS = ("username", "user name", "user_name", "login", "screen name", "nick")
ROLES = listed("admin administrator root user test guest deploy system none null nobody anonymous string")
# git@host:path is how a repository is addressed; everybody logs in as git.
GIT = re.compile(r"git@[\w.-]+:")

URL = re.compile(r"(?<!\w)(?:https?://|www\.)[^\s<>\"'`]{3,2000}", re.IGNORECASE)
URL_END = ".,;:!?)]}*_"
ACCOUNT = re.compile(
    r"//[^/\s@?#]{1,200}@"
    r"|/(?:in|u|users?|profiles?|people|members?|patients?|accounts?|customers?|employees?)/[\w.%+~-]*\w"
    r"|/[~@]\w"
    r"|[?&;](?:user(?:_?name|_?id)?|uid|e?-?mail|(?:full|first|last)?_?name|patient(?:_?id)?|phone|account|customer|session(?:_?id)?"
    r"|sid|token|access_token|api_?key|key|sig|signature)=[^&\s]",
    re.IGNORECASE,
)

IPV4 = re.compile(r"(?<![\w.])(?<!\w-)(?<![=<>~^!]=)\d{1,3}(?:\.\d{1,3}){3}(?![\w/])(?!\.\d)(?!-\w)")
IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]{4,39}(?![\w:]))[0-9A-Fa-f]{1,4}(?:::?[0-9A-Fa-f]{1,4}){1,7}(?![\w:])")
MAC = re.compile(r"(?<![\w:.-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])")
HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{1,4}:")
PAIR = re.compile(r"[0-9A-Fa-f]{2}[:-]")
VERSION = words(r"v|ver|version|release|section|chapter|firmware|build|clause|rule|oid|revision|update|upgrade[sd]? to")


def seen(text: str) -> Iterator[Sighting]:
    """Yield the net addresses of a folded text."""
    yield from emails(text)
    yield from accounts(text)
    yield from (url for url in urls(text) if ACCOUNT.search(text[url.start : url.end]))
    yield from ips(text)
    for found in matches(MAC, text, PAIR):
        if len(set(found.group().lower())) > 2:
            yield Sighting("privacy.mac", "MAC_ADDRESS", found.start(), found.end(), 0.9)


def emails(text: str) -> Iterator[Sighting]:
    """Yield the e-mail addresses. What is nearly one leads to a person too, so it counts, less surely."""
    if "@" not in text:
        return
    for found in RARE.finditer(text) if '"@' in text or "@[" in text else ():
        if is_mailbox(found.group()):
            yield Sighting("privacy.email", "EMAIL", found.start(), found.end(), SURE)
    for found in EMAIL.finditer(text):
        domain = found.group().rpartition(".")[2].lower()
        if domain not in FILE_NAMES and not GIT.match(text, found.start()):
            start = found.start() + len(found.group()) - len(found.group().lstrip(".'-%+"))
            value = text[start : found.end()]
            score = SURE if PLAIN.fullmatch(value) or is_mailbox(value) else MISTYPED
            yield Sighting("privacy.email", "EMAIL", start, found.end(), score)


@lru_cache(maxsize=1024)
def is_mailbox(value: str) -> bool:
    """Tell whether a mailbox may be written so (RFC 5322, 6531). Nobody is asked whether it is there."""
    try:
        email_validator.validate_email(
            value,
            check_deliverability=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
            globally_deliverable=False,
        )
    except email_validator.EmailNotValidError:
        return False
    return True


def accounts(text: str) -> Iterator[Sighting]:
    """Yield payment addresses, and names by which networks and systems know people."""
    lowered = text.lower()
    if "@" in text:
        for found in PAYEE.finditer(text):
            payee = PAYEE_NAME.search(text, max(0, found.start() - 64), found.start())
            if payee:
                yield Sighting("privacy.payee", "IN_UPI", payee.start(), found.end(), 0.9)
        for found in HANDLE.finditer(text):
            if is_cued(NETWORK, lowered, found.start()):
                yield Sighting("privacy.handle", "USERNAME", found.start(), found.end(), 0.75, cued=True)
    for found in LOGIN_NAME.finditer(text) if holds(lowered, LOGIN_MARKS) else ():
        if found.group(1).lower() not in ROLES:
            yield Sighting("privacy.username", "USERNAME", found.start(1), found.end(1), 0.7, cued=True)


def urls(text: str) -> Iterator[Sighting]:
    """Yield every web address, whether or not it leads to a person."""
    for found in URL.finditer(text):
        shown = found.group().rstrip(URL_END)
        if "." in shown:
            yield Sighting("privacy.url", "URL", found.start(), found.start() + len(shown), 0.9)


def ips(text: str) -> Iterator[Sighting]:
    """Yield the addresses of single machines: no netmask, no loopback, no version number."""
    for found in matches(IPV4, text):
        lowered = text[max(0, found.start() - 80) : found.start()].lower()
        if is_machine(found.group()) and not is_cued(VERSION, lowered, len(lowered)):
            yield Sighting("privacy.ip", "IP", found.start(), found.end(), 0.9)
    for found in matches(IPV6, text, HEXADECIMAL):
        if is_long_address(found.group()):
            yield Sighting("privacy.ip", "IP", found.start(), found.end(), 0.95)


def is_machine(value: str) -> bool:
    try:
        address = IPv4Address(value)
    except AddressValueError:
        return False
    # 0.x and 1.0.0.0 to 1.0.0.9 are what version numbers look like; 255.x and x.0 are masks and nets.
    rare = address.is_loopback or address.is_multicast or address.is_unspecified
    return (
        not rare and address.packed[0] not in {0, 255} and address.packed[1:] != bytes(3) and sum(address.packed) > 24
    )


def is_long_address(value: str) -> bool:
    """Tell whether a text is an IPv6 address. A short one such as ``a::b`` could be code in many a language."""
    groups = value.replace("::", ":").split(":")
    if len(groups) < 3 and not re.match(r"[0-9a-f]{4}::\d", value, re.IGNORECASE):
        return False
    try:
        address = IPv6Address(value)
    except AddressValueError:
        return False
    return not address.is_loopback and any(character.isdigit() for character in value)
