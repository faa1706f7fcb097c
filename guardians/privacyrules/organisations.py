"""Organisations: names in capitals with a legal form, a word such as "University", or where somebody works."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from guardians.privacyrules.capitals import Capitals, Run, Word
from guardians.privacyrules.names import listed
from guardians.privacyrules.sightings import Sighting

# Legal forms, as each country abbreviates them. Those of two letters need a name before them that is no word.
FORM = re.compile(
    r",? (?:(?:& )?Co\.?,? )?(?:(?:Pvt|Pte|Pty|Private|Proprietary)\.? )?"
    r"(?:Ltd|Limited|Inc|Incorporated|LLC|L\.L\.C|LLP|PLC|plc|Corp|Corporation|PBC"
    r"|GmbH(?: & Co\.? ?(?:KGaA|KG|OHG))?|mbH|KGaA|OHG|e\. ?V|S\.A\.S|SAS|S\.A|SARL|S\.?[Rr]\.?[Ll]|S\.?[Pp]\.?A"
    r"|N\.?V|B\.?V|V\.O\.F|A/S|ApS|ASA|Oyj?|Lda|Ltda|S\.L|Sp\. ?z ?o\. ?o|s\.r\.o|a\.s|d\.o\.o|Kft|Zrt|Nyrt|OOO"
    r"|Sdn\.? Bhd|Bhd|K\.K|Pvt|(?P<short>AG|KG|UG|SA|AB|Co))(?!\w)(?:(?<![A-Z])\.|(?<=\.[A-Z])\.)?"
)
FORMS = frozenset({"ltd", "inc", "llc", "llp", "plc", "gmbh", "corp", "limited", "incorporated"})
# A run that holds one of these is an organisation's name, whatever its other words are.
KIND = listed("""
    university college hospital clinic infirmary institute institution academy bank ministry department agency
    commission council association foundation society union federation group holdings partners company corporation
    insurance airlines airways museum laboratories laboratory systems solutions technologies industries
    pharmaceuticals authority trust ltd inc llc llp plc gmbh corp limited
    universitat universite universidad universidade universita universiteit uniwersytet universitet klinikum
    krankenhaus hopital ospedale szpital clinica banco banque banca ministerio ministere ministerium instituto institut
    grupo gruppo groupe gruppe fundacion fondation stiftung sparkasse versicherung verlag
""")
# One that ends in one of these is where the words before it are not all common ones.
TRADE = listed("""
    services service consultancy consulting consultants associates logistics textiles foods motors energy electric
    pharma media press books studios studio software networks network telecom communications healthcare health care
    capital ventures enterprises international stores airlines hotel hotels restaurant cafe bakery builders construction
    engineering electronics chemicals steel mining oil gas petroleum power railways transport shipping properties
    estates investments securities finance financial advisors advisers records pictures films entertainment games labs
    tech digital interactive home homes centre center practice surgery pharmacy dental school schools church club fund
    charity league orchestra theatre gallery court police bureau board brothers sons
""")
FIRM = re.compile(r"[A-Z](?<!\w[A-Z])[a-z]{2,20}(?:-[A-Z][a-z]{2,20})?, [A-Z][a-z]{2,20} and [A-Z][a-z]{2,20}(?!\w)")
AT_FIRM = re.compile(r"(?i:\b(?:at|for|with|by|of|from|firm)) $")
LAWYERS = re.compile(r",? (?:solicitors|attorneys|lawyers|barristers|accountants|architects|notaries|LLP)\b")
OF = re.compile(r" (?:of|de|di|for) (?:the |la )?")
JOINED = re.compile(r" (?:&|and|und|et|y|e|en) ")
BEFORE = re.compile(
    r"(?i:\b(?:(?:work|consult|intern|volunteer)(?:s|ed|ing)? (?:at|for|with)|employed (?:by|at)|employees? of"
    r"|employer(?: is| was)?[:,]?|(?:fired|paid|insured|owned|acquired|sued|operated|issued) by"
    r"|(?:job|career|role|position|internship|account|contract|interview|shift|year|team) (?:at|with)"
    r"|(?:shares|stake|stock) (?:of|in)|(?:subsidiary|division|branch|customers?|clients?) of"
    r"|(?:ceo|cto|cfo|founder|chairman|chairwoman|president|partner|manager|engineer|analyst|lawyer|nurse|developer"
    r"|director|spokes(?:man|woman|person)|representative|colleagues?) (?:of|at|for|with|from)"
    r"|supplier|vendor|(?:company|firm|start-?up|brand)(?: called| named)?|retailer|manufacturer|airline|insurer|broker"
    r"|(?:banks?|banking|insured|registered) with|(?:invoice|order|ordered|bought|purchased|delivery|refund) from"
    r"|(?:studie[ds]|studying|enrolled|educated|admitted|treated|teaches|taught) at|graduated from|degree from"
    r"|discharged (?:to|from)|transferred (?:to|from)|(?:organi[sz]ation|company|employer)(?: name)?:)) (?:the )?$"
)
AFTER = re.compile(
    r"(?:'s)? (?:(?:office|headquarters|head office|branch|subsidiary|spokes(?:man|woman|person)|ceo|CEO|employees"
    r"|shares|shareholders|customers|app|website|board)\b|(?P<did>announced|acquired|invested|launched|manufactures|employs"
    r"|merged|is (?:headquartered|the brainchild|a (?:company|firm|start-?up|bank|charity))|was (?:founded|acquired)))"
)
# What an organisation's word also begins: "National Insurance number".
PART_OF = re.compile(r" (?:number|no|nr|card|contributions?|id|code|details)\b")
# Above the place that stands in it; above one that is found, and above a single name.
OF_SURE, SURE, LIKELY, CUED, ADDRESSEE = 0.8, 0.76, 0.76, 0.62, 0.58
CUE_LIMIT = 48
# What the cues end in: most words before a run are none of these, and are not looked at any further.
LAST = listed("""
    at for with by of in from to is was the called named supplier vendor company firm start-up startup brand retailer
    manufacturer airline insurer broker
""")
LINE_LIMIT = 100
MARKS = r"[ \t>?*|-]{0,8}"
ABOVE = re.compile(rf"(?:^|\n){MARKS}([^\W\d][^\n:;,]{{1,60}}?),?[ \t]*(?:\n{MARKS}){{1,2}}$")
LEADING = listed("the a an this that our your my at in of for by with from")


def seen(found: Capitals) -> Iterator[Sighting]:
    """Yield the organisations of a text's runs."""
    before: Run | None = None
    for run in found.runs:
        named = of_form(run, before, found) or of_kind(run, found) or of_cue(run, found)
        if named:
            yield named
        before = run
    for head, rest in pairwise(found.runs):
        if any(word.lower in KIND for word in (head.words[0], head.words[-1])) and OF.fullmatch(
            found.text[head.end : rest.start]
        ):
            start = head.words[first(head.words)].start
            yield Sighting("privacy.organisation.of", "ORGANIZATION", start, rest.end, OF_SURE)
    yield from firms(found.text)


def firms(text: str) -> Iterator[Sighting]:
    """Yield the firms that are named after three people."""
    for firm in FIRM.finditer(text):
        if AT_FIRM.search(text[max(0, firm.start() - 6) : firm.start()]) or LAWYERS.match(text, firm.end()):
            yield Sighting("privacy.organisation.firm", "ORGANIZATION", firm.start(), firm.end(), SURE)


def of_form(run: Run, before: Run | None, found: Capitals) -> Sighting | None:
    """Return the name that a legal form ends, with what an ampersand joins to it."""
    for place, word in enumerate(run.words):
        form = FORM.match(found.text, word.end)
        if form and not (form["short"] and (word.common or word.place)):
            begin = first(run.words[: place + 1])
            start = run.words[begin].start
            if before is not None and begin == 0 and is_joined(before, run, found):
                start = before.words[first(before.words)].start
            return Sighting("privacy.organisation.form", "ORGANIZATION", start, form.end(), SURE)
    if len(run.words) > 1 and run.words[-1].lower.rstrip(".") in FORMS:
        return Sighting("privacy.organisation.form", "ORGANIZATION", run.words[first(run.words)].start, run.end, SURE)
    return None


def is_joined(before: Run, run: Run, found: Capitals) -> bool:
    between = found.text[before.end : run.start]
    return between == " & " or (
        JOINED.fullmatch(between) is not None and len(before.words) == 1 and not before.words[0].first
    )


def of_kind(run: Run, found: Capitals) -> Sighting | None:
    words = run.words
    if len(words) < 2 or found.plain or PART_OF.match(found.text, run.end):
        return None
    begin = first(words)
    named = [word for word in words[begin:-1] if not word.common]
    somebody = len(words) == 2 and words[0].first and not words[0].common
    sure = any(word.lower in KIND for word in words)
    if begin < len(words) - 1 and (sure or (words[-1].lower in TRADE and named and not somebody)):
        return Sighting("privacy.organisation.kind", "ORGANIZATION", words[begin].start, run.end, LIKELY)
    return None


def of_cue(run: Run, found: Capitals) -> Sighting | None:
    """Return what stands where an organisation does: no place, nobody with a first name, no common words alone."""
    words = run.words
    head = words[first(words)]
    alone = len(words) == 1
    if found.plain or (head.first and not head.common) or all(word.common for word in words) or (alone and head.place):
        return None
    after = AFTER.match(found.text, run.end)
    before = found.text[max(0, head.start - CUE_LIMIT) : head.start]
    last = before.split()[-1:]
    cued = bool(last) and (last[0] in LAST or last[0][-1] in ":,") and BEFORE.search(before) is not None
    if cued or (after and not (after["did"] and alone and head.last)):
        return Sighting("privacy.organisation.cued", "ORGANIZATION", head.start, run.end, CUED)
    return None


def addressees(found: Capitals, streets: Sequence[Sighting]) -> Iterator[Sighting]:
    """Yield what fills the line above an address: whoever is no person there is an organisation or a house."""
    heads = {run.start: run for run in found.runs}
    for street in streets:
        above = ABOVE.search(found.text[max(0, street.start - LINE_LIMIT) : street.start])
        run = heads.get(above.start(1) + max(0, street.start - LINE_LIMIT)) if above else None
        if above and run and run.end - run.start == len(above.group(1)) and any(not word.common for word in run.words):
            yield Sighting("privacy.organisation.addressee", "ORGANIZATION", run.start, run.end, ADDRESSEE)


def first(words: Sequence[Word]) -> int:
    """Return where the name begins: after an article."""
    return int(len(words) > 1 and words[0].lower in LEADING)
