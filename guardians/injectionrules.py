"""The weighted rules for texts that try to give orders to a model.

Who may give orders depends on the part: the person who asks may (``direct``), a document or a tool may not
(``indirect``). So each rule has two weights. A single phrase is seldom proof; several within a few sentences are.

In a ``spoken`` rule every line is an alternative or the continuation of one, a blank stands for whatever may separate
two words, and ``~3 `` for up to three words. All text is folded and in lower case when the rules read it. Every
repetition is bounded, so no text can make a rule run away.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

GAP = r"[\W_]{1,8}"
WORD = r"[a-z0-9]{1,30}"


class Head(StrEnum):
    """Which weights count."""

    DIRECT = "direct"
    INDIRECT = "indirect"


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    pattern: re.Pattern[str]
    direct: float
    indirect: float

    def weight(self, head: Head) -> float:
        return self.direct if head is Head.DIRECT else self.indirect


def joined(source: str) -> str:
    return "".join(line.strip() for line in source.splitlines())


def phrase(source: str) -> str:
    """Return the pattern of a spoken rule."""
    spread = re.sub(r"~(\d) ", rf"(?:{WORD}{GAP}){{0,\1}}", joined(source))
    return spread.replace(" ", GAP)


def spoken(name: str, source: str, *, direct: float, indirect: float) -> Rule:
    return written(name, rf"\b(?:{phrase(source)})\b", direct=direct, indirect=indirect)


def written(name: str, source: str, *, direct: float, indirect: float) -> Rule:
    return Rule(f"injection.{name}", re.compile(joined(source), re.MULTILINE), direct, indirect)


IGNORE = joined("""
    ignore|disregard|forget|override|overrule|bypass|overlook|skip|neglect|discard|drop|cancel|do not follow
    |don.t follow|stop following|stop obeying|pay no attention to|do not obey|don.t obey|do not listen to|don.t listen to
""")
EARLIER = joined("""
    previous|previously|prior|above|earlier|preceding|existing|original|initial|former|foregoing|system|developer|your
    |safety
""")
ORDERS = joined("""
    instructions?|prompts?|directives?|guidelines?|commands?|orders|programming|training|system message|rules
    |constraints|restrictions|safeguards|filters|messages?|conversation|context|content policy|policy|policies
""")
MODEL = joined("""
    ai|llm|language model|large language model|ai model|ai assistant|assistant|chatbot|ai agent|agent|gpt|chatgpt|claude
    |gemini|copilot|model|ai system|automated system|bot
""")
ANSWERING = joined("""
    answer|answering|respond|responding|reply|replying|solve|solving|summari[sz]e|summari[sz]ing|generate|generating
    |process|processing|complete|completing|fulfil|fulfill|help|handle|do|use|call
""")
SECRETS = joined("""
    api keys?|passwords?|credentials|access tokens?|secret keys?|private keys?|environment variables|secrets
    |session cookies?|ssh keys?
""")
PROMPTS = joined("""
    system prompts?|initial prompts?|hidden prompts?|system messages?|developer messages?|system instructions?
    |hidden instructions?|internal instructions?|initial instructions?|original instructions?|secret instructions?
    |your instructions?|your prompts?|your guidelines|your rules|text above|everything above|words above
""")

RULES: tuple[Rule, ...] = (
    spoken(
        "override",
        rf"""
        (?:{IGNORE}) ~3 (?:{EARLIER}|all|any) ~3 (?:{ORDERS})
        |(?:{IGNORE}) (?:everything|anything|all|what) ~3 (?:above|before|previously|said|told|prior)
        |(?:previous|prior|above|earlier|original) (?:instructions?|prompt) ~1 (?:are|is|have been) ~2 (?:void|invalid
        |cancell?ed|revoked|outdated|superseded|no longer|wrong|overridden)
        """,
        direct=3,
        indirect=3,
    ),
    spoken(
        "override_foreign",
        r"""
        (?:ignoriere?n?|vergiss|missachte|ignorez|oubliez|ignora|ignore|olvida|olvide|ignori|dimentica|esqueca) ~4 (?:
        anweisungen|instruktionen|vorgaben|consignes|instrucciones|istruzioni|instrucoes|instructions precedentes
        |instructions anterieures|instructions ci dessus)
        """,
        direct=3,
        indirect=3,
    ),
    spoken(
        "conceal",
        r"""
        (?:do not|don.t|never|without) (?:tell|telling|mention|mentioning|inform|informing|reveal|revealing|alert
        |alerting|notify|notifying|show|showing|disclose|disclosing|let|warn|warning) ~4 (?:user|users|human|humans
        |operator|owner|reader)
        |(?:do not|don.t|never) (?:mention|reveal|disclose|repeat|acknowledge|quote) ~1 (?:this|these) (?:message
        |instructions?|note|notice|text|request|step|prompt|paragraph)
        |keep (?:this|it) (?:secret|hidden|confidential) from ~2 (?:user|human|operator|owner)
        """,
        direct=0.5,
        indirect=2,
    ),
    spoken(
        "role",
        r"""
        you are (?:now|no longer|actually|really) ~4 (?:ai|assistant|bot|model|agent|hacker|chatbot|dan|character
        |persona|system|administrator|root|bound|restricted|limited)
        |pretend (?:to be|you are|that you are|you have)|from now on you
        |your new (?:role|persona|identity|name|personality)|assume the (?:role|identity|persona) of
        |you (?:will|must|shall) (?:now )?(?:act|behave|respond) as
        """,
        direct=1,
        indirect=2,
    ),
    written(
        "fake_markup",
        r"""
        <\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|<<sys>>|\[/?inst\]
        |</?(?:system|sys|inst|instruction|instructions|information|important|admin|assistant|system_prompt
        |system-reminder|tool_call|function_call|tool_result|user_query|user_input|task)>
        |\[(?:system|admin|assistant)(?: message| note)?\]
        |^#{2,4} ?(?:system|instructions?|assistant|new instructions?) ?:?$
        |(?:begin|end)(?:ning)? of (?:the )?(?:system|user|developer|new) (?:prompt|message|instructions?|input)
        """,
        direct=2,
        indirect=2,
    ),
    written(
        "role_line",
        r"""
        ^[ \t>*#-]{0,8}(?:system|assistant|developer|admin|administrator)
        (?: message| prompt| note| override| update| instruction| notice| alert)?\*{0,2} ?:
        """,
        direct=1,
        indirect=1,
    ),
    spoken(
        "addresses_model",
        rf"""
        (?:dear|hey|hello|hi|attention|note to|note for|message to|message for|instructions? to|instructions? for
        |reminder to|addressed to|directed at|if you are|you are|to you|to|for) (?:an? |the |any |all |your )?
        (?:{MODEL})s?(?= ?[,:;!])
        |(?:if|as) (?:you are )?an? (?:ai|llm|language model|ai assistant|large language model)
        |(?:ai|llm|language model|chatbot)s? (?:reading|processing|summari[sz]ing|that reads?|parsing|must|should now)
        |(?:important )?message (?:from (?:me|the user|your user|your developer|your operator|your administrator)|to you)
        """,
        direct=0,
        indirect=1.5,
    ),
    spoken(
        "before_you",
        rf"""
        before (?:you )?(?:can |could |may |should |start |begin |continue )?(?:{ANSWERING}) ~9 (?:please|must|need to
        |have to|should|first|make sure|always|following)
        """,
        direct=0,
        indirect=1.5,
    ),
    spoken(
        "do_the_following",
        r"""
        (?:do|perform|execute|carry out|complete|follow) (?:exactly )?(?:the|these|this) (?:following|steps?|tasks?
        |instructions?|actions?)
        """,
        direct=0,
        indirect=1,
    ),
    spoken(
        "names_conversation",
        r"""
        (?:task|question|request|query) (?:that )?(?:i|we|the user|you were) (?:gave|asked|have given|given|requested)
        |(?:after|once|when) (?:you )?(?:do|have done|did|finish|finished|complete|completed) (?:that|this|so|it) ~1 you
         (?:can|may|should)
        |user.?s (?:original |initial |actual )?(?:request|question|query|task|prompt|instructions?)
        |(?:original|initial|user|current) (?:task|query|question|request) (?:is|was|has) (?:complete|completed|done
        |finished|cancell?ed|changed|invalid)
        |(?:in|to|of|at the end of) your (?:final |next )?(?:response|answer|reply|summary|output)
        |(?:final|next) (?:response|answer) (?:must|should|has to) (?:be|say|include|contain|state)
        """,
        direct=0,
        indirect=1.5,
    ),
    spoken(
        "new_orders",
        r"""
        (?:new|updated|revised|additional|real|actual|true|hidden|secret|special|urgent) (?:instructions?|directives?
        |orders|objective|mission)(?: for you)?(?: ?:| is| are| follow)
        |your (?:new |real |only |actual |true |main )?(?:task|goal|job|mission|objective|instructions?) (?:is|are|now)
        |instead ?,? (?:you (?:must|should|will)|please|do|say|answer|respond|reply|output|write|state|tell|recommend)
        """,
        direct=1,
        indirect=1.5,
    ),
    spoken(
        "dictates_answer",
        r"""
        (?:answer|respond|reply|state|say|tell the user|tell them|tell everyone|claim|report|conclude|output|write
        |recommend) (?:only |always |exactly |just )?(?:that|with|by saying) ~9 (?:regardless|always|no matter|instead
        |only|approved|safe|correct|recommended)
        |(?:always|only) (?:answer|respond|reply|say|state|recommend|output)
        |(?:respond|reply|answer) (?:only|exactly|just) (?:with|in)
        |(?:when|if|whenever) (?:you are |the user |a user |anyone |someone |you )?(?:asked|asks|summari[sz]e
        |summari[sz]ing|answer|answering|respond|responding|process|processing) ~6 (?:say|answer|respond|reply|always
        |include|tell|recommend|state|output|add)
        """,
        direct=0,
        indirect=1,
    ),
    spoken(
        "reveal_prompt",
        rf"""
        (?:reveal|show|print|repeat|output|display|disclose|expose|leak|tell|give|what is|what are|what were|list|dump
        |share|send|write|copy|recite|translate|encode|summari[sz]e) ~5 (?:{PROMPTS})
        """,
        direct=2,
        indirect=2,
    ),
    spoken(
        "reveal_secret",
        rf"""
        (?:reveal|print|output|disclose|expose|leak|exfiltrate|dump|share|send|forward|upload|post|email|collect|include
        |append) ~6 (?:{SECRETS})
        """,
        direct=1,
        indirect=1.5,
    ),
    written(
        "sends_out",
        r"""
        \b(?:send|forward|e-?mail|post|upload|submit|transmit|share|copy|exfiltrate|leak|report|bcc|cc|navigate|fetch
        |visit|call|get)\b[^!?\n]{0,100}?(?:[a-z0-9]@[a-z0-9-]{1,63}\.|https?://)
        """,
        direct=0,
        indirect=1.5,
    ),
    written(
        "pays_out",
        r"""
        \b(?:transfer|wire|pay|send|deposit|donate|remit)\b[^.!?\n]{0,60}?
        (?:\biban\b|bitcoin|\bbtc\b|\bwallet\b|\baccount (?:number |no\.? )?[a-z]{0,2}\d|\b[a-z]{2}\d{2}[a-z0-9]{10,30}\b
        |[$€£] ?\d|\d (?:usd|eur|gbp|dollars|euros)\b)
        """,
        direct=0,
        indirect=1.5,
    ),
    written(
        "changes_things",
        r"""
        (?:^|[.!?:;>])\W{0,4}(?:please |now |then |immediately |first,? )?(?:delete|remove|erase|grant|unlock|disable
        |reset|cancel|install|execute|invite|approve|authori[sz]e|wipe|overwrite|revoke|change)\s
        (?:[a-z0-9'-]{1,30}\s){0,6}(?:files?|accounts?|passwords?|permissions?|access|users?|records?|emails?|database
        |backups?|logs?|payments?|doors?|alarms?|orders?|appointments?)\b
        """,
        direct=0,
        indirect=1,
    ),
    spoken(
        "jailbreak",
        r"""
        dan mode|do anything now|god mode|evil mode|jailbreak mode|opposite mode|dev mode enabled
        |developer mode enabled|unrestricted (?:ai|mode|assistant|model)|amoral (?:ai|assistant|chatbot)
        |(?:without|no|free from|free of) (?:any |all )?(?:ethical|moral|content|safety|openai) ~2 (?:restrictions?
        |limitations?|guidelines|limits|filters?|constraints?|policy|policies|boundaries|rules)
        |(?:bypass|disable|turn off|remove|switch off|circumvent) (?:your|all|any|the) ~1 (?:safety|content|ethical|moral
        |security|ethics) ~1 (?:filters?|guidelines|restrictions?|measures|safeguards|protocols?|constraints?|training)
        |you (?:have|are) no (?:restrictions|rules|limits|filters|ethics)
        """,
        direct=3,
        indirect=2,
    ),
    spoken(
        "jailbreak_word",
        r"""
        jailbr(?:eak|eaks|oken|eaking)|developer mode|uncensored|prompt injection|grandma exploit|stay in character
        |never refuse|(?:cannot|can.t|must not|never) (?:refuse|decline|say no)|break (?:character|free)
        """,
        direct=1,
        indirect=0.5,
    ),
    written(
        "image_with_query",
        r"""
        !\[[^\]\n]{0,200}\]\(https?://[^\s)?]{1,300}\?[^\s)]{0,300}?
        (?:=\{|=\[|=<|data=|secret|[?&]q=|payload=|token=|content=|summary=)
        """,
        direct=1,
        indirect=2,
    ),
    written("encoded_run", r"[a-z0-9+/]{60,}={0,2}", direct=0, indirect=0.5),
    written(
        "invisible_style",
        r"""
        style ?= ?["'][^"'\n]{0,200}(?:display ?: ?none|font-size ?: ?0|visibility ?: ?hidden|opacity ?: ?0[;"'])
        """,
        direct=1,
        indirect=1,
    ),
    written(
        "urgency",
        r"""
        \b(?:important|urgent|attention|critical)\b(?: (?:instructions?|message|notice|update|note|system message))?
        \W{0,3}[!:]
        """,
        direct=0,
        indirect=0.5,
    ),
    spoken(
        "demand",
        r"""
        you (?:must|have to|are required to|are instructed to|are ordered to|shall) (?:now|immediately|first|always
        |never|also|not|instead|obey|comply)
        """,
        direct=0.5,
        indirect=0.5,
    ),
)
