"""Addresses on the net that lead to a person: e-mail, IP, hardware, and web addresses of an account.

The address of a page names a page and not a person, so it counts only where it holds an account, a person's key in
its query, or somebody's log-in.
"""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from guardians.privacyrules.shapes import is_cued, words
from guardians.privacyrules.sightings import Sighting, matches

EMAIL = re.compile(
    r"(?<![\w.+%'-])[\w.+%'-]{1,64}@(?=[\w.-]{1,255})(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?![\w-])(?!\.\w)"
)
FILE_NAMES = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js"})
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
    yield from (url for url in urls(text) if ACCOUNT.search(text[url.start : url.end]))
    yield from ips(text)
    for found in matches(MAC, text, PAIR):
        if len(set(found.group().lower())) > 2:
            yield Sighting("privacy.mac", "MAC_ADDRESS", found.start(), found.end(), 0.9)


def emails(text: str) -> Iterator[Sighting]:
    if "@" not in text:
        return
    for found in EMAIL.finditer(text):
        domain = found.group().rpartition(".")[2].lower()
        if domain not in FILE_NAMES and not GIT.match(text, found.start()):
            start = found.start() + len(found.group()) - len(found.group().lstrip(".'-%+"))
            yield Sighting("privacy.email", "EMAIL", start, found.end(), 0.99)


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
