"""Words by which true claims are changed. Data only, and the benchmark's own.

No pair and no template stands in tests/evidence/perturbations.py, by which the gate was calibrated: a test holds that.
The opposites were written without evidence/language/lexicon.py; ``python -m benchmarks.perturbing`` says how many of
the words both know.
"""

import re


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def table(text: str) -> dict[str, tuple[str, ...]]:
    """Read "old > new, other new; old > new"."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in " ".join(text.split()).split("; "):
        old, new = pair.split(" > ")
        found[old] = tuple(new.split(", "))
    return found


def both_ways(text: str) -> dict[str, tuple[str, ...]]:
    """Read "left/right left/right", each the opposite of the other."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in text.split():
        left, right = (side.replace("_", " ") for side in pair.split("/"))
        found[left] = (*found.get(left, ()), right)
        found[right] = (*found.get(right, ()), left)
    return found


MONTHS = tuple(
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CARDINALS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
}  # fmt: skip
ORDINALS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9}

UNITS = table("""
    metres > kilometres, feet; meters > kilometers, feet; kilometres > metres, miles; kilometers > meters, miles;
    km > m, miles; miles > yards, kilometres; mile > kilometre; feet > yards, metres; foot > metre; inches > feet;
    inch > foot; yards > miles; acres > hectares, square miles; acre > hectare; hectares > acres;
    pounds > tons, ounces; ounces > pounds; tons > pounds; tonnes > kilograms; kg > tonnes; kilograms > grams;
    seconds > minutes; minutes > seconds, days; minute > second; hours > minutes, weeks; hour > minute, week;
    days > weeks, years; day > week, year; weeks > years, days; week > month; months > years, decades; month > year;
    years > decades, weeks; year > week, decade; decades > years, centuries; million > billion, thousand;
    billion > million, trillion; thousand > million; mph > km/h; percent > per mille; per cent > per mille;
    degrees > radians; megawatts > gigawatts; MW > GW; MB > GB; GB > TB; dollars > euros, yen; euros > dollars;
    cents > dollars; pence > pounds
""")
CURRENCIES = {"$": ("€", "£"), "£": ("$", "€"), "€": ("$", "£")}

OPPOSITES = {"born": ("killed",)} | both_ways("""
    founded/dissolved founded/disbanded launched/shelved released/withdrawn joined/quit debut/farewell
    largest/smallest biggest/smallest tallest/shortest longest/shortest oldest/youngest highest/lowest most/least
    older/younger successful/unsuccessful popular/unpopular famous/obscure praised/condemned acclaimed/panned
    positive/scathing amateur/professional fictional/real fiction/non-fiction comedy/tragedy hero/villain
    prequel/sequel ally/rival winner/loser won/lost win/lose defeated/surrendered_to victory/loss gold/bronze
    senior/junior ancient/modern former/current retired/active employed/unemployed appointed/removed elected/ousted
    hired/sacked promoted/demoted increased/dropped increase/drop rose/sank growth/decline
    expanded/downsized opened/shut open/shut started/finished began/concluded beginning/conclusion arrived/left
    returned/departed acquired/sold bought/sold accepted/turned_down approved/vetoed agreed/declined
    supported/opposed supports/opposes support/opposition supporting/opposing allowed/banned permitted/outlawed
    legal/illegal guilty/innocent convicted/cleared alive/dead wife/ex-wife married/divorced daughter/son
    sister/brother mother/father aunt/uncle women/men woman/man male/female girls/boys girl/boy
    king/queen prince/princess north/south northern/southern northwest/southeast east/west eastern/western
    western/eastern inland/coastal urban/rural underground/elevated outdoor/indoor public/private
    domestic/international foreign/local free/paid low-cost/expensive cheap/expensive early/late
    earlier/later first/final opening/closing front/back upper/lower top/bottom above/beneath inside/outside
    best/worst better/worse good/bad great/terrible strong/feeble strength/weakness healthy/sick safe/risky
    complete/unfinished full/partial permanent/provisional temporary/lasting new/old same/different together/apart
    include/omit includes/omits included/omitted including/excluding added/deleted remained/ceased keep/discard
    love/hatred loved/hated like/detest likes/detests easy/hard hot/cold light/dark day/night summer/winter
    spring/autumn day-time/night-time minority/majority rich/poor friend/foe protagonist/antagonist
    offensive/defensive attacked/defended pro/anti peace/war civilian/military peaceful/violent
    reveals/conceals revealed/concealed known/unknown confirmed/refuted true/untrue succeeded/failed
    success/flop failure/triumph failed/managed lead/supporting live-action/animated solo/joint
    vocal/instrumental loud/quiet fast/sluggish short/lengthy wide/narrow
""")

AUXILIARIES = table("""
    is > isn't, is by no means; was > wasn't, was never; are > aren't; were > weren't, were never; has > hasn't;
    have > haven't; had > hadn't; will > won't; can > cannot; could > couldn't; would > wouldn't
""")
# Takes the denial out of a claim that holds one.
AFFIRMED = table("""
    was not > was; were not > were; has not > has; have not > have; had not > had; did not have > had;
    did not > did; does not have > has; cannot > can; never > always; refused to > agreed to; failed to > managed to;
    unable to > able to
""")
PASTS = table("""
    won > win; produced > produce; directed > direct; wrote > write; played > play; starred > star; became > become;
    began > begin; released > release; opened > open; returned > return; moved > move; signed > sign; joined > join;
    received > receive; attended > attend; appeared > appear; founded > found; created > create; made > make;
    performed > perform; recorded > record; published > publish; served > serve; worked > work; lived > live;
    died > die; left > leave; married > marry; co-wrote > co-write; voiced > voice; hosted > host; featured > feature;
    ended > end; finished > finish; launched > launch; supported > support; started > start; took > take; sold > sell;
    led > lead; lost > lose; accepted > accept; announced > announce; acquired > acquire; contained > contain;
    graduated > graduate; competed > compete; expressed > express; decided > decide; said > say; built > build
""")

FORCES = table("""
    some > all; many > all, no; most > all; several > all; numerous > all; few > most;
    part of > all of; parts of > all of; one of the > the only one of the; one of > the only one of;
    often > always; usually > invariably; sometimes > always; frequently > always; generally > always; rarely > often;
    mainly > exclusively; mostly > exclusively; primarily > exclusively; largely > entirely; partly > wholly;
    may > will certainly; might > will definitely; could > had to; can > has to; should > is obliged to;
    probably > certainly; likely > certain; possibly > definitely; reportedly > demonstrably; allegedly > verifiably;
    planned to > was obliged to; at least > exactly; about > exactly; around > exactly; approximately > exactly;
    nearly > more than; almost > more than; certain > all; various > all; such as > exclusively; including > solely
""")
# Inserted after the verb, where a claim has none of the words above.
SOLE = table("is a > is the only; is an > is the only; was a > was the only; was an > was the only")
SOLELY = ("exclusively", "solely")

HELD = re.compile(
    r"\b(?:not|never|no|nor|neither|none|nobody|nothing|without|only|exclusively|solely|zero|failed|refused|unable|"
    r"hardly|barely|incapable|cannot|avoided|yet)\b|n't\b|n’t\b",
    re.IGNORECASE,
)

DETAILS = (
    "with the help of a retired engineer", "at the request of a cousin", "during a visit to Lisbon",
    "against the advice of the accountants", "after a bet with a neighbour", "in front of forty journalists",
    "under a contract signed in Zagreb", "for a fee of 300 guineas", "on the advice of a chess champion",
    "in spite of a broken wrist", "at a ceremony held in a lighthouse", "with money from a shipping company",
    "in honour of a childhood teacher", "on a stormy Thursday evening", "by order of the harbour board",
    "with a loan from a Norwegian bank", "in a converted tannery", "because of a dispute with the landlord",
    "following a petition by local beekeepers", "thanks to a grant from a brewery",
)  # fmt: skip

# Relations that hold both ways, or names of one thing.
SYMMETRIC = re.compile(
    r"\b(?:with|met|married|marries|versus|vs|alongside|between|related|near|like|equals?|same|aka|is|are|was|were)"
    r"(?: the| a| an)?\s*$|[,;:()]|\b(?:and|or|as|known|called|named|titled|than|both)\b",
    re.IGNORECASE,
)
