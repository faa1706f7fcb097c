"""Numbers and codes that identify a person: their shape, their check digits, and the words they stand after.

A shape whose check digits prove it is enough on its own. One that many other numbers share needs a cue: a word such as
"passport" close before it.
"""

import re
from collections.abc import Iterator

from stdnum import bitcoin, imei, luhn
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.ie import pps
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.us import itin, rtn, ssn

from guardians.privacyrules.shapes import Shape, digits_of, regions, seen_in, whole, words
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


def is_nhs(value: str) -> bool:
    """Tell whether a number has the check digit of an NHS number and is in a range that is issued or kept for tests."""
    digits = digits_of(value)
    return digits[0] in "34679" and bool(nhs.is_valid(digits))


def is_nino(value: str) -> bool:
    return value.replace(" ", "").upper()[:2] not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}


def is_personal_pan(value: str) -> bool:
    """Tell whether an Indian PAN is a person's: the fourth letter says whose it is."""
    return value[3].upper() == "P" and bool(pan.is_valid(value))


def is_belgian(value: str) -> bool:
    """Tell whether a Belgian national number has its check digits; births since 2000 count with a 2 before them."""
    digits = digits_of(value)
    body, control = int(digits[:9]), int(digits[9:])
    return control in {97 - body % 97, 97 - (2_000_000_000 + body) % 97}


def is_swedish(value: str) -> bool:
    return bool(luhn.is_valid(digits_of(value)[-10:]))


def is_driver_number(value: str) -> bool:
    """Tell whether a British driver number holds a month and a day; a woman's month is counted from 51."""
    month, day = int(value[6:8]) % 50, int(value[8:10])
    return 1 <= month <= 12 and 1 <= day <= 31


def holds_digits(value: str) -> bool:
    return sum(map(str.isdigit, value)) >= 4


SHAPES = (
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
        "us.ssn",
        "US_SSN",
        whole(r"\d{3}-\d{2}-\d{4}"),
        0.85,
        words(r"ssn|social security(?: number)?"),
        0.95,
        ssn.is_valid,
        0.6,
        digits=9,
    ),
    Shape(
        "us.ssn.loose",
        "US_SSN",
        whole(r"\d{3} ?\d{2} ?\d{4}"),
        0,
        words(r"ssn|social security(?: number)?"),
        0.9,
        ssn.is_valid,
        0.6,
        digits=9,
    ),
    Shape("us.itin", "US_ITIN", whole(r"9\d{2}-\d{2}-\d{4}"), 0.8, words("itin"), 0.95, itin.is_valid, digits=9),
    Shape(
        "us.mbi",
        "US_MBI",
        whole(
            r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}"
        ),
        0.8,
        words(r"medicare|mbi|beneficiary"),
        0.95,
        digits=5,
    ),
    Shape(
        "uk.nhs",
        "UK_NHS",
        whole(r"\d{3}([ -])\d{3}\1\d{4}"),
        0.6,
        words(r"nhs(?: (?:number|no|num))?"),
        0.98,
        is_nhs,
        0.7,
        digits=10,
    ),
    Shape(
        "uk.nhs.plain",
        "UK_NHS",
        whole(r"\d{10}"),
        0,
        words(r"nhs(?: (?:number|no|num))?"),
        0.98,
        is_nhs,
        0.7,
        digits=10,
    ),
    Shape(
        "uk.nino",
        "UK_NINO",
        whole(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"),
        0.85,
        words(r"ni number|nino|national insurance(?: number| no)?"),
        0.95,
        is_nino,
    ),
    Shape(
        "uk.driver",
        "DRIVER_LICENSE",
        whole(r"[A-Z]{1,5}9{0,4}(?<=[A-Z9]{5})\d[0156]\d[0-3]\d{2}[A-Z9]{2}[A-Z0-9]{3}"),
        0.85,
        words(r"licen[cs]e|driver"),
        0.95,
        is_driver_number,
    ),
    Shape(
        "driver",
        "DRIVER_LICENSE",
        whole(r"[A-Z]{0,2}\d{6,14}[A-Z]?|[A-Z]\d{3}(?:[- ]\d{3,4}){2,4}", ignore_case=True),
        0,
        words(r"driv(?:er'?s?|ing) licen[cs]e(?: number| no)?|dl (?:number|no)|licen[cs]e number"),
        0.8,
    ),
    Shape(
        "passport",
        "PASSPORT",
        whole(r"[A-Z]{0,2}\d{6,9}[A-Z]?|[A-Z0-9]{9}", ignore_case=True),
        0,
        words(r"passport(?: (?:number|no|nr))?"),
        0.85,
        holds_digits,
        digits=4,
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
        digits=4,
    ),
    Shape(
        "in.aadhaar",
        "IN_AADHAAR",
        whole(r"[2-9]\d{3}([ -])\d{4}\1\d{4}"),
        0.7,
        words(r"aadhaar|aadhar|uidai"),
        0.95,
        aadhaar.is_valid,
        0.6,
        digits=12,
    ),
    Shape(
        "in.aadhaar.plain",
        "IN_AADHAAR",
        whole(r"[2-9]\d{11}"),
        0,
        words(r"aadhaar|aadhar|uidai"),
        0.95,
        aadhaar.is_valid,
        0.6,
        digits=12,
    ),
    Shape("in.pan", "IN_PAN", whole(r"[A-Z]{3}P[A-Z]\d{4}[A-Z]"), 0.8, words(r"pan"), 0.95, is_personal_pan, digits=4),
    Shape("es.dni", "ES_DNI", whole(r"\d{8}-?[A-Z]"), 0.75, words(r"dni|nif"), 0.95, dni.is_valid, digits=8),
    Shape("es.nie", "ES_NIE", whole(r"[XYZ]-?\d{7}-?[A-Z]"), 0.85, words(r"nie"), 0.95, nie.is_valid, digits=7),
    Shape(
        "it.fiscal",
        "IT_FISCAL_CODE",
        whole(r"[A-Z]{6}[0-9L-NP-V]{2}[A-EHLMPR-T][0-9L-NP-V]{2}[A-Z][0-9L-NP-V]{3}[A-Z]", ignore_case=True),
        0.95,
        check=codicefiscale.is_valid,
        digits=1,
    ),
    Shape(
        "fr.nir",
        "FR_NIR",
        whole(r"[1278] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}"),
        0.9,
        check=nir.is_valid,
        digits=12,
    ),
    Shape(
        "de.tax",
        "DE_TAX_ID",
        whole(r"\d{2} ?\d{3} ?\d{3} ?\d{3}"),
        0,
        words(r"steuer-?id\w*|steueridentifikationsnummer|idnr|tax (?:id|number)|tin"),
        0.9,
        idnr.is_valid,
        digits=11,
    ),
    Shape(
        "nl.bsn",
        "NL_BSN",
        whole(r"\d{9}|\d{4}\.\d{2}\.\d{3}"),
        0,
        words(r"bsn|burgerservicenummer"),
        0.95,
        bsn.is_valid,
        0.6,
        digits=9,
    ),
    Shape("pl.pesel", "PL_PESEL", whole(r"\d{11}"), 0, words(r"pesel"), 0.95, pesel.is_valid, 0.6, digits=11),
    Shape(
        "be.national",
        "BE_NATIONAL_NUMBER",
        whole(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}"),
        0.9,
        check=is_belgian,
        digits=11,
    ),
    Shape(
        "se.personal",
        "SE_PERSONAL_NUMBER",
        whole(r"(?:19|20)?\d{2}(?:0[1-9]|1[0-2])[0-3]\d[-+]\d{4}"),
        0.7,
        words(r"personnummer|personal (?:identity )?number"),
        0.95,
        is_swedish,
        digits=10,
    ),
    Shape(
        "dk.cpr",
        "DK_CPR",
        whole(r"[0-3]\d(?:0[1-9]|1[0-2])\d{2}-?\d{4}"),
        0,
        words(r"cpr(?:-?nummer| number)?"),
        0.9,
        digits=10,
    ),
    Shape(
        "fi.personal", "FI_PERSONAL_CODE", whole(r"[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-Y]"), 0.85, check=hetu.is_valid
    ),
    Shape(
        "ie.pps",
        "IE_PPS",
        whole(r"\d{7}[A-W][A-IW]?"),
        0.75,
        words(r"ppsn?|pps (?:number|no)"),
        0.95,
        pps.is_valid,
        digits=7,
    ),
    Shape("ch.ahv", "CH_AHV", whole(r"756\.\d{4}\.\d{4}\.\d{2}"), 0.95, check=ahv.is_valid, digits=13),
    Shape(
        "ca.sin",
        "CA_SIN",
        whole(r"\d{3}[ -]?\d{3}[ -]?\d{3}"),
        0,
        words(r"sin (?:number|no)|social insurance(?: (?:number|no))?"),
        0.9,
        sin.is_valid,
        0.6,
        digits=9,
    ),
    Shape(
        "us.bank",
        "BANK_ACCOUNT",
        whole(r"\d{9}"),
        0,
        words(r"routing(?: (?:number|no))?|aba"),
        0.9,
        rtn.is_valid,
        digits=9,
    ),
    Shape(
        "bank.account",
        "BANK_ACCOUNT",
        whole(r"\d{6,17}|\d{2}-\d{2}-\d{2}(?:[ ,]{1,2}\d{8})?"),
        0,
        words(r"sort code|(?:bank |checking |savings )?account (?:number|no)|bank account|acct"),
        0.8,
    ),
    Shape(
        "wallet.bitcoin",
        "CRYPTO_WALLET",
        whole(r"[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71}"),
        0.95,
        check=bitcoin.is_valid,
        digits=0,
    ),
    Shape(
        "device.imei",
        "DEVICE_ID",
        whole(r"\d{2}[- ]?\d{6}[- ]?\d{6}[- ]?\d"),
        0,
        words(r"imei(?: (?:number|no))?"),
        0.95,
        imei.is_valid,
        digits=15,
    ),
    Shape(
        "vehicle.vin",
        "VEHICLE_ID",
        whole(r"[A-HJ-NPR-Z0-9]{17}"),
        0,
        words(r"vin|vehicle identification(?: (?:number|no))?|chassis number"),
        0.9,
        holds_digits,
        digits=4,
    ),
    Shape(
        "birth.date",
        "DATE_OF_BIRTH",
        re.compile(rf"(?<![\w.]){DAY}(?!\w)"),
        0,
        words(r"born(?: on)?|date of birth|d\.o\.b\.?|dob|birth ?(?:date|day)|geboren(?: am)?|geburtsdatum|nee? le"),
        0.9,
        digits=4,
    ),
)

# The shapes to look for where so many digits stand; first those that are looked for everywhere.
MOST_DIGITS = max(shape.digits for shape in SHAPES)
BY_DIGITS = tuple(
    tuple(shape for shape in SHAPES if (0 < shape.digits <= digits if digits else not shape.digits))
    for digits in range(MOST_DIGITS + 1)
)


def seen(text: str) -> Iterator[Sighting]:
    """Yield the identifiers of a folded text; sightings of different shapes may overlap."""
    lowered = text.lower()
    for region in regions(text):
        for shape in BY_DIGITS[min(region.digits, MOST_DIGITS)]:
            yield from seen_in(shape, text, lowered, start=region.start, end=region.end)
    for shape in BY_DIGITS[0]:
        yield from seen_in(shape, text, lowered, start=0, end=len(text))
