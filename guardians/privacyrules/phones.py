"""Telephone numbers: written internationally, after a cue, or in a grouping that nothing else is written in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber

from guardians.privacyrules.shapes import FAR, digits_of, distance, words
from guardians.privacyrules.sightings import Sighting, matches

# Country codes whose numbering plans a number without one is looked up in.
TRUNK_PLANS = (44, 49, 33, 353, 91, 39, 31, 61, 46, 41, 43, 32)
OTHER_PLANS = (1, 34, 91, 45, 47, 48, 351)
NORTH_AMERICA = 1
INDIA = 91
ITALY = 39

CANDIDATE = re.compile(
    r"(?<![\w+/#$£€@])(?<!\w-)(?<!\d[.,])(?:\+ ?)?\(?\d(?:[ .\-/()]{0,3}\d){6,16}"
    r"(?:,? ?(?:x|ext\.?|extension) ?\d{1,6})?"
    r"(?!\w)(?![-/](?!(?i:mobile|cell|fax|home|work|office|phone|tel))\w)(?![.,]\d)"
)
BEGIN = re.compile(r"[+(\d]\d*")
CUE = words(
    r"phone|telephone|tel|mobile|mob|cell|cellphone|fax|call|calling|ring|text (?:me|us|him|her)|sms|whatsapp|dial"
    r"|contact|reach|answering|hotline|(?:my|his|her|their|new) number(?: is)?"
)
AFTER = re.compile(r"(?:,? |[-/])[(]?(?:mobile|cell|fax|home|work|office|phone|tel|landline)\b")
NOT_PHONE = words(
    r"nhs|ssn|isbn|issn|doi|order|invoice|ticket|reference|ref|account|acct|serial|batch|lot|card|version|pmid|id|licen[cs]e"
    r"|passport|mrn|record|insurance|routing|imei|sin|bsn|pesel|cpr|aadhaar|iban|policy|case|claim|tracking|part|model"
)
DATE_LIKE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:\D.*)?|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{2}|\d{4})|\d{1,4} \d{1,2}\.\d{2}"
)
READINGS, SURE = 4, 0.7
LAST_GROUP = re.compile(r"(?<=\d)[ .\-/()]{1,3}\d+$")
SEPARATE = re.compile(r"[ .\-/()]+")
EXTENSION = re.compile(r",? ?(?:x|ext).*")
AMERICAN = re.compile(r"(?:\+?1[-. ]?)?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}")
INDIAN = re.compile(r"[6-9]\d{4} \d{5}")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the first ``length`` characters of a candidate, and how sure it is."""

    rule: str
    score: float
    length: int


def seen(text: str) -> Iterator[Sighting]:
    """Yield the telephone numbers of a folded text."""
    lowered = text.lower()
    for found in matches(CANDIDATE, text, BEGIN):
        phone, other = (distance(cue, lowered, found.start()) for cue in (CUE, NOT_PHONE))
        if other < phone:
            continue
        cued = phone < FAR or AFTER.match(lowered, found.end()) is not None
        best = max(readings(found.group(), cued=cued), key=lambda reading: reading.score)
        if best.score:
            end = found.start() + best.length
            yield Sighting(
                f"privacy.phone.{best.rule}", "PHONE", found.start(), end, best.score, cued=best.rule == "cued"
            )


def readings(value: str, *, cued: bool) -> Iterator[Reading]:
    """Yield what a row of digits is taken for, whole and without its last groups: "020 7946 0018 24 hours a day"."""
    for _ in range(READINGS):
        rule, score = judged(value, cued=cued)
        yield Reading(rule, score, len(value))
        if score >= SURE or not LAST_GROUP.search(value):
            return
        value = LAST_GROUP.sub("", value)


def judged(value: str, *, cued: bool) -> tuple[str, float]:
    """Return by which rule a number is a telephone number, and how sure that is; 0 when it is none."""
    if DATE_LIKE.fullmatch(value):
        return "", 0.0
    if value.startswith("+"):
        return "international", international(value, cued=cued)
    value = EXTENSION.sub("", value)
    if value.startswith("00") and SEPARATE.search(value):
        return "international", international("+" + value[2:].lstrip(" .-/"), cued=cued)
    if cued:
        return "cued", 0.9 if is_national(value) else loose(value)
    return "national", national(value)


def international(value: str, *, cued: bool) -> float:
    try:
        number = phonenumbers.parse(value.replace("+ ", "+"))
    except NumberParseException:
        return 0.0
    if phonenumbers.is_valid_number(number):
        return 0.97
    return 0.7 if cued or phonenumbers.is_possible_number(number) else 0.0


def national(value: str) -> float:
    """Return how sure a number without a cue is: only groupings that are the custom of a country count."""
    groups = [group for group in SEPARATE.split(value) if group]
    if AMERICAN.fullmatch(value):
        return 0.8 if is_valid(NORTH_AMERICA, digits_of(value)[-10:]) or value.startswith("(") else 0.0
    if INDIAN.fullmatch(value):
        return 0.7 if is_valid(INDIA, digits_of(value)) else 0.0
    trunk = value.lstrip("(").startswith("0") and 2 <= len(groups) <= 6 and 2 <= len(groups[0]) <= 6
    decimal = "." in value and len(groups) < 4
    return 0.75 if trunk and not decimal and is_national(value) else 0.0


def is_national(value: str) -> bool:
    """Tell whether a number is valid in one of the numbering plans, with or without a trunk prefix."""
    digits = digits_of(value)
    if digits.startswith("0"):
        return any(is_valid(code, digits[1:], zero=True) for code in TRUNK_PLANS)
    return any(is_valid(code, digits) for code in OTHER_PLANS) or is_valid(NORTH_AMERICA, digits.removeprefix("1"))


def is_valid(code: int, national_number: str, *, zero: bool = False) -> bool:
    """Tell whether a number exists in a numbering plan. Italy alone dials its leading zero from abroad too."""
    number = PhoneNumber(country_code=code, national_number=int(national_number))
    number.italian_leading_zero = zero and code == ITALY
    return phonenumbers.is_valid_number(number)


def loose(value: str) -> float:
    """Return how sure a number is that stands after a cue but in no numbering plan of ours."""
    least = 7 if SEPARATE.search(value) else 9
    return 0.6 if least <= len(digits_of(value)) <= 15 else 0.0
