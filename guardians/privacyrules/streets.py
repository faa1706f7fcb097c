"""Where somebody lives: street and number in the customs of a few countries, post boxes, and what follows them."""

import re
from collections.abc import Iterator

from guardians.privacyrules.shapes import is_cued, words
from guardians.privacyrules.sightings import Sighting

WORD = r"[A-Z][A-Za-z'-]{1,24}"
ENGLISH_END = (
    r"(?:Street|Road|Avenue|Lane|Drive|Boulevard|Court|Crescent|Terrace|Parkway|Highway|Alley|Mews|Gardens|Grove|Close|Way"
    r"|Place|Square|Hill|Nagar|Marg|Rd|Ave|Ln|Blvd|Ct|Cres|Pkwy|Hwy|Cl|Pl|Sq|(?:Str|St|Dr)(?!\.? [A-Z]))"
)
POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}"
ZIP = rf"(?:[A-Z]{{2}} )?\d{{5}}(?:-\d{{4}})?|{POSTCODE}|\d{{6}}|\d{{4}} ?[A-Z]{{2}}"
# Flat and town belong to the address when a postal code closes it.
TAIL = (
    r"(?:[,.]? (?:Apt|Apartment|Suite|Flat|Unit|Floor|#)\.? ?\w{1,6})?"
    rf"(?:,?\s{{1,2}}{WORD}(?:[ ,]{{1,2}}{WORD}){{0,3}},?\s{{1,2}}(?:{ZIP})(?!\w))?"
)
HEAD = r"(?<![\w.,/#$£€-])"

ADDRESSES = (
    re.compile(
        rf"{HEAD}(?:(?:Flat|Apt|Apartment|Unit) \w{{1,5}},? )?\d{{1,5}}[A-Za-z]?(?:[-/]\d{{1,4}})?,? "
        rf"(?:(?:[NSEW]|North|South|East|West)\.? )?(?:{WORD} |\d{{1,3}}(?:st|nd|rd|th) ){{1,3}}"
        rf"{ENGLISH_END}\b\.?{TAIL}"
    ),
    re.compile(
        rf"(?<!\w)[A-Z][a-z-]{{2,24}}(?:strasse|str\.|gasse|platz|allee|weg|damm|ufer|straat|laan|gatan|vagen|gade|vej|veien|gata)"
        rf",? \d{{1,4}} ?[a-z]?\b(?:, (?:[A-Z]{{1,2}}-)?\d{{4,5}} {WORD})?"
    ),
    re.compile(
        rf"{HEAD}\d{{1,4}}(?: bis| ter)?,? (?:rue|avenue|boulevard|place|allee|chemin|impasse|quai) "
        rf"(?:de la |de l'|du |des |de |d'|la |le )?{WORD}(?:[ -]{WORD}){{0,3}}(?:, \d{{5}} {WORD})?"
    ),
    re.compile(
        rf"(?<!\w)(?:Calle|Avenida|Plaza|Paseo|Via|Viale|Piazza|Corso|Rua|ul\.|ulica) (?:de |del |della |di |da |dos )?"
        rf"(?:la |las |los )?{WORD}(?: {WORD}){{0,2}},? (?:n[o.]{{1,2}} ?)?\d{{1,4}}\b(?:, \d{{5}} {WORD})?"
    ),
    re.compile(rf"(?<!\w)P\.? ?O\.? Box \d{{1,6}}{TAIL}"),
)
POSTCODE_ALONE = re.compile(rf"(?<!\w)(?:{POSTCODE})(?!\w)")
HOME = words(r"post ?code|zip(?: code)?|address|live[sd]?(?: at| in)?|living at|resides? at|home")
# "Table 3 Royal Drive": a number that belongs to the word before it.
NUMBERED = re.compile(
    r"(?:table|figure|fig\.?|section|chapter|phase|step|stage|grade|page|unit|ward|type|part|box)\s$", re.IGNORECASE
)
MONTH = re.compile(r"\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b")


def seen(text: str) -> Iterator[Sighting]:
    """Yield the street addresses of a folded text."""
    for pattern in ADDRESSES:
        for found in pattern.finditer(text):
            before = text[max(0, found.start() - 10) : found.start()]
            if not NUMBERED.search(before) and not MONTH.match(found.group()):
                yield Sighting("privacy.street", "STREET_ADDRESS", found.start(), found.end(), 0.8)
    lowered = text.lower()
    for found in POSTCODE_ALONE.finditer(text):
        if is_cued(HOME, lowered, found.start()):
            yield Sighting("privacy.postcode", "STREET_ADDRESS", found.start(), found.end(), 0.7, cued=True)
