"""Secrets of systems: keys whose issuers gave them a shape, tokens, private keys, and passwords after their name."""

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from guardians.privacyrules.sightings import Sighting, holds


@dataclass(frozen=True, slots=True)
class KeyShape:
    """An issuer's keys: a text that each of them holds, and the whole shape."""

    rule: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]


def key(rule: str, marks: str, pattern: str) -> KeyShape:
    return KeyShape(f"privacy.key.{rule}", tuple(marks.split()), re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])"))


KEYS = (
    key("aws", "AKIA ASIA", r"(?:AKIA|ASIA)[A-Z2-7]{16}"),
    key("github", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,251}"),
    key("github_fine", "github_pat_", r"github_pat_[A-Za-z0-9_]{60,100}"),
    key("gitlab", "glpat-", r"glpat-[A-Za-z0-9_-]{20,64}"),
    key("slack", "xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,250}"),
    key("stripe", "sk_ rk_", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,247}"),
    key("openai", "sk-", r"sk-(?:proj-|svcacct-|ant-|or-v1-)?[A-Za-z0-9_-]{32,200}"),
    key("google", "AIza", r"AIza[A-Za-z0-9_-]{35}"),
    key("google_token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,400}"),
    key("sendgrid", "SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    key("npm", "npm_", r"npm_[A-Za-z0-9]{36}"),
    key("pypi", "pypi-", r"pypi-[A-Za-z0-9_-]{50,400}"),
    key("hugging_face", "hf_", r"hf_[A-Za-z0-9]{30,60}"),
    key("digital_ocean", "do", r"do[opr]_v1_[a-f0-9]{64}"),
    key("telegram", ":AA", r"\d{8,10}:AA[A-Za-z0-9_-]{32,35}"),
    key("azure", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    key("age", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
)
JWT = re.compile(r"(?<![\w.-])(eyJ[A-Za-z0-9_-]{8,2000})\.[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{0,1400}(?![\w-])")
PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----")
KEY_END = re.compile(r"-----END (?:[A-Z0-9]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----")
# A key whose end is missing is masked as far as its lines go.
KEY_LINES = re.compile(r"(?:[\s\\nr]{0,4}[A-Za-z0-9+/=]{16,200}+){0,400}")
KEY_LIMIT = 20_000
LOGIN = re.compile(r"(?<!\w)[a-z][a-z0-9+.-]{1,20}://([^\s:/@?#]{1,100}:([^\s@/]{3,200}))@", re.IGNORECASE)
# Marks the name of a secret; the name may go on, so what follows decides.
NAMED = re.compile(
    r"(?<![a-z])(?:password|passwd|passphrase|pwd|secret(?:[_ -]?key)?|(?:api|access|private)[_ -]?key"
    r"|(?:auth|access)[_ -]?token|client[_ -]?secret|bearer)[\"']?"
    r"(?:\s{0,3}(?::=|=>|[:=])\s{0,3}|\s(?:is|was)\s|(?<=bearer)\s)"
    r"[\"'`]?([^\s\"'`<>,;]{8,200})",
    re.IGNORECASE,
)
NAMED_MARKS = ("passw", "passphrase", "pwd", "secret", "key", "token", "bearer")
PLACEHOLDER = re.compile(
    r"[$%{(<\[*]|x{4,}|\.{3}|(?:your|my|the|some|an?)[_-]|example|placeholder|change[_-]?me|redacted|dummy|"
    r"(?:os|process|self|settings|config|env|request|kwargs|args)[.\[(]",
    re.IGNORECASE,
)
# Bits a character. English words stay below it at this length; random keys and mixed passwords do not.
ENTROPY_LEAST = 2.7


def seen(text: str) -> Iterator[Sighting]:
    """Yield the secrets of a folded text."""
    for known in KEYS:
        if holds(text, known.marks):
            for found in known.pattern.finditer(text):
                if not found.group().endswith("EXAMPLE"):
                    yield Sighting(known.rule, "API_KEY", found.start(), found.end(), 0.99)
    yield from tokens(text)
    yield from named(text)


def tokens(text: str) -> Iterator[Sighting]:
    """Yield JSON Web Tokens and private keys."""
    if "eyJ" in text:
        for found in JWT.finditer(text):
            if is_header(found.group(1)):
                yield Sighting("privacy.jwt", "JWT", found.start(), found.end(), 0.99)
    yield from private_keys(text)


def private_keys(text: str) -> Iterator[Sighting]:
    """Yield the private keys in PEM (RFC 7468), each up to its end."""
    place = 0
    while begin := PRIVATE_KEY.search(text, place):
        close = KEY_END.search(text, begin.end(), begin.end() + KEY_LIMIT)
        lines = KEY_LINES.match(text, begin.end())
        place = close.end() if close else max(begin.end(), lines.end() if lines else 0)
        yield Sighting("privacy.private_key", "PRIVATE_KEY", begin.start(), place, 0.99)


def is_header(segment: str) -> bool:
    """Tell whether a segment is the header of a JSON Web Token (RFC 7519): an object that names an algorithm."""
    try:
        header = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


def named(text: str) -> Iterator[Sighting]:
    """Yield what stands after the name of a secret or as a password in a web address, and looks like one."""
    lowered = text.lower()
    for found in NAMED.finditer(text) if holds(lowered, NAMED_MARKS) else ():
        value = found.group(1).rstrip(".!?)]}")
        if is_secret(value):
            yield Sighting("privacy.secret", "SECRET", found.start(1), found.start(1) + len(value), 0.8, cued=True)
    for found in LOGIN.finditer(text) if "://" in text else ():
        if not PLACEHOLDER.search(found.group(2)):
            yield Sighting("privacy.login", "SECRET", found.start(1), found.end(1), 0.995, cued=True)


def is_secret(value: str) -> bool:
    """Tell whether a value is more than a word: letters with digits or signs, no placeholder, and not repetitive."""
    mixed = (
        any(map(str.isalpha, value)) and not value.isalpha() and any(not c.isalpha() and c not in "-_'" for c in value)
    )
    return len(value) >= 8 and mixed and not PLACEHOLDER.search(value) and entropy(value) >= ENTROPY_LEAST


def entropy(value: str) -> float:
    """Return Shannon's entropy of a text's characters, in bits a character."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
