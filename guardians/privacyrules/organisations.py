"""Organisations: names in capitals that end in a legal form or hold a word such as "University"."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from guardians.privacyrules.capitals import Capitals, Word
from guardians.privacyrules.names import listed
from guardians.privacyrules.sightings import Sighting

FORM = re.compile(
    r",? (?:Ltd|Inc|LLC|LLP|L\.L\.C|PLC|plc|GmbH|AG|S\.?A|N\.?V|B\.?V|Co|Corp|Pty|Limited|Corporation|Incorporated"
    r"|SpA|AB|ApS|Oy)\b\.?"
)
KIND = listed("""
    university college hospital clinic infirmary institute institution academy bank ministry department agency
    commission council association foundation society union federation group holdings partners company corporation
    insurance airlines airways museum laboratories laboratory systems solutions technologies industries
    pharmaceuticals authority trust ltd inc llc llp plc gmbh corp limited
""")
FIRM = re.compile(r"[A-Z](?<!\w[A-Z])[a-z]{2,20}(?:-[A-Z][a-z]{2,20})?, [A-Z][a-z]{2,20} and [A-Z][a-z]{2,20}(?!\w)")
AT_FIRM = re.compile(r"(?i:\b(?:at|for|with|by|of)) $")
OF = re.compile(r" of (?:the )?")
# Above the place that stands in it.
OF_SURE, SURE, LIKELY = 0.8, 0.75, 0.65


def seen(found: Capitals) -> Iterator[Sighting]:
    """Yield the organisations of a text's runs."""
    for run in found.runs:
        form = FORM.match(found.text, run.end)
        if form or run.words[-1].lower.rstrip(".") in FORMS:
            end = form.end() if form else run.end
            yield Sighting("privacy.organisation.form", "ORGANIZATION", run.words[first(run.words)].start, end, SURE)
        elif len(run.words) > 1 and any(word.lower in KIND for word in run.words) and not found.plain:
            start = run.words[first(run.words)].start
            if start < run.words[-1].start:
                yield Sighting("privacy.organisation.kind", "ORGANIZATION", start, run.end, LIKELY)
    for head, rest in pairwise(found.runs):
        if head.words[-1].lower in KIND and OF.fullmatch(found.text[head.end : rest.start]):
            start = head.words[first(head.words)].start
            yield Sighting("privacy.organisation.of", "ORGANIZATION", start, rest.end, OF_SURE)
    for firm in FIRM.finditer(found.text):
        if AT_FIRM.search(found.text[max(0, firm.start() - 6) : firm.start()]):
            yield Sighting("privacy.organisation.firm", "ORGANIZATION", firm.start(), firm.end(), LIKELY)


FORMS = frozenset({"ltd", "inc", "llc", "llp", "plc", "gmbh", "corp", "limited", "incorporated"})
LEADING = listed("the a an this that our your my at in of for")


def first(words: Sequence[Word]) -> int:
    """Return where the name begins: after an article."""
    return int(len(words) > 1 and words[0].lower in LEADING)
