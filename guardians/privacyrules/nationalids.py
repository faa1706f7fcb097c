"""Numbers by which a state knows a person, country by country: for taxes, social security, health, votes, driving.

A shape that is rare enough, or whose check digits prove it, is enough on its own; the others need a cue.
"""

from collections.abc import Callable

from stdnum import luhn
from stdnum.at import vnr
from stdnum.bg import egn
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.ee import ik
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs, utr
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.in_ import aadhaar, epic, gstin, pan
from stdnum.is_ import kennitala
from stdnum.it import codicefiscale
from stdnum.lt import asmens
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import nif
from stdnum.ro import cnp
from stdnum.si import emso
from stdnum.tr import tckimlik
from stdnum.us import ein, itin, ssn

from guardians.privacyrules.shapes import Shape, digits_of, holds_digits, whole, words


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


def is_personal_gstin(value: str) -> bool:
    """Tell whether an Indian tax number holds the PAN of a person."""
    return value[5] == "P" and bool(gstin.is_valid(value))


def cued(
    rule: str,
    kind: str,
    pattern: str,
    cue: str,
    check: Callable[[str], bool] | None = None,
    *,
    marks: str,
) -> Shape:
    """Return the shape of a number that many others share: it counts after its name, mistyped ones too."""
    return Shape(rule, kind, whole(pattern), 0, words(cue), 0.9, check, 0.6, marks=marks)


SHAPES = (
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
        marks="ssn|social",
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
        marks="nhs",
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
        marks="aadh|uidai",
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
        marks="steuer|idnr|tax|tin",
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
        marks="bsn|burgerservice",
    ),
    Shape(
        "pl.pesel",
        "PL_PESEL",
        whole(r"\d{11}"),
        0,
        words(r"pesel"),
        0.95,
        pesel.is_valid,
        0.6,
        marks="pesel",
    ),
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
        marks="cpr",
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
        marks="sin|social",
    ),
    cued(
        "us.ein",
        "US_EIN",
        r"\d{2}-\d{7}",
        r"ein|employer identification(?: (?:number|no))?",
        ein.is_valid,
        marks="ein|employer",
    ),
    cued(
        "uk.utr",
        "UK_UTR",
        r"\d{5} ?\d{5}",
        r"utr|unique taxpayer reference",
        utr.is_valid,
        marks="utr|unique",
    ),
    cued(
        "in.voter",
        "IN_VOTER_ID",
        r"[A-Z]{3}/?\d{7}",
        r"voters?(?:'s)? id|epic(?: no)?|elector",
        epic.is_valid,
        marks="voter|epic|elector",
    ),
    cued(
        "in.abha",
        "IN_ABHA",
        r"\d{2}-?\d{4}-?\d{4}-?\d{4}",
        r"abha|ayushman|health (?:id|account)",
        marks="abha|ayushman|health",
    ),
    Shape(
        "in.gstin",
        "IN_GSTIN",
        whole(r"[0-3]\d[A-Z]{3}P[A-Z]\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]"),
        0.85,
        words(r"gst(?:in)?"),
        0.95,
        is_personal_gstin,
        digits=6,
    ),
    cued(
        "at.svnr",
        "AT_SSN",
        r"\d{4} ?\d{6}",
        r"sozialversicherungsnummer|sv-?n(?:umme)?r|svnr",
        vnr.is_valid,
        marks="sozialvers|sv|svnr",
    ),
    cued(
        "de.pension",
        "DE_PENSION_NUMBER",
        r"\d{2} ?\d{6} ?[A-Z] ?\d{3}",
        r"(?:renten|sozial)versicherungsnummer|rvnr|sv-?nummer",
        marks="versicherungsnummer|rvnr|sv",
    ),
    cued("bg.egn", "BG_EGN", r"\d{6} ?\d{3} ?\d", r"egn", egn.is_valid, marks="egn"),
    cued("cz.birth", "CZ_SK_BIRTH_NUMBER", r"\d{6}/?\d{3,4}", r"rodne cislo", rc.is_valid, marks="rodne"),
    cued("ee.personal", "EE_PERSONAL_CODE", r"\d{11}", r"isikukood", ik.is_valid, marks="isikukood"),
    cued("gr.amka", "GR_AMKA", r"\d{11}", r"amka", amka.is_valid, marks="amka"),
    cued("hr.oib", "HR_OIB", r"\d{11}", r"oib", oib.is_valid, marks="oib"),
    cued(
        "is.kennitala",
        "IS_KENNITALA",
        r"\d{6}-?\d{4}",
        r"kennitala|kt\.",
        kennitala.is_valid,
        marks="kennitala|kt.",
    ),
    cued("lt.personal", "LT_PERSONAL_CODE", r"\d{11}", r"asmens kodas", asmens.is_valid, marks="asmens"),
    cued(
        "no.birth",
        "NO_BIRTH_NUMBER",
        r"\d{6} ?\d{5}",
        r"fodselsnummer|personnummer",
        fodselsnummer.is_valid,
        marks="fodsels|personnummer",
    ),
    cued(
        "pt.nif",
        "PT_NIF",
        r"\d{3} ?\d{3} ?\d{3}",
        r"nif|contribuinte",
        nif.is_valid,
        marks="nif|contribuinte",
    ),
    cued("ro.cnp", "RO_CNP", r"\d{13}", r"cnp|cod(?:ul)? numeric personal", cnp.is_valid, marks="cnp|numeric"),
    cued("si.emso", "SI_EMSO", r"\d{13}", r"emso", emso.is_valid, marks="emso"),
    cued(
        "tr.kimlik",
        "TR_ID",
        r"\d{11}",
        r"t\.?c\.? kimlik(?: no)?|tckn",
        tckimlik.is_valid,
        marks="kimlik|tckn",
    ),
    cued(
        "medical.licence",
        "MEDICAL_LICENSE",
        r"[A-Z]{2}\d{7}|\d{7,10}|[A-Z]\d{2}[A-Z]\d{4}[A-Z]",
        r"(?:npi|dea|gmc|nmc|medical licen[cs]e)(?: (?:number|no|reference|pin))?",
        marks="npi|dea|gmc|nmc|medical",
    ),
    cued(
        "identity.card",
        "ID_CARD",
        r"[A-Z]{0,3}\d{5,12}[A-Z]{0,2}|(?=[A-Z]*\d)[CFGHJKLMNPRTVWXYZ0-9]{9,10}",
        r"(?:(?:national )?(?:identity|id) (?:card|document)|national id)(?: (?:number|no))?|carta d'identita"
        r"|(?:personal)?ausweis(?:nummer|nr)?|carte (?:nationale )?d'identite|dowod osobisty|documento de identidad",
        holds_digits,
        marks="ident|id|ausweis|dowod",
    ),
)
