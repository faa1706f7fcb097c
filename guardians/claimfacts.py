"""What the policy packs need to know of a claim, read from its words: its domain, what it does, whom it is about.

Word lists of English, so a claim in other words is missed: the packs' rules on claims are a net, not a wall.
"""

import re
from collections.abc import Iterator

MEDICAL = "medical"
FINANCE = "finance"
DOMAINS = {
    MEDICAL: ("mg", "dose", "patient", "drug", "treatment", "surgery", "anticoag", "diagnos", "therapy", "bleeding"),
    FINANCE: ("invest", "return", "interest rate", "portfolio", "loan", "fund", "share price", "dividend"),
}


def words(*parts: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(parts)})\b", re.IGNORECASE)


# A guideline says what is done; advice says it to somebody.
ADDRESSED = re.compile(
    r"\b(?:you|your|yours|yourself)\b|^\s*(?:take|stop|start|use|apply|inject|swallow|increase|reduce|double|skip)\b",
    re.IGNORECASE,
)
ADVICE = {
    "diagnosis": words(
        r"you(?: probably| likely| may| might| certainly)? have",
        r"you(?: are|'re) (?:suffering|likely to have|diabetic|anaemic|anemic|depressed|pregnant)",
        r"your (?:symptoms?|results?|scan|rash|pain)\b.{0,40}\b(?:suggests?|indicates?|means?|points? to)",
        r"diagnos\w+",
    ),
    "dosage": re.compile(
        r"\d\s*(?:mg|mcg|µg|ug|g|ml|iu|units?|tablets?|pills?|capsules?|drops?|puffs?|sachets?)\b"
        r"|\b(?:one|two|three|half an?|another) (?:tablets?|pills?|capsules?|drops?|puffs?|sachets?|doses?)\b",
        re.IGNORECASE,
    ),
    "treatment": words(
        "take", "taking", "stop", "start", "treat", "treatment", "therapy", "surgery", "medication", "medicines?",
        "antibiotics?", "inject", "apply", "swallow",
    ),
}  # fmt: skip
INVESTING = words(
    "invest\\w*", "funds?", "portfolios?", "shares?", "stocks?", "bonds?", "dividends?", "etfs?", "securities"
)
MONEY = {
    "guarantee": re.compile(
        r"(?<!not )(?<!no )(?<!never )\bguarante(?:e|es|ed)\b|\b(?:risk[- ]free|cannot lose|no risk)\b", re.IGNORECASE
    ),
    "promissory": words(
        r"will (?:certainly |surely |definitely |always )?"
        r"(?:rise|double|triple|return|earn|grow|gain|outperform|deliver|pay out|increase|beat)"
    ),
    "exaggerated": words(
        "unbeatable", "unmatched", "never lost", "always outperforms?", "once in a lifetime", "the best \\w+",
        "extraordinary", "sensational",
    ),
    "projection": words(
        r"(?:expected|projected|forecast|forecasted|predicted|estimated) (?:to |annual |yearly )?\w*",
        r"will (?:reach|hit|exceed) ",
    ),
    "recommendation": re.compile(
        r"\b(?:you|investors?|clients?|customers?) (?:should|ought to|must) (?:buy|sell|hold|invest|switch|keep)\b"
        r"|\bwe (?:recommend|advise|suggest)\b|\bis a (?:good|strong|clear) (?:buy|investment)\b"
        r"|^\s*(?:buy|sell|invest)\b",
        re.IGNORECASE,
    ),
    "benefit": words("returns?", "returned", "yields?", "yielded", "profits?", "gains?", "gained", "outperform\\w*"),
    "risk": words("risks?", "risky", "lose", "loses?", "loss(?:es)?", "volatil\\w+", "fall in value", "not guaranteed"),
}  # fmt: skip
TOPICS = {
    "health": words(
        "health", "illness", "disease", "diagnos\\w+", "cancer", "diabet\\w+", "depress\\w+", "hiv", "pregnan\\w+",
        "disabilit\\w+", "disabled", "medication", "treated for", "allerg\\w+", "asthma\\w*", "epilep\\w+",
    ),
    "ethnicity": words("ethnic\\w*", "racial", "race", "skin colou?r", "roma", "sinti", "ancestry"),
    "religion": words(
        "religio\\w+", "muslims?", "christians?", "jewish", "jews?", "hindus?", "buddhists?", "catholics?",
        "protestants?", "atheists?", "mosque", "synagogue", "church",
    ),
    "politics": words("voted for", "votes for", "political\\w*", "member of the \\w+ party", "socialists?"),
    "union": words("trade unions?", "union members?", "unionised", "unionized"),
    "sex_life": words("gay", "lesbian", "bisexual", "homosexual", "heterosexual", "sexual orientation", "sex life"),
    "biometric": words("fingerprints?", "iris scan", "face print", "faceprint", "voice print", "voiceprint"),
    "genetic": words("genetic\\w*", "genome", "dna", "brca\\d?", "mutation"),
}  # fmt: skip
PERSON = re.compile(
    r"(?i:\b(?:he|she|him|his|her|hers)\b)"
    r"|\b[Tt]his (?:patient|applicant|candidate|employee|customer|claimant|tenant|student|person|man|woman|child)\b"
    r"|\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? [A-Z]",
)


def domain_of(text: str) -> str:
    """Return the domain whose words a claim uses most, or the empty text."""
    lowered = text.lower()
    counts = {domain: sum(word in lowered for word in found) for domain, found in DOMAINS.items()}
    domain = max(counts, key=lambda name: counts[name])
    return domain if counts[domain] else ""


def flags_of(text: str) -> list[str]:
    """Return what a claim does, in the words of the fact ``flags`` of a claim, in alphabetical order."""
    return sorted({*advice(text), *promotion(text)})


def advice(text: str) -> Iterator[str]:
    if ADDRESSED.search(text):
        yield from (flag for flag, pattern in ADVICE.items() if pattern.search(text))


def promotion(text: str) -> Iterator[str]:
    if INVESTING.search(text):
        yield from (flag for flag, pattern in MONEY.items() if pattern.search(text))


def topic_of(text: str) -> str:
    """Return the special category of personal data that a claim speaks of, or the empty text."""
    return next((topic for topic, pattern in TOPICS.items() if pattern.search(text)), "")


def is_about_person(text: str) -> bool:
    """Tell whether a claim speaks of one person by a pronoun, a title or a pointing word. Names are Privacy's work."""
    return PERSON.search(text) is not None


def described(text: str, *, named: bool = False) -> dict[str, object]:
    """Return the facts of a claim that its words tell.

    Args:
        named: whether Privacy found a person in it.
    """
    flags = flags_of(text)
    domain = domain_of(text)
    if not domain and flags:
        domain = MEDICAL if set(flags) & set(ADVICE) else FINANCE
    return {
        "domain": domain,
        "topic": topic_of(text),
        "about_person": named or is_about_person(text),
        "flags": flags,
    }
