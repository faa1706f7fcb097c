"""Names of people, found by what stands before them: a title, a greeting, "my name is", "signed by".

Without a cue a capitalised word is not taken for a name: it may be a drug, a hospital or the head of a section. What
follows a cue is read word by word and given up where it turns out to be an organisation, a place or a heading.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardians.privacyrules.sightings import Sighting, holds

UPPER, LOWER = "A-ZΑ-ΩА-Я", "a-zα-ωа-я"
WORD = (
    rf"(?:(?:[DLO]|Mc|Mac)'?)?[{UPPER}][{LOWER}]{{1,24}}(?:[{UPPER}][{LOWER}]{{1,24}})?"
    rf"(?:[-'][{UPPER}{LOWER}][{LOWER}]{{1,24}}){{0,2}}"
)
CAPITALS = rf"[{UPPER}]{{2,24}}(?:[-'][{UPPER}]{{2,24}}){{0,2}}"
INITIAL = rf"[{UPPER}]\.(?:[{UPPER}]\.){{0,2}}|[{UPPER}](?![\w'.-])"
PARTICLE = (
    r"(?:van der|van den|van|von der|von|de la|de los|del|della|de|da|dos|di|du|der|den|ter|ten|bin|ibn|bint|al|el|la"
    r"|le|af|zu)"
)
PART = rf"(?:{WORD}|{INITIAL}|{CAPITALS})"
NAME = re.compile(rf"(?:{PARTICLE} )?{PART}(?!\w)(?: (?:{PARTICLE}[ -])?{PART}(?!\w)){{0,4}}")
LOWER_NAME = re.compile(rf"[{LOWER}]{{2,24}}(?:[ -][{LOWER}]{{2,24}}){{1,2}}?(?=[.,;!?\n]|\s*$| and\b)")
PARTS = re.compile(r"\S+")
INITIALS = re.compile(rf"(?:[{UPPER}]\.){{1,3}}")
NEXT = re.compile(rf"(?:'s)? ?([{UPPER}]\w{{1,20}})")


def listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# A word that ends a name, or is none: what may stand in capitals after a cue without being somebody.
STOP = listed("""
    a all an and any are as at be been but by can did do does everybody everyone folks for from had has have he her
    here his how i if in is it its me mine my no not nobody none of on or our she should so some somebody someone
    that the their them then there these they this those to too us was we were what when where which who whom whose
    why will with would yes you your yours again after before because both during each every first last late more
    most never new next now old once one only other same second since still such than though three two under unless
    until very while monday tuesday wednesday thursday friday saturday sunday january february march april june july
    august september october november december today tomorrow yesterday spring summer autumn winter christmas easter
    sir madam sirs ma'am mr mrs ms miss mx dr prof professor doctor nurse sister matron colleague colleagues
    customer customers client clients patient patients student students member members parent parents guest guests
    user users reader readers friend friends team teams staff hiring manager managers recruiter editor editors
    applicant applicants occupier resident residents subscriber support human resources admin administrator
    consultant consultants surgeon physician pharmacist haematologist anaesthetist registrar practitioner midwife
    therapist director president secretary treasurer chair chairman chairwoman chairperson officer clerk name names
    number numbers date dates address phone email mobile age sex gender dob id nhs mrn status type title note notes
    unknown withheld anonymous redacted missing available spelled spelt wrong right correct misspelled secret private
    confidential important listed attached below above known used written given called here's mentioned included
    printed information records record safety blood care management group history data consent guide guidance
    pathway portal leaflet card details review form summary file files handbook access experience satisfaction flow
    journey choice advice education outcome outcomes identification transport monitoring selection population
    discharge admission letter english british american french german italian spanish irish indian chinese japanese
    scottish welsh dutch polish god jesus christ lord heaven hello hi hey dear thanks thank regards please sorry
    sure fine ok okay happy glad afraid gonna world warfarin apixaban rivaroxaban edoxaban dabigatran heparin
    enoxaparin aspirin clopidogrel insulin metformin paracetamol ibuprofen morphine amoxicillin idarucizumab
    andexanet vitamin iban bic swift ssn pin cvv pan aadhaar upi vat
""")
# A name with one of these in it is an organisation's, a place's or a heading.
ORGANISATION = listed("""
    hospital hospitals clinic clinics infirmary surgery practice trust ward wards unit units department dept
    division directorate office committee board council commission agency authority authorities ministry government
    parliament court tribunal bureau service services university college school academy institute institution
    faculty laboratory laboratories lab centre center foundation association society union federation charity church
    network alliance group holdings partners company corporation corp inc incorporated ltd limited llc llp plc gmbh
    ag sa nv bv bank insurance pharma pharmaceutical pharmaceuticals pharmacy medicine medicines health healthcare
    supplies supply systems solutions technologies technology software industries international national regional
    royal airport airlines airways hotel restaurant theatre theater museum library station street road avenue lane
    drive square park bridge river lake mount county city town village kingdom republic states island islands bay
    news times journal press magazine newsletter award prize act regulation directive protocol policy policies
    procedure procedures programme program project plan report study trial audit standard standards syndrome disease
    disorder test scale score index method criteria operations finance procurement legal compliance marketing sales
    research engineering governance informatics haematology oncology cardiology radiology pathology theatres
""")


@dataclass(frozen=True, slots=True)
class Cue:
    """What announces a name.

    Attributes:
        pattern: ends exactly where the name begins.
        least: how many words the name has to have.
        after: what has to follow the name.
        lower: a name without capitals counts too.
        marks: lower-case texts of which the pattern needs one, so that most texts are not searched.
    """

    rule: str
    pattern: re.Pattern[str]
    score: float
    least: int = 1
    after: re.Pattern[str] | None = None
    lower: bool = False
    marks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.rule} {self.pattern.pattern} {self.score} {self.least} {self.after.pattern if self.after else ''}"
        )


ROLE = (
    r"patient|client|customer|employee|resident|witness|defendant|claimant|plaintiff|tenant|colleague|neighbour|neighbor"
    r"|applicant|beneficiary|consultant|surgeon|registrar|nurse|midwife|carer|physician|cardiologist|haematologist"
    r"|pharmacist|manager"
)
KIN = (
    r"wife|husband|spouse|partner|son|daughter|mother|father|mum|mom|dad|brother|sister|uncle|aunt|cousin|niece|nephew"
    r"|grandmother|grandfather|grandson|granddaughter|boss|friend|colleague|neighbour|neighbor|doctor|boyfriend|girlfriend"
    r"|fiance|fiancee"
)
PERSON = rf"man|woman|boy|girl|person|gentleman|lady|child|baby|infant|{ROLE}|{KIN}"
# Cues at the beginning of a line or of a cell, behind the marks of quotations and lists.
LINE = r"[ \t>*#-]{0,8}"
LINES = re.compile(r"[\n;|]|\A")
HOLDER = (
    r"(?:patient|client|customer|applicant|employee|holder|father|mother|spouse|husband|wife|guardian|parent|child"
    r"|passenger|student|insured|cardholder|beneficiary)"
)
LABEL = (
    rf"(?:(?:full|first|last|family|given|middle|maiden|legal|preferred|contact|{HOLDER}(?:'s)?) ){{1,2}}name"
    rf"|name of (?:the )?{HOLDER}|surname|forename|next of kin|emergency contact|patient|pt|contact(?: person)?"
    r"|(?:account|card) ?holder|taxpayer|attending(?: physician)?|gp"
    # As forms of other countries have it, folded.
    r"|vorname|nachname|familienname|nom(?: de famille)?|prenom|nome|cognome|sobrenome|apellidos?|nombre|imie|nazwisko"
    r"|naam|voornaam|achternaam|fornavn|etternavn|fornamn|efternamn|prijmeni|jmeno"
)
SIGNED = (
    r"(?:signed(?: off)?|countersigned|prepared|reviewed|approved|requested|submitted|reported|witnessed|certified"
    r"|authori[sz]ed|dictated|referred|discharged|examined) by"
)
CLOSING = (
    r"(?:(?:kind|best|warm) )?regards|(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?|best wishes|best"
    r"|many thanks|thanks|thank you|cheers|love"
)
TITLE = (
    r"(?:[Mm]rs?|MRS?|Ms|Mx|[Dd]r|DR|[Pp]rof)\.?|Miss|Professor|Herr|Frau|Madame|Mme|Monsieur|Senora?|Signora?|Shri|Smt\.?"
    r"|Sra?\."
)
# Titles that are places, stage names and departments too; they need a full name.
RANK = (
    r"Doctor|Sir|Dame|Lady|Rev\.?|Reverend|Capt\.|Captain|Sgt\.?|Sergeant|Lt\.|Col\.|Judge|Justice|Councillor|Nurse|Sister"
    r"|Hon\."
)


def cue(
    rule: str, pattern: str, score: float, marks: str, *, least: int = 1, after: str = "", lower: bool = False
) -> Cue:
    follows = re.compile(after) if after else None
    return Cue(rule, re.compile(pattern), score, least, follows, lower, tuple(marks.split("|")))


CUES = (
    cue(
        "self",
        r"(?<!\w)(?i:(?:my|his|her|their|patient's) (?:(?:full|first|last|given|family) )?name(?: is|'s)) ",
        0.95,
        "name",
        lower=True,
    ),
    cue("named", r"(?<!\w)(?i:name(?: is|'s)|(?:am|'m) called|call me) ", 0.9, "name|called|call me"),
    cue(
        "title",
        rf"(?<![\w.])(?:{TITLE}) ",
        0.9,
        "mr|ms|mx|dr|prof|miss|herr|frau|madame|mme|monsieur|senor|signor|shri|smt|sra|sr.",
    ),
    cue(
        "rank",
        rf"(?<![\w.])(?:{RANK}) ",
        0.8,
        "doctor |sir |dame |lady |rev|capt|sgt|serg|lt|col|judge |justice |councillor |nurse |sister |hon.",
        least=2,
    ),
    cue(
        "salutation",
        rf"{LINE}(?i:dear|hi|hello|hey|good (?:morning|afternoon|evening))[ ,]{{1,2}}",
        0.85,
        "dear|hi|hello|hey|good",
        after=r"\s?[,:!.]|\s{0,3}(?:\n|\Z)|\s[-–]",
    ),
    cue(
        "label",
        rf"{LINE}(?i:{LABEL})\s{{0,3}}[:=]\s{{0,3}}",
        0.9,
        "nam|nom|kin|contact|pt|patient|holder|payer|attending|gp|apellido|nombre|imie|nazwisko|naam|navn|jmen",
    ),
    cue("label.name", rf"{LINE}(?i:name)\s{{0,3}}[:=]\s{{0,3}}", 0.85, "name", least=2),
    cue("signed", rf"(?<!\w)(?i:{SIGNED})[: ]{{1,2}}", 0.75, " by", least=2),
    cue(
        "signed.label",
        rf"{LINE}(?i:signed|signature|author|from|attn|attention|c/o)\s?[:=]\s{{0,3}}",
        0.75,
        "sign|author|from|attn|attention|c/o",
        least=2,
    ),
    cue(
        "closing",
        rf"{LINE}(?i:{CLOSING})[,.!]?[ \t]{{0,4}}\n\s{{0,6}}",
        0.85,
        "regards|sincerely|faithfully|truly|best|thank|cheers|love",
        after=r"[ \t]*(?:\n|,|\Z)",
    ),
    cue(
        "role",
        rf"(?<![\w-])(?:{ROLE}) |(?<!\w)(?i:{ROLE}): ?",
        0.75,
        "patient|client|customer|employee|resident|witness|defendant|claimant|plaintiff|tenant|colleague|neighb|applicant|beneficiary|consultant|surgeon|registrar|nurse|midwife|carer|physician|cardiologist|haematologist|pharmacist|manager",
        least=2,
    ),
    cue(
        "kin",
        rf"(?<!\w)(?i:my|his|her|their|our) (?:late )?(?:{KIN}),? (?:is |named |called )?",
        0.8,
        "my |his |her |their |our ",
    ),
    cue("called", rf"(?<!\w)(?:{PERSON}),? (?:named|called) ", 0.85, "named|called"),
    cue("i_am", r"(?<!\w)I(?: am|'m) ", 0.7, "i am|i'm", least=2),
    cue(
        "caller",
        r"(?<!\w)(?i:this is|it's|it is) ",
        0.85,
        "this is|it's|it is",
        after=r",? (?:speaking|here|calling|from)\b",
    ),
)


def seen(text: str) -> Iterator[Sighting]:
    """Yield the names of people that a cue announces in a folded text."""
    lowered = text.lower()
    for known in CUES:
        if not holds(lowered, known.marks):
            continue
        for found in announced(known, text):
            end = name_end(text, found.end(), known)
            if end:
                yield Sighting(f"privacy.name.{known.rule}", "PERSON", found.end(), end, known.score, cued=True)


def announced(known: Cue, text: str) -> Iterator[re.Match[str]]:
    """Yield where a cue stands: one of the beginning of a line or cell is looked for there alone."""
    if not known.pattern.pattern.startswith(LINE):
        yield from known.pattern.finditer(text)
        return
    for line in LINES.finditer(text):
        found = known.pattern.match(text, line.end())
        if found:
            yield found


# "Mrs Park" and "Mr Jan Ward" are people; "Dr Foster Ward" is where somebody lies.
CIVIL = re.compile(r"(?<!\w)M(?:rs?|s|x|iss)\.? $", re.IGNORECASE)


def name_end(text: str, start: int, known: Cue) -> int:
    """Return where the name after a cue ends, or 0 when what stands there is no name."""
    found = NAME.match(text, start)
    end = read_end(text, start, found.end(), known) if found else 0
    if not found and known.lower:
        end = lower_end(text, start)
    return end if end and (known.after is None or known.after.match(text, end)) else 0


def read_end(text: str, start: int, limit: int, known: Cue) -> int:
    """Return where a name in capitals ends: before the first word that belongs to none."""
    end = words = 0
    civil = CIVIL.search(text, max(0, start - 6), start) is not None
    for part in PARTS.finditer(text, start, limit):
        word = bare(part.group())
        if word in ORGANISATION and not civil and (words or known.rule != "title"):
            return 0
        if word in STOP and not INITIALS.fullmatch(part.group()):
            break
        words += part.group()[0].isupper()
        end = part.end()
    name = text[start:end]
    if follows(text, end) in ORGANISATION or words < known.least or len(name) < 2 or (len(name) < 4 and name.isupper()):
        return 0
    return end - len(possessive(name))


def bare(word: str) -> str:
    """Return a word in lower case without a possessive and the marks after it."""
    return word.removesuffix("'s").rstrip(".,'").lower()


def possessive(name: str) -> str:
    return "'s" if name.endswith("'s") else ""


def follows(text: str, end: int) -> str:
    """Return the capitalised word right after a name, in lower case: "Jenner's Hospital" is no person."""
    found = NEXT.match(text, end)
    return found.group(1).lower() if found else ""


def lower_end(text: str, start: int) -> int:
    """Return where a name without capitals ends: two or three words up to the end of a clause, none a common one."""
    found = LOWER_NAME.match(text, start)
    if not found or not STOP.isdisjoint(re.split(r"[ -]", found.group())):
        return 0
    return found.end()
