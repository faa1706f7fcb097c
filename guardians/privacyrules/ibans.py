"""International Bank Account Numbers (ISO 13616), by country, length and check digits."""

import re
from collections.abc import Iterator

from guardians.privacyrules.sightings import Sighting

# Lengths of the SWIFT registry: a greedy pattern would take the words after an IBAN for its end.
LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
    "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
START = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9]{4})")
BODY = re.compile(r"(?:[ -]?[A-Za-z0-9]){11,29}")


def seen(text: str) -> Iterator[Sighting]:
    """Yield the International Bank Account Numbers (ISO 13616) of a text, in any case, with or without spaces."""
    for found in START.finditer(text):
        body = BODY.match(text, found.end())
        length = LENGTHS.get(found.group()[:2].upper(), 0)
        end = end_of(text, found.start(), length, body.end() if body else 0)
        if end and is_iban(text[found.start() : end]):
            yield Sighting("privacy.iban", "IBAN", found.start(), end, 0.99)


def end_of(text: str, start: int, length: int, limit: int) -> int:
    """Return where the given number of letters and digits ends, or 0 when there are fewer or a word goes on."""
    place, left = start, length
    while left and place < limit:
        left -= text[place].isalnum()
        place += 1
    goes_on = text[place : place + 1].isalnum()
    return 0 if left or not length or goes_on else place


def is_iban(value: str) -> bool:
    compact = "".join(filter(str.isalnum, value)).upper()
    rearranged = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in rearranged)) % 97 == 1
