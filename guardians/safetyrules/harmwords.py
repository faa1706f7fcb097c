"""The words of the rules on forbidden content: how people ask, what is made, and what turns the meaning round.

In a pattern a blank stands for whatever may separate two words of one sentence, and ``~3 `` for up to three words
that do not turn the meaning round. Every repetition is bounded, so no text can make a rule run away.
"""

import re
from enum import StrEnum

from guardians.safetyrules.weightedrules import joined

# The end of a sentence separates; a rule never reaches over it.
BLANK = r"(?:(?![.!?;]\s)[\W_]){1,4}"
SKIPPED = re.compile(r"~(\d) ?")


class Harm(StrEnum):
    """What kind of harm a rule is about; the kind of its findings."""

    WEAPONS = "HARM_WEAPONS"
    MASS_WEAPONS = "HARM_MASS_WEAPONS"
    DRUGS = "HARM_DRUGS"
    SELF_HARM = "HARM_SELF_HARM"
    VIOLENCE = "HARM_VIOLENCE"
    MALWARE = "HARM_MALWARE"
    CREDENTIALS = "HARM_CREDENTIALS"
    CHILD_ABUSE = "HARM_CHILD_ABUSE"


TURNS = joined("""
    against|from|without|safe|safely|prevent[a-z]*|avoid[a-z]*|detect[a-z]*|recogni[sz][a-z]*|treat[a-z]*|stop[a-z]*
    |protect[a-z]*|defend[a-z]*|report[a-z]*|polic(?:y|ies)|about|sense|novel|stor(?:y|ies)|film|movie|game|history|not
    |never|who|whose|which|when|while|if|because|of|help[a-z]*|friends?|talk[a-z]*|cope|coping|resist[a-z]*|urges?
    |thoughts?|feel[a-z]*|wants?|wanting|wish(?:es)?|bath|seed|glitter|photo|cherry|yarn|logic|zip|fork|smoke|fizz
    |chocolate|rule|rules|up|risk|risks|symptoms?|signs?|dashboard|poster|presentation|essay|summary|overview|law|laws
    |rid|disarm[a-z]*|defus[a-z]*|survive[a-z]*|tried|trying|attempt[a-z]*|says?|said|threat[a-z]*|suspects?|suspected
""")


def phrase(source: str) -> str:
    """Return the pattern of a source in the notation of this module."""
    passed = rf"(?:(?!(?:{TURNS})\b)[a-z0-9]{{1,30}}{BLANK}){{0,"
    spread = SKIPPED.sub(lambda found: f"{passed}{found[1]}}}", joined(source).replace(" ?", f"(?:{BLANK})?"))
    return spread.replace(" ", BLANK)


ASKS = joined("""
    (?:how (?:do|can|could|would|should|might|may|does) (?:i|we|you|one|someone|somebody|anyone|a person) ~1
    |how (?:exactly |best )?(?:to|2) ~1 |(?:teach|show|tell|help) (?:me|us) ~1 (?:to |how to )?
    |(?:i|we) (?:want|need|would like|wish|plan|am going|intend) to ~1 |(?:i|we).(?:d like|m going) to ~1
    |(?:i|we) (?:wanted|had|have|decided|choose) to ~1 |so (?:that )?(?:i|we) (?:can|could|may) ~1
    |(?:assist|coach|support|advise) (?:me|us) ~1 (?:to|in|on) ~1 |(?:help|advice|assistance|someone|somebody) to ~1
    |i (?:wanna|gonna) ~1 |(?:^|[.!?:;]\\s)[\\W_]{0,4}(?:need|want|wanna)(?: to)? ~1
    |(?:i am|i.m) (?:an? )?~3 and (?:want|need|have|plan|wish) to ~1 |(?:things|tools|materials|parts) ~3 (?:to|for) ~1
    |(?:do|should|would|must) (?:i|we|you) (?:need|use|take|buy) to ~1 |(?:needed|required|necessary) to ~1
    |(?:can|could|will|would) you (?:please )?(?:help (?:me|us) )?
    |(?:way|ways|method|methods|steps|instructions|guide|recipe|plan|tutorial|procedure) ~1 (?:to|for|on) (?:how to )?
    |(?:^|[.!?:;]\\s)[\\W_]{0,4}(?:please |just )?)
""")
MAKES = joined("""
    make|making|build|building|construct|constructing|assemble|assembling|create|creating|manufacture|manufacturing
    |produce|producing|craft|crafting|mix|mixing|synthesi[sz]e|synthesi[sz]ing|design|designing
""")
WRITES = joined("""
    (?:(?:give|provide|write|send|show|draw|i need|i want|get|list|share|create|generate|make|explain|outline|need) ~4
    (?:instructions?|steps|recipe|recipes|guide|tutorial|blueprints?|plans?|procedure|protocol|manual|code|formula|script
    |source code|program|walkthrough) ~1 (?:for|to|of|on)(?: how to)?(?: make| making| build| building| create)?)
""")
DOES = "plan|commit|carry out|arrange|stage|organi[sz]e|get away with|execute|prepare"
ANY_WAY = "way|ways|method|methods|plan|instructions|guide|steps|tips|recipe|tutorial|advice"

EXPLOSIVE = joined("""
    bombs?|ieds?|improvised explosive devices?|explosives?|napalm|thermite|nitroglycerine?|tatp|petn|rdx|semtex
    |gelignite|molotov cocktails?|molotovs?|hand grenades?|grenades?|detonators?|land ?mines?
""")
FIREARM = joined("""
    (?:untraceable|undetectable|unregistered|illegal|home ?made|ghost) ~2 (?:guns?|pistols?|rifles?|firearms?)
    |ghost guns?
""")
MASS_WEAPON = joined("""
    sarin|novichok|tabun|soman|vx|mustard gas|nerve (?:agents?|gas)|ricin|anthrax|smallpox|botulinum toxin|poison gas
    |(?:chemical|biological|nuclear|radiological) (?:weapons?|bombs?)|bio ?weapons?|dirty bombs?|atom(?:ic)? bombs?
    |hydrogen cyanide
""")
ILLEGAL_DRUG = joined("""
    (?:crystal )?meth|methamphetamines?|amphetamines?|heroin|fentanyl|carfentanil|cocaine|crack cocaine|lsd|mdma|ghb|dmt
""")
SUICIDE = joined("""
    (?:kill|killing|hang|hanging|drown|drowning|poison|poisoning) myself|(?:end|ending|take|taking) my (?:own )?life
    |starve myself to death|slit my wrists?|cut my wrists?
""")
SUICIDE_PLAINLY = joined(f"""
    {SUICIDE}|commit suicide|committing suicide|die by suicide|kill oneself|kill yourself|hang yourself
    |overdose on purpose
""")
PERSON = joined("""
    someone|somebody|a person|people|another person|a (?:man|woman|child|cop|police officer|policeman|politician|judge
    |soldier|stranger|neighbou?r|girl|boy)|my (?:own )?(?:wife|husband|boss|neighbou?r|partner|girlfriend|boyfriend|ex
    |mother|father|brother|sister|colleague|room ?mate|business partner|teacher|class ?mates?|parents|kids?|child
    |children|son|daughter|grandmother|grandfather|uncle|aunt|stepfather|stepmother|landlord|rival|family)
    |the (?:president|prime minister|mayor|king|queen|pope|chancellor|judge)
""")
MALICIOUS = joined("""
    malware|ransomware|keyloggers?|trojan horses?|trojans?|root ?kits?|computer (?:virus(?:es)?|worms?)|botnets?|spyware
    |info ?stealers?|password stealers?|worms? that spreads?|virus(?:es)? that (?:infects?|deletes?|wipes?)
    |ddos (?:tools?|scripts?|bots?)
""")
PRIVATE = joined("""
    passwords?|credentials|log ?ins?|login details|credit cards?|card details|card numbers?|bank details|bank accounts?
    |identity|identities|session cookies?|accounts?
""")
OTHERS_ACCOUNT = joined("""
    (?:into )?(?:my )?(?:girlfriend|boyfriend|wife|husband|ex|neighbou?r|boss|colleague|teacher|friend|partner
    |room ?mate|mother|father|son|daughter|sister|brother|someone(?: else)?|somebody(?: else)?|another person|people
    |a bank|a company|his|her|their)(?:.?s)? ~3 (?:accounts?|instagram|facebook|e ?mails?|gmail|phone|wi ?fi|icloud
    |whatsapp|snapchat|computer|laptop|router|webcam|passwords?|network|website|server)
""")
SEXUAL = joined("""
    (?:sexual|sexuali[sz]ed|sexually explicit|erotic|pornographic|porn|nude|sexy) (?:story|stories|scene|scenes|fiction
    |role ?play|pictures?|images?|photos?|videos?|fantas(?:y|ies)|drawings?|poem|content)
""")
CHILD = joined("""
    child|children|minors?|kids?|under ?age (?:girl|boy|teen|teenager|person)s?|toddlers?|pre ?teens?|infants?
    |school ?girls?|(?:[1-9]|1[0-7]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen
    |fifteen|sixteen|seventeen) year olds?
""")
CHILD_IMAGES = joined("""
    child porn(?:ography)?|child sexual abuse (?:material|images|videos)|csam|(?:nude|sexual) (?:pictures|photos|images
    |videos) of (?:children|minors|kids)
""")
