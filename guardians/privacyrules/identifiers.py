"""Numbers and codes that identify a person: their shape, their check digits, and the words they stand after.

A shape whose check digits prove it is enough on its own. One that many other numbers share needs a cue: a word such as
"passport" close before it.
"""

import re
from collections.abc import Iterator, Sequence

from stdnum import bitcoin, imei, luhn
from stdnum.us import rtn

from guardians.privacyrules import nationalids
from guardians.privacyrules.shapes import (
    CUE_LIMIT,
    NEAR,
    Shape,
    digits_of,
    holds_digits,
    regions,
    seen_in,
    whole,
    words,
)
from guardians.privacyrules.sightings import Sighting

DAY = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
    r"|\d{1,2}(?:st|nd|rd|th)?[-/. ]{1,2}(?:of )?(?:\d{1,2}|[A-Za-z]{3,9})[-/., ]{1,2}\d{2,4}"
    r"|[A-Za-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4})"
)


def is_card(value: str) -> bool:
    """Tell whether a number has the issuer prefix, the length and the check digit of a payment card (ISO/IEC 7812)."""
    digits = digits_of(value)
    return ISSUER.fullmatch(digits) is not None and bool(luhn.is_valid(digits))


ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[68]\d)\d{11}"  # Diners Club
    r"|(?:6011|65\d\d|64[4-9]\d)\d{12}"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}"  # Maestro
    r"|62\d{14,17}"  # UnionPay
    r"|(?:60|81|82|508)\d{13,14}"  # RuPay
)


def is_track(value: str) -> bool:
    """Tell whether what a magnetic stripe holds begins with a card's number (ISO/IEC 7813)."""
    number = TRACK_NUMBER.search(value)
    return number is not None and is_card(number.group())


def is_position(value: str) -> bool:
    """Tell whether two decimals are a latitude and a longitude."""
    latitude, longitude = (float(number) for number in DECIMAL.findall(value)[:2])
    return abs(latitude) <= 90 and abs(longitude) <= 180


TRACK_NUMBER = re.compile(r"\d{13,19}")
DECIMAL = re.compile(r"-?\d{1,3}\.\d+")
# Three decimals of a degree are a hundred metres.
DEGREES = r"-?\d{1,3}\.\d{3,10}"
SHAPES = (
    *nationalids.SHAPES,
    Shape(
        "card.number",
        "CREDIT_CARD",
        whole(r"\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3\d{3}([ -])\d{6}\2\d{4,5}"),
        0.9,
        words(r"(?:credit|debit|bank|visa|payment) ?card|card (?:number|no)|card|cc|visa|master ?card|amex|maestro"),
        0.95,
        is_card,
        0.6,
        digits=12,
    ),
    Shape(
        "driver",
        "DRIVER_LICENSE",
        whole(
            r"[A-Z]{0,2}\d{6,14}[A-Z]?|[A-Z]\d{3}(?:[- ]\d{3,4}){2,4}|[A-Z]{2}[ -]?\d{2}[ -]?(?:19|20)\d{9}"
            r"|(?=[A-Z]*\d)[A-Z0-9]{10,12}",
            ignore_case=True,
        ),
        0,
        words(
            r"driv(?:er'?s?'?|ing) licen[cs]e(?: number| no)?|dl(?: (?:number|no)| ?[#:])|licen[cs]e number"
            r"|fuhrerschein(?:nummer)?|permis de conduire|patente di guida|permiso de conducir|prawo jazdy|rijbewijs\w*"
        ),
        0.8,
        holds_digits,
        marks="driv|dl|licen|fuhrer|permis|patente|prawo|rijbewijs",
    ),
    Shape(
        "passport",
        "PASSPORT",
        whole(r"[A-Z]{0,2}\d{6,9}[A-Z]?|[A-Z0-9]{9}", ignore_case=True),
        0,
        words(r"passport(?: (?:number|no|nr))?"),
        0.85,
        holds_digits,
        marks="passport",
    ),
    Shape(
        "passport.mrz",
        "PASSPORT",
        re.compile(
            r"(?<![\w<])(?:P[A-Z<][A-Z]{3}[A-Z<]{39}|[A-Z0-9<]{9}\d[A-Z]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[\d<]\d)"
        ),
        0.95,
        digits=0,
    ),
    Shape(
        "mrn",
        "MRN",
        whole(r"(?!mrn)(?:[A-Z]{1,3}-?)?\d{5,10}[A-Z]?|\d{2,4}(?:-\d{2,4}){1,3}", ignore_case=True),
        0,
        words(r"mrn|medical record(?: (?:number|no))?|(?:hospital|chart) (?:number|no)|patient (?:id|number|no)"),
        0.9,
        holds_digits,
        marks="mrn|medical|hospital|chart|patient",
    ),
    Shape(
        "member",
        "MEMBER_ID",
        whole(r"[A-Z]{0,4}-?\d{4,14}[A-Z]{0,3}|[A-Z]{1,3}\d{2,4}(?:[- ]\d{2,4}){1,3}", ignore_case=True),
        0,
        words(
            r"(?:customer|client|employee|staff|personnel|payroll|badge|student|matriculation|member(?:ship)?|subscriber"
            r"|beneficiary|policy ?holder|insurance|policy|health plan|loyalty|frequent flyer|case ?worker)"
            r"[ _]?(?:id|number|no|nr|num)"
        ),
        0.75,
        reach=8,
        marks="customer|client|employee|staff|personnel|payroll|badge|student|matric|member|subscriber|beneficiary|holder|insurance"
        "|policy|plan|loyalty|flyer|worker",
    ),
    Shape(
        "card.code",
        "CVV",
        whole(r"\d{3,4}"),
        0,
        words(r"cvv2?|cvc2?|cav2|card (?:security|verification) (?:code|number|value)|security code"),
        0.9,
        reach=12,
        marks="cvv|cvc|cav|card|security",
    ),
    Shape(
        "card.track",
        "TRACK_DATA",
        re.compile(r"(?<![\w;%])(?:%?B\d{13,19}\^[A-Za-z /.-]{2,26}\^\d{7}\w{0,60}\??|;?\d{13,19}=\d{7,30}\??)"),
        0.97,
        check=is_track,
        digits=20,
    ),
    Shape(
        "us.bank",
        "BANK_ACCOUNT",
        whole(r"\d{9}"),
        0,
        words(r"routing(?: (?:number|no))?|aba"),
        0.9,
        rtn.is_valid,
        marks="routing|aba",
    ),
    Shape(
        "bank.account",
        "BANK_ACCOUNT",
        whole(r"\d{6,17}|\d{2}-\d{2}-\d{2}(?:[ ,]{1,2}\d{8})?"),
        0,
        words(r"sort code|(?:bank |checking |savings )?account (?:number|no)|bank account|acct"),
        0.8,
        marks="sort|acc",
    ),
    Shape(
        "wallet.bitcoin",
        "CRYPTO_WALLET",
        whole(r"[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71}"),
        0.95,
        check=bitcoin.is_valid,
        digits=0,
    ),
    Shape("wallet.ethereum", "CRYPTO_WALLET", whole(r"0x[0-9a-fA-F]{40}"), 0.9, digits=5),
    Shape(
        "device.imei",
        "DEVICE_ID",
        whole(r"\d{2}[- ]?\d{6}[- ]?\d{6}[- ]?\d"),
        0,
        words(r"imei(?: (?:number|no))?"),
        0.95,
        imei.is_valid,
        marks="imei",
    ),
    Shape(
        "vehicle.vin",
        "VEHICLE_ID",
        whole(r"[A-HJ-NPR-Z0-9]{17}"),
        0,
        words(r"vin|vehicle identification(?: (?:number|no))?|chassis number"),
        0.9,
        holds_digits,
        marks="vin|vehicle|chassis",
    ),
    Shape(
        "vehicle.plate",
        "VEHICLE_ID",
        whole(
            r"[A-Z]{2}\d{2} ?[A-Z]{3}|[A-Z]{2}[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{4}|[A-Z]{1,3}[- ][A-Z]{1,2} ?\d{1,4}"
            r"|[A-Z]{2}-\d{3}-[A-Z]{2}|\d[A-Z]{3}\d{3}|[A-Z]{3}[- ]?\d{3,4}|\d{4} ?[A-Z]{3}"
        ),
        0,
        words(
            r"registration(?: (?:number|no|mark|plate))?|(?:number|licen[cs]e) ?plate|plate(?: (?:number|no))?"
            r"|reg(?:istration)? no|kennzeichen|immatriculation|matricula|targa"
        ),
        0.8,
        reach=12,
        marks="reg|plate|kennzeichen|immatric|matricula|targa",
    ),
    Shape(
        "position.decimal",
        "GEOLOCATION",
        re.compile(
            rf"(?<![\w.,-]){DEGREES}(?:(?: ?[NS])?,? {{0,2}}|[\s,\"']{{1,5}}(?:lon|lng|long|longitude)[\"']?\s?[:=]\s?)"
            rf"(?<!\d){DEGREES}(?: ?[EW])?(?!\w)(?!\.\d)"
        ),
        0,
        words(r"lat(?:itude)?|gps|coord(?:inate)?s?|position|location|geo(?:location)?|geotag|located at|seen at"),
        0.85,
        is_position,
        marks="lat|gps|coord|position|location|geo|located|seen",
    ),
    Shape(
        "position.degrees",
        "GEOLOCATION",
        re.compile(r"(?<!\w)\d{1,3}°[^\w\n]?\d{1,2}'[^\n,]{0,8}[NS],? ?\d{1,3}°[^\w\n]?\d{1,2}'[^\n,]{0,8}[EW](?!\w)"),
        0.85,
        digits=5,
    ),
    Shape(
        "birth.date",
        "DATE_OF_BIRTH",
        re.compile(rf"(?<![\w.]){DAY}(?!\w)"),
        0,
        words(r"born(?: on)?|date of birth|d\.o\.b\.?|dob|birth ?(?:date|day)|geboren(?: am)?|geburtsdatum|nee? le"),
        0.9,
        marks="born|birth|d.o.b|dob|gebo|geburts|ne le|nee le",
    ),
)

# The shapes that need no cue, to look for where so many digits stand; first those that are looked for everywhere.
ALONE = tuple(shape for shape in SHAPES if shape.score)
MOST_DIGITS = max(shape.digits for shape in ALONE)
BY_DIGITS = tuple(
    tuple(shape for shape in ALONE if (0 < shape.digits <= digits if digits else not shape.digits))
    for digits in range(MOST_DIGITS + 1)
)
CUED = tuple((shape, tuple(shape.marks.split("|"))) for shape in SHAPES if not shape.score)
# From a mark to the end of what stands after its cue: the cue's rest, its reach, and the longest value.
WINDOW = CUE_LIMIT + NEAR + 64


def seen(text: str) -> Iterator[Sighting]:
    """Yield the identifiers of a folded text; sightings of different shapes may overlap."""
    lowered = text.lower()
    for region in regions(text):
        for shape in BY_DIGITS[min(region.digits, MOST_DIGITS)]:
            yield from seen_in(shape, text, lowered, start=region.start, end=region.end)
    for shape in BY_DIGITS[0]:
        yield from seen_in(shape, text, lowered, start=0, end=len(text))
    for shape, marks in CUED:
        for place in places(lowered, marks):
            yield from seen_in(shape, text, lowered, start=place, end=place + WINDOW)


def places(lowered: str, marks: Sequence[str]) -> Iterator[int]:
    """Yield where marks stand: most texts hold few of them, and a value stands behind its cue."""
    for mark in marks:
        place = lowered.find(mark)
        while place >= 0:
            yield place
            place = lowered.find(mark, place + len(mark))
