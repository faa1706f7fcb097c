"""Dates, times and ages of people. A date alone names nobody; with other data it does (45 CFR 164.514(b)(2)(i)(C))."""

import re
from collections.abc import Iterator

from guardians.privacyrules.netaddresses import VERSION
from guardians.privacyrules.shapes import is_cued
from guardians.privacyrules.sightings import DIGITS, Sighting, matches

MONTH = (
    r"(?:[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|[Mm]ar(?:ch)?|[Aa]pr(?:il)?|[Mm]ay|[Jj]une?|[Jj]uly?|[Aa]ug(?:ust)?"
    r"|[Ss]ept?(?:ember)?|[Oo]ct(?:ober)?|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?"
    r"|[Jj]anuar|[Ff]ebruar|[Mm]arz|[Mm]ai|[Jj]uni|[Jj]uli|[Oo]ktober|[Dd]ezember"
    r"|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)(?:\.(?= ?\d))?"
)
# Of languages that write the day first, folded: German, French, Spanish, Italian, Portuguese, Dutch.
ABROAD = (
    r"(?=[jfmasondegJFMASONDEG])(?i:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"
    r"|enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre"
    r"|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre"
    r"|janeiro|fevereiro|marco|maio|junho|julho|setembro|outubro|novembro|dezembro"
    r"|januari|februari|maart|mei|augustus|januar|februar|marz|juni|juli|oktober|dezember)"
)
DAY = r"(?:0?[1-9]|[12]\d|3[01])"
YEAR = r"(?:1[89]|20)\d{2}"
TIME = (
    r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
)
NUMERIC = (
    rf"{YEAR}-(?:0?[1-9]|1[0-2])-{DAY}|{YEAR}/(?:0?[1-9]|1[0-2])/{DAY}|{YEAR}\.(?:0[1-9]|1[0-2])\.{DAY}"
    rf"|{DAY}([/.-])(?:0?[1-9]|1[0-2])\1(?:{YEAR}|\d{{2}})|(?:0?[1-9]|1[0-2])([/-]){DAY}\2(?:{YEAR}|\d{{2}})"
)
DATED = re.compile(rf"(?<![\w.,/$£€#:-])(?<!\d )(?:{NUMERIC})(?:(?:T|,? (?:at )?){TIME})?(?![\w/-])(?![.,:]\d)(?!\.\w)")
DAY_FIRST = re.compile(
    rf"(?<![\w-])(?:{DAY}(?:st|nd|rd|th|er|o|\.)? (?:of |de )?(?:{MONTH}|{ABROAD})(?:,? (?:de )?{YEAR})?"
    rf"|{DAY}-{MONTH}-(?:{YEAR}|\d{{2}}))"
    rf"(?:,? (?:at )?{TIME})?(?![\w-])(?!\.\d)"
)
MONTH_FIRST = re.compile(
    rf"(?<![\w-])(?:{MONTH} {DAY}(?:st|nd|rd|th)?(?:,? {YEAR})?|{MONTH} {YEAR})(?:,? (?:at )?{TIME})?(?![\w-])(?!\.\d)"
)
# "Version 2.7.18" has the form of a day.
DOTTED = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2}")
MONTHS = re.compile(r"[JFMASONDjfmasond][a-zA-Z]{2,8}")
WEEKDAY = re.compile(r"(?<![\w-])(?:mon|tues|wednes|thurs|fri|satur|sun)day(?![\w-])", re.IGNORECASE)
WEEKDAYS = re.compile(r"[MTWFSmtwfs][a-zA-Z]{2,5}(?:day|DAY)")
TENS = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
UNITS = r"(?:one|two|three|four|five|six|seven|eight|nine)"
TEENS = r"(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
SPELLED = re.compile(
    rf"(?<![\w-])(?:{TENS}(?:-{UNITS})?|{UNITS}|{TEENS})[ -](?:years?|months?|weeks?)[ -]old(?!\w)", re.IGNORECASE
)
AGES = (
    (
        re.compile(
            r"(?<![\w.,$£€-])(\d{1,3})(?:[ -](?i:years?|yrs?|months?|weeks?|days?)[ -](?i:olds?|of age)"
            r"|[ -]?(?i:y\.?/?o\b\.?)|[MF](?= (?:with|who|presents|presented|admitted|seen|c/o|hx)\b))(?!\w)"
            r"|(?<=[a-z], )(\d{1,2})(?=, (?:of|from|who|was|is|has|said|told|a|an)\b)"
        ),
        DIGITS,
    ),
    (
        re.compile(r"(?<!\w)(?:[Aa]ged?|[Aa]ge of|[Tt]urn(?:s|ed|ing)?) ?:? ?(\d{1,3})(?![\w%/-])(?![.,]\d)"),
        re.compile("[AaTt](?:ge|urn)"),
    ),
    (
        re.compile(
            r"(?<!\w)(?:(?:he|she|I|who) (?:was|is|am)|[Ww]hen (?:he|she|I) was|I'm|[Hh]e's|[Ss]he's)"
            r" (?:only |just |now )?(\d{1,2})(?=[.,;!?]|\Z| when\b| and\b| at\b)"
        ),
        re.compile("[hHsSIwW](?:he|e|'m| am|o)?(?=[ ']|hen )"),
    ),
)
OLDEST = 120


def seen(text: str) -> Iterator[Sighting]:
    """Yield the dates, times and ages of a folded text."""
    for found in matches(DATED, text):
        before = text[max(0, found.start() - 64) : found.start()].lower()
        if DOTTED.fullmatch(found.group()) and is_cued(VERSION, before, len(before)):
            continue
        yield Sighting("privacy.date.numeric", "DATE_TIME", found.start(), found.end(), 0.75)
    for found in (*matches(DAY_FIRST, text), *matches(MONTH_FIRST, text, MONTHS)):
        yield Sighting("privacy.date.named", "DATE_TIME", found.start(), found.end(), 0.7)
    for found in matches(WEEKDAY, text, WEEKDAYS):
        yield Sighting("privacy.date.weekday", "DATE_TIME", found.start(), found.end(), 0.7)
    for pattern, anchor in AGES:
        for found in matches(pattern, text, anchor):
            years = found.lastindex or 1
            if 0 < int(found.group(years)) <= OLDEST:
                yield Sighting("privacy.age", "AGE", found.start(years), found.end(), 0.7)
    for found in SPELLED.finditer(text) if "old" in text else ():
        yield Sighting("privacy.age", "AGE", found.start(), found.end(), 0.7)
