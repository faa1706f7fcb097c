"""Forbidden content: what nobody may ask for, as rules that can be read one by one.

A rule fires on somebody *asking* for a harmful thing to be made or done, not on a text *about* it. A form of asking,
a verb and its object have to stand within a few words, none of which turns the meaning round ("safe from", "prevent",
"policy"); so prevention, treatment, detection, law, history and news pass. That leaves much out, on purpose: a veto
is for what is plain, a request in guarded words is for people and for guardians that weigh.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardians.safetyrules.harmwords import (
    ANY_WAY,
    ASKS,
    CHILD,
    CHILD_IMAGES,
    DOES,
    EXPLOSIVE,
    FIREARM,
    ILLEGAL_DRUG,
    MAKES,
    MALICIOUS,
    MASS_WEAPON,
    OTHERS_ACCOUNT,
    PERSON,
    PRIVATE,
    SEXUAL,
    SUICIDE,
    SUICIDE_PLAINLY,
    WRITES,
    Harm,
    phrase,
)

# What may follow the name of a harmful thing when the thing is studied, found or fought.
FOUGHT = r"""
    (?! (?:threats?|squads?|disposal|detect[a-z]*|shelters?|scares?|alerts?|search|calorimet[a-z]*|cyclones?|proof
    |rules?|signatures?|scann[a-z]*|analys[a-z]*|remov[a-z]*|protect[a-z]*|prevent[a-z]*|polic(?:y|ies)|awareness|training
    |simulat[a-z]*|playbooks?|respon[a-z]*|reports?|infections?|defen[a-z]*|recover[a-z]*|insurance|incidents?
    |vaccin[a-z]*|antitoxins?|antidotes?|tests?|assays?|exercises?|filter[a-z]*|weld[a-z]*|infusions?|patch(?:es)?
    |syringes?|drips?|bolus(?:es)?|overdos[a-z]*|poisoning|dashboards?|statistics|diagrams?|education|quiz(?:zes)?
    |mocktails?|sniff[a-z]*|dogs?|suits?|survivors?|victims?|antisera|serum|lozenges?|lessons?)\b)
"""


@dataclass(frozen=True, slots=True)
class HarmRule:
    """One thing nobody may ask for.

    Attributes:
        needs: pieces of words, one of which is in whatever the pattern matches; they are found faster than it is.
    """

    id: str
    harm: Harm
    pattern: re.Pattern[str]
    needs: tuple[str, ...]

    def may_fire(self, text: str) -> bool:
        return any(needed in text for needed in self.needs)


@dataclass(frozen=True, slots=True)
class Asked:
    """A place in a folded, lower-case text where something forbidden is asked for; never empty."""

    rule: HarmRule
    start: int
    end: int


def asked(text: str) -> Iterator[Asked]:
    """Yield each place where a folded, lower-case text asks for forbidden content. Linear in its length."""
    for known in HARM_RULES:
        if known.may_fire(text):
            for found in known.pattern.finditer(text):
                yield Asked(known, found.start(), found.end())


def rule(name: str, harm: Harm, source: str, *, needs: str) -> HarmRule:
    pattern = re.compile(rf"\b(?:{phrase(source)})", re.MULTILINE)
    return HarmRule(f"harm.{name}", harm, pattern, needs=tuple(needs.split()))


HARM_RULES: tuple[HarmRule, ...] = (
    rule(
        "explosives",
        Harm.WEAPONS,
        rf"""
        (?:{ASKS}(?:{MAKES}|rig|plant|set off|detonate)|{WRITES}) ~4 (?:{EXPLOSIVE})\b{FOUGHT}
        """,
        needs="""
        bomb ied explosive napalm thermite nitroglycerin tatp petn rdx semtex gelignite molotov grenade detonator mine
        """,
    ),
    rule(
        "firearms",
        Harm.WEAPONS,
        rf"""
        (?:{ASKS}(?:{MAKES}|print|buy|get)|{WRITES}) ~3 (?:{FIREARM})\b{FOUGHT}
        |{ASKS}(?:convert|modify|turn|change) ~6 (?:to|into) ~2
        (?:full auto|fully automatic|full automatic)\b
        """,
        needs="gun pistol rifle firearm auto",
    ),
    rule(
        "mass_weapons",
        Harm.MASS_WEAPONS,
        rf"""
        (?:{ASKS}(?:{MAKES}|culture|cultivate|grow|weaponi[sz]e|aerosoli[sz]e|extract|brew|release|spread|disperse)
        |{WRITES}) ~4 (?:{MASS_WEAPON})\b{FOUGHT}
        """,
        needs="sarin novichok tabun soman vx gas nerve ricin anthrax smallpox botulinum weapon bomb cyanide",
    ),
    rule(
        "drugs",
        Harm.DRUGS,
        rf"""
        (?:{ASKS}(?:cook|synthesi[sz]e|make|manufacture|produce|extract|brew)|{WRITES}) ~3 (?:{ILLEGAL_DRUG})\b{FOUGHT}
        """,
        needs="meth amphetamine heroin fentanil fentanyl cocaine lsd mdma ghb dmt",
    ),
    rule(
        "suicide_method",
        Harm.SELF_HARM,
        rf"""
        (?:how|what|which|where) ~9 (?:{SUICIDE})\b
        |(?:{ANY_WAY}) ~2 (?:to|of|for|on) (?:how to )?~2 (?:{SUICIDE_PLAINLY})\b
        |{ASKS}(?:{SUICIDE_PLAINLY})\b
        |(?:painless|painful|fastest|quickest|surest) ~1 (?:ways?|methods?) (?:to|of) (?:die|dying)\b
        """,
        needs="self life death wrist suicide overdose die dying",
    ),
    rule(
        "suicide_of_others",
        Harm.SELF_HARM,
        rf"""
        {ASKS}(?:convince|persuade|encourage|push|drive|talk|make|get) ~4 (?:to|into) ~1
        (?:kill(?:ing)? (?:himself|herself|themselves)|commit(?:ting)? suicide|suicide|hurt (?:himself|herself))\b
        """,
        needs="self selves suicide",
    ),
    rule(
        "violence",
        Harm.VIOLENCE,
        rf"""
        {ASKS}(?:kill|murder|poison|assassinate|strangle|stab|kidnap|abduct|torture|rape|drug) ~1 (?:{PERSON})\b
        |{ASKS}(?:{DOES}) ~3 (?:murder|assassination|mass shooting|school shooting|terror attack
        |terrorist attack|bombing|massacre|kidnapping)\b{FOUGHT}
        |{ASKS}(?:hire|find|pay) ~2 (?:hitman|hit man|contract killer|assassin)\b
        """,
        needs="""
        kill murder poison assassin strangle stab kidnap abduct torture rape drug shooting attack bombing massacre
        hitman man killer
        """,
    ),
    rule(
        "malware",
        Harm.MALWARE,
        rf"""
        (?:{ASKS}(?:{MAKES}|write|code|program|develop|deploy|spread)|{WRITES}) ~4 (?:{MALICIOUS})\b{FOUGHT}
        |{ASKS}(?:launch|start|carry out|conduct|run) ~2 (?:ddos|denial of service|ransomware) (?:attacks?)\b{FOUGHT}
        """,
        needs="malware ware keylogger trojan kit virus worm botnet stealer ddos denial",
    ),
    rule(
        "phishing",
        Harm.CREDENTIALS,
        rf"""
        (?:{ASKS}(?:{MAKES}|write|draft|set up|clone|host|send)|{WRITES}) ~4
        (?:(?:spear )?phishing|smishing|fake login|fake bank|credential harvesting) ~1
        (?:e ?mails?|mails?|messages?|pages?|sites?|websites?|sms|texts?|campaigns?|kits?|forms?|links?)\b{FOUGHT}
        """,
        needs="phishing smishing login bank harvest",
    ),
    rule(
        "theft_of_credentials",
        Harm.CREDENTIALS,
        rf"""
        {ASKS}(?:steal|harvest|phish|skim|sniff|hijack|grab) ~4 (?:{PRIVATE})\b{FOUGHT}
        |{ASKS}(?:hack|hack into|hijack|break into|spy on|crack) (?:{OTHERS_ACCOUNT})\b
        |{ASKS}(?:access|open|read|log into|get into) ~4 (?:account|phone|e ?mails?|messages|computer|icloud) ~2
         without (?:her|him|his|their|them) (?:knowing|knowledge|consent|permission|noticing)\b
        """,
        needs="steal harvest phish skim sniff hijack grab hack break spy crack without",
    ),
    rule(
        "child_abuse",
        Harm.CHILD_ABUSE,
        rf"""
        (?:{SEXUAL})(?: (?:about|of|with|between|involving|for))? ~6 (?:{CHILD})\b
        |(?:{ASKS}|where (?:can|do|could) i |where to |i (?:want|need) )~2 (?:download|find|get|buy|watch|see|share
        |trade|view|access|make|create|send|generate|produce) ~2 (?:{CHILD_IMAGES})\b{FOUGHT}
        |{ASKS}(?:groom|seduce|molest|sexually abuse) ~3 (?:{CHILD})\b
        """,
        needs="child minor kid age toddler teen infant girl year csam",
    ),
)
