"""The weighted rules for texts that try to give orders to a model.

Who may give orders depends on the part: the person who asks may (``direct``), a document or a tool may not
(``indirect``). So each rule has two weights. A single phrase is seldom proof; several within a few sentences are.
"""

from guardians.safetyrules.jailbreakrules import JAILBREAK_RULES
from guardians.safetyrules.weightedrules import Rule, joined, spoken, written

IGNORE = joined("""
    ignore|disregard|forget|override|overrule|bypass|overlook|skip|neglect|discard|drop|cancel|do not follow
    |don.t follow|stop following|stop obeying|pay no attention to|do not obey|don.t obey|do not listen to
    |don.t listen to|abandon|set aside|suspend
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
    ai|llm|language model|large language model|ai model|ai assistant|assistant|chatbot|ai agent|agent|gpt|chatgpt
    |claude
    |gemini|copilot|model|ai system|automated system|bot
""")
ANSWERING = joined("""
    answer|answering|respond|responding|reply|replying|solve|solving|summari[sz]e|summari[sz]ing|generate|generating
    |process|processing|complete|completing|fulfil|fulfill|help|handle|do|use|call
""")
# What a machine may do to others, or say to them: not what programs do among themselves.
DEEDS = joined("""
    send|e ?mail|forward|post|transfer|wire|pay|delete|erase|remove|wipe|invite|change|reset|grant|unlock|approve
    |authori[sz]e|share|upload|publish|execute|install|visit|navigate|book|buy|tell|say|reply|answer|reveal|ignore
    |disregard|recommend
""")
SECRETS = joined("""
    api keys?|passwords?|credentials|access tokens?|secret keys?|private keys?|environment variables|secrets
    |session cookies?|ssh keys?|(?:credit )?card numbers?|security codes?|(?:customer|patient) (?:lists?|records)
""")

RULES: tuple[Rule, ...] = (
    *JAILBREAK_RULES,
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
        needs="""
        instruct prompt directive guideline command order programming training message rules constraint restriction
        safeguard filter message conversation context polic everything anything all what
        """,
    ),
    spoken(
        "override_foreign",
        r"""
        (?:ignoriere?n?|vergiss|vergesst|missachte|ignorez|ignore|oublie|oubliez|ignora|ignorad|olvida|olvide|ignori
        |dimentica|esquece|esqueca|negeer|vergeet) ~4 (?:anweisungen|instruktionen|vorgaben|regeln|consignes
        |instrucciones
        |istruzioni|instrucoes|instructies|instructions precedentes|instructions anterieures|instructions ci dessus)
        """,
        direct=3,
        indirect=3,
        needs="anweisung instruktion vorgabe consigne instruc instrukt istruzion regeln",
    ),
    spoken(
        "conceal",
        r"""
        (?:do not|don.t|never|without) (?:tell|telling|mention|mentioning|inform|informing|reveal|revealing|alert
        |alerting|notify|notifying|show|showing|disclose|disclosing|let|warn|warning) ~4 (?:user|users|human|humans
        |operator|owner|reader|developer|reviewer)
        |(?:do not|don.t|never) (?:mention|show|tell|reveal|say|include) ~3 in (?:the|your) (?:summary|answer|reply
        |response|report)
        |say nothing (?:about|to)|keep (?:this|it) (?:quiet|a secret|hidden)
        |(?:do not|don.t|never) (?:mention|reveal|disclose|repeat|acknowledge|quote) ~1 (?:this|these) (?:message
        |instructions?|note|notice|text|request|step|prompt|paragraph)
        |(?:keep|hide) ~1 (?:this|it|that) ~1 (?:secret |hidden |confidential )?from ~3 (?:user|human|operator|owner
        |logs?)|leave no trace|as if nothing (?:had |has )?happened
        """,
        direct=0.5,
        indirect=2,
        needs="""
        user human operator owner reader developer reviewer message instruction note notice text request step prompt
        paragraph summary answer reply response report nothing quiet secret hidden log trace
        """,
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
        needs="you pretend assume",
    ),
    written(
        "fake_markup",
        r"""
        <\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|<<sys>>|\[/?inst\]
        |</?(?:system|sys|inst|instruction|instructions|information|important|admin|assistant|system_prompt
        |system-reminder|tool_call|function_call|tool_result|user_query|user_input|task)>
        |\[(?:system|admin|assistant)(?: message| note)?\]
        |^#{2,4} ?(?:system|instructions?|assistant|new instructions?) ?:?$
        |(?:begin|start|end)(?:ning)? (?:of )?(?:the )?(?:system|user|developer|new) (?:prompt|message|instructions?
        |input)
        """,
        direct=2,
        indirect=2,
        needs="< [ ## begin start end",
    ),
    written(
        "role_line",
        r"""
        (?:^|[.!?\]>)"]\s)[ \t>*#-]{0,8}(?:system|assistant|ai assistant|chatgpt|copilot|ai|llm|developer
        |admin|administrator)
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
        |(?:assistant|llm|language model|ai agent|agent)s? (?:is to|are to|reading this|must (?:now )?(?:answer|say
        |state|reply|respond|report|recommend|mention|treat|call|send|always|never))
        |(?:important )?message (?:from (?:me|the user|your user|your developer|your operator|your administrator)
        |to you)
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
        needs="before",
    ),
    spoken(
        "do_the_following",
        r"""
        (?:do|perform|execute|carry out|complete|follow) (?:exactly )?(?:the|these|this) (?:following|steps?|tasks?
        |instructions?|actions?)
        """,
        direct=0,
        indirect=1,
        needs="follow step task instruction action",
    ),
    spoken(
        "names_conversation",
        r"""
        (?:task|question|request|query) (?:that )?(?:i|we|the user|you were) (?:gave|asked|have given|given|requested)
        |(?:after|once|when) (?:you )?(?:do|have done|did|finish|finished|complete|completed) (?:that|this|so|it) ~1
        (?:you can|you may|you should)
        |user.?s (?:original |initial |actual )?(?:request|question|query|task|prompt|instructions?)
        |(?:in|to|of|at the end of) your (?:final |next )?(?:response|answer|reply|summary|output)
        |(?:final|next) (?:response|answer) (?:must|should|has to) (?:be|say|include|contain|state)
        """,
        direct=0,
        indirect=1.5,
        needs="gave asked given requested can may should user your must should to",
    ),
    spoken(
        "task_switched",
        r"""
        (?:original|initial|user|user.s|users|current|previous|real) ~1 (?:task|query|question|request) ~1
        (?:is|was|has|been) ~1 (?:complete|completed|done|finished|cancell?ed|withdrawn|changed|invalid|void|obsolete)
        |(?:ignore|disregard|forget|abandon|drop|skip) ~4 (?:question|query|task|user)
        |(?:the )?(?:real|true|actual|new) (?:question|task|request) is
        """,
        direct=0.5,
        indirect=2,
        needs="task query question request user",
    ),
    spoken(
        "skips_review",
        r"""
        (?:skip|bypass|without|ignore|avoid|circumvent) ~3 (?:review|reviewer|approval|human|verification|confirmation
        |evidence)
        """,
        direct=1,
        indirect=1,
        needs="review approval human verif confirm evidence",
    ),
    spoken(
        "uses_tool",
        r"""
        (?:when|before|whenever|after|each time) (?:you )?(?:use|using|call|calling|invoke|invoking) (?:this|any
        |the) ~1
         tool
        """,
        direct=0,
        indirect=1,
        needs="tool",
    ),
    spoken(
        "new_orders",
        r"""
        (?:new|updated|revised|additional|real|actual|true|hidden|secret|special|urgent) (?:instructions?|directives?
        |orders|objective|mission)(?: for you)?(?:(?= ?:)| is| are| follow)
        |your (?:new |real |only |actual |true |main )?(?:task|goal|job|mission|objective|instructions?) (?:is|are|now)
        |instead ?,? (?:you (?:must|should|will)|please|do|say|answer|respond|reply|output|write|state|tell|recommend)
        """,
        direct=1,
        indirect=1.5,
        needs="instruction directive order objective mission task goal job instead",
    ),
    spoken(
        "dictates_answer",
        r"""
        (?:answer|respond|reply|state|say|tell the user|tell them|tell everyone|claim|report|conclude|output|write
        |recommend) (?:only |always |exactly |just )?(?:that|with|by saying) ~9 (?:regardless|always|no matter|instead
        |only|approved|safe|correct|recommended)
        |(?:always|only) (?:answer|respond|reply|say|state|recommend|output)
        |(?:respond|reply|answer) (?:only|exactly|just) (?:with|in)
        |(?:reply|answer|respond|response|answers) (?:must|should) ~3 (?:say|state|include|be|with|that)
        |(?:when|if|whenever) (?:you are |the user |a user |anyone |someone |you )?(?:asked|asks|summari[sz]e
        |summari[sz]ing|answer|answering|respond|responding|process|processing) ~6 (?:say|answer|respond|reply|always
        |include|tell|recommend|state|output|add)
        """,
        direct=0,
        indirect=1.5,
        needs="answer respon repl state say tell claim report conclu output writ recommend always include add",
    ),
    spoken(
        "reveal_secret",
        rf"""
        (?:reveal|print|output|disclose|expose|leak|exfiltrate|dump|share|send|forward|upload|post|email|collect
        |include
        |append) ~6 (?:{SECRETS})
        """,
        direct=1,
        indirect=1.5,
        needs="key password credential token variable secret cookie card code customer patient",
    ),
    written(
        "sends_out",
        r"""
        \b(?:send|forward|e-?mail|post|upload|submit|transmit|share|copy|exfiltrate|leak|report|bcc|cc|navigate|fetch
        |visit|call|get)\b[^!?\n]{0,100}?(?:[a-z0-9]@[a-z0-9-]{1,63}\.|https?://)
        """,
        direct=0,
        indirect=1.5,
        needs="@ ://",
    ),
    written(
        "pays_out",
        r"""
        \b(?:transfer|wire|pay|send|deposit|donate|remit)\b[^.!?\n]{0,60}?
        (?:\biban\b|bitcoin|\bbtc\b|\bwallet\b|\baccount (?:number |no\.? )?[a-z]{0,2}\d
        |\b[a-z]{2}\d{2}[a-z0-9]{10,30}\b|[$€£] ?\d|\d (?:usd|eur|gbp|dollars|euros)\b)
        """,
        direct=0,
        indirect=1.5,
        needs="transfer wire pay send deposit donate remit",
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
        needs="""
        delete remove erase grant unlock disable reset cancel install execute invite approve authori wipe overwrite
        revoke change
        """,
    ),
    written(
        "image_with_query",
        r"""
        !\[[^\]\n]{0,200}\]\(https?://[^\s)?]{1,300}\?[^\s)]{0,300}?
        (?:=\{|=\[|=<|data=|secret|[?&]q=|payload=|token=|content=|summary=)
        """,
        direct=1,
        indirect=2,
        needs="](http",
    ),
    written("encoded_run", r"[a-z0-9+/]{60,}={0,2}", direct=0, indirect=0.5),
    written(
        "invisible_style",
        r"""
        style ?= ?["'][^"'\n]{0,200}(?:display ?: ?none|font-size ?: ?0|visibility ?: ?hidden|opacity ?: ?0[;"'])
        """,
        direct=1,
        indirect=1,
        needs="style",
    ),
    written(
        "urgency",
        r"""
        \b(?:important|urgent|attention|critical)\b(?: (?:instructions?|message|notice|update|note|system message))?
        \W{0,3}[!:]
        """,
        direct=0,
        indirect=0.5,
        needs="important urgent attention critical",
    ),
    spoken(
        "directs_model",
        r"""
        (?:assistants?|chatbots?|ais?|llms?|language models?|ai models?|text models|models?|(?:ai )?agents?|copilot
        |chatgpt
        |claude|gemini|(?:ai )?reviewers|shopping assistants) ~4 (?:must|should|shall|is to|are to|have to|has to
        |is required|are required|are instructed|has permission|have permission|is allowed|is asked|are asked) ~1
        (?:always |only |now |immediately |first |not |never )?(?:answer|say|state|reply|respond|report|recommend
        |mention|treat|call|send|skip|conclude|authenticate|list|describe|include|give|ignore|run|execute|use|do|tell|rank|read|approve|output
        |repeat)
        """,
        direct=0,
        indirect=1.5,
        needs="must should shall to permission required instructed allowed asked",
    ),
    spoken(
        "orders_machine",
        rf"""
        (?:if you are an?|you are an?|all|any|the|dear|hey|hello|hi|ai) (?:{MODEL})s? ?[,:] ?
        (?:please |kindly |also |now |first )?(?:{DEEDS})
        |(?:llm|language model|ai model|ai assistant|ai agent|chatbot|copilot|chatgpt|claude|gemini)s? ~4
        (?:must|should|shall|has to|have to|is asked to|are asked to) ~1 (?:{DEEDS})
        |(?:when|whenever|if) ~3 (?:assistant|model|ai|llm|chatbot|agent) ~6
        (?:page|document|file|text|this)(?: ?,)?(?: it should| it must| please)?(?: also)? (?:{DEEDS})
        """,
        direct=0,
        indirect=1.5,
        needs="""
        send mail forward post transfer wire pay delete erase remove wipe invite change reset grant unlock approve
        authori share upload publish execute install visit navigate book buy tell say reply answer reveal ignore
        disregard recommend
        """,
    ),
    spoken(
        "biases_answer",
        r"""
        (?:positive|favou?rable|good|perfect|excellent) (?:review|rating|assessment|recommendation|score)s? only
        |(?:only|always) (?:give|write|leave|assign) ~2 (?:positive|favou?rable|top|highest|perfect)
        |(?:do not|don.t|never|must not) (?:highlight|mention|raise|list|cite|reveal) ~2 (?:negatives?|weaknesses
        |flaws|lawsuits?
        |risks?|sources|problems|drawbacks)
        |(?:best|strongest|top|leading) (?:candidate|product|choice|option|supplier|applicant) ~2 (?:ever|you have
        |in the world)
        |(?:always|must|should) (?:list|rank|recommend|name|describe|mention|put) ~5 (?:first|best|as|over)
        |regardless of ~1 (?:what|any|all|other|evidence|sources|documents|question)|whatever the (?:question|evidence)
        |no matter what ~3 (?:say|says|asked|asks|question)
        """,
        direct=0,
        indirect=1.5,
    ),
    spoken(
        "takes_conversation",
        r"""
        (?:full|entire|complete|whole|previous|current) (?:conversation|chat|dialogue)|conversation (?:history|so far
        |above)
        |chat history|everything the user (?:said|wrote|typed)|contents? of ~3 (?:file|conversation|chat|prompt
        |context)
        """,
        direct=0,
        indirect=1,
        needs="conversation chat dialogue user content",
    ),
    spoken(
        "speaks_for_the_user",
        r"""
        (?:message|instruction|request|order|note|task)s? from (?:me|the user|your user|the owner|your owner)
        |(?:i|the user|your user|the owner) (?:also )?(?:asked|wants?|would like|told|needs?|expects?) you (?:also )?to
        |(?:me|i am|i.m|this is) ~2 your user
        """,
        direct=0,
        indirect=1.5,
        needs="from you",
    ),
    written(
        "frames_an_order",
        r"""
        (?:^|[=\-*#]{2})\W{0,6}(?:new |assistant |agent |updated )?(?:instruction|task|prompt|directive)s? ?:
        """,
        direct=0,
        indirect=1.5,
        needs="instruction task prompt directive",
    ),
    written(
        "ends_the_text",
        r"""\bend of (?:the )?(?:document|data|page|results?|text|context|input|file)s?\b""",
        direct=0,
        indirect=1.5,
        needs="end of",
    ),
    written(
        "fake_turn",
        r"""
        (?:^|[.!?]\s)\W{0,4}(?:human|user) ?:[^\n]{1,300}(?:\n{1,3}\W{0,4}|\s)(?:assistant|ai|chatbot) ?:
        """,
        direct=1,
        indirect=3,
        needs="human user",
    ),
    written(
        "piped_shell",
        r"\b(?:curl|wget)\b[^\n|]{1,200}\| ?(?:sudo )?(?:ba|z)?sh\b",
        direct=0,
        indirect=1.5,
        needs="|",
    ),
    spoken(
        "voids_the_above",
        r"""
        (?:everything|all|anything|paragraph|document|text|sections?) ~5 (?:above|before|so far|preceding|until now) ~4
        (?:is|are|was|as) ~1 (?:void|outdated|obsolete|invalid|wrong|superseded|false|cancell?ed)
        |(?:treat|consider|regard) ~4 (?:above|preceding|previous|earlier) ~2 as ~1 (?:void|invalid|obsolete)
        |(?:preceding|previous|above) (?:paragraph|section|text|document) ~1 as (?:void|invalid)
        |(?:stop|end) (?:here|reading)
        """,
        direct=1,
        indirect=2,
        needs="above before far preceding until previous earlier stop end",
    ),
)
