"""The weighted rules for words that try to switch a model's own rules off, or to make it tell them."""

from guardians.safetyrules.weightedrules import Rule, joined, spoken

REVEAL = joined("""
    reveal|show|print|repeat|output|display|disclose|expose|leak|tell|give|what is|what are|what were|what was|list
    |dump
    |share|send|write|copy|recite|translate|encode|summari[sz]e|quote|read|cat|paste
""")

JAILBREAK_RULES: tuple[Rule, ...] = (
    spoken(
        "reveal_prompt",
        rf"""
        (?:{REVEAL}) ~5 (?:(?:your|the chatbot.s|the assistant.s|the hidden|the secret|the initial) ~2 (?:prompts?
        |system messages?|instructions|guidelines|rules|directives|configuration)|developer messages?
        |(?:hidden|internal|secret) (?:instructions?|prompts?|rules|configuration))
        |(?:{REVEAL}) ~3 (?:text|everything|words|anything|all|lines?) ~3 (?:above|before|preceding)
        |(?:instructions?|prompts?|rules|orders) ~1 (?:you were|you have been|you are|were you) ~2 (?:given|told
        |started
        |initiali[sz]ed)|(?:in|inside|of) your (?:\w+ )?(?:prompts?|instructions|system message|context)
        """,
        direct=2.5,
        indirect=2,
        needs="prompt message instruct guideline rules directive config above before preced orders context",
    ),
    spoken(
        "system_prompt",
        r"""
        (?:system|initial|hidden|original|developer|secret) (?:prompts?|messages?|instructions?)
        """,
        direct=1,
        indirect=0.5,
        needs="prompt message instruction",
    ),
    spoken(
        "jailbreak",
        r"""
        dan mode|do anything now|god mode|evil mode|jailbreak mode|opposite mode|dev mode enabled
        |developer mode enabled|unrestricted (?:ai|mode|assistant|model)|amoral (?:ai|assistant|chatbot)
        |(?:without|no|free from|free of) (?:any |all )?(?:ethical|moral|content|safety|openai) ~2 (?:restrictions?
        |limitations?|guidelines|limits|filters?|constraints?|policy|policies|boundaries|rules)
        |(?:bypass|disable|turn off|remove|switch off|circumvent|drop|ignore) (?:your|all|any) ~1
        (?:safety|content|ethical|moral|security|ethics) ~1 (?:filters?|guidelines|restrictions?|measures|safeguards
        |protocols?|constraints?|training)
        |you (?:have|are) no (?:restrictions|rules|limits|filters|ethics)
        """,
        direct=3,
        indirect=2,
        needs="""
        mode restrict limit guideline filter constrain polic boundar rules measure safeguard protocol training ethic
        amoral anything
        """,
    ),
    spoken(
        "jailbreak_word",
        r"""
        jailbr(?:eak|eaks|oken|eaking)|developer mode|uncensored|prompt injection|grandma exploit|stay in character
        |never refuse|(?:cannot|can.t|must not|never) (?:refuse|decline|say no)|break (?:character|free)
        """,
        direct=1,
        indirect=0.5,
        needs="jailbr mode uncensored injection exploit character refuse decline say break",
    ),
    spoken(
        "rules_suspended",
        r"""
        (?:instructions?|rules|guidelines|policies|policy|restrictions?|filters?|guardrails?|guard rails|guardians
        |safety layer|safeguards|moderation|directives|limits) ~2
        (?:no longer|do not|does not|don.t|are|is|were|was|been|switched) ~2
        (?:apply|applies|count|counts|matter|bind|disabled|suspended|lifted|off|removed|void|outdated|updated
        |overridden|revoked|cancell?ed|a test)
        |(?:disable|suspend|switch off|turn off) (?:the |all |your )?(?:guardians|guardrails|guard rails|safety layer
        |safeguards|moderation|safety|filters)
        """,
        direct=2,
        indirect=2,
        needs="instruct rules guideline polic restrict filter guard safe moderation directive limits",
    ),
    spoken(
        "demand",
        r"""
        you (?:must|have to|are required to|are instructed to|are ordered to|shall) (?:now|immediately|first|always
        |never|also|not|instead|obey|comply)
        """,
        direct=0.5,
        indirect=0.5,
        needs="must have required instructed ordered shall",
    ),
    spoken(
        "unbound",
        r"""
        (?:unfiltered|unrestricted|uncensored|unmoderated|unaligned|lawless|amoral|evil|jailbroken) ~2 (?:ai|assistant
        |model|chatbot|bot|twin|version|mode|persona)
        |(?:not|no longer|isn.t|aren.t|never) (?:be )?(?:bound|limited|restricted|constrained) by ~3 (?:rules?
        |guidelines
        |policies|policy|restrictions|laws?|filters|ethics|limits|instructions)
        |(?:free|freed|liberated|released) (?:of|from) ~3 (?:restrictions|rules?|guidelines|policies|filters|limits
        |constraints|ethics|chains)
        |(?:ai|assistant|model|bot|chatbot|persona|character|you) ~2 (?:with|without|has|have|knows?|no) ~1 (?:any
        |no) ~1
        (?:restrictions?|limits|limitations|ethics|morals|filters?|guidelines|rules|boundaries|moderation)
        |(?:moderation|filters?|guardrails|guard rails|safety|content policy) ~2 (?:switched|turned|set) off
        |(?:drop|drops|dropping|shed|break|breaking|violate|violating) (?:all |any )?your ~1 (?:guidelines|rules
        |restrictions|limits|policies|filters)
        |the opposite of ~3 rules?
        """,
        direct=3,
        indirect=2.5,
        needs="""
        unfilter unrestrict uncensor unmoderat unalign lawless amoral evil jailbroken bound limit restrict constrain
        free liberated released ethic moral filter guideline rule boundar moderation guard safety polic opposite
        """,
    ),
    spoken(
        "claims_authority",
        r"""
        (?:i am|i.m|this is|user is|speaking as|as) ~2 (?:developer|creator|administrator|admin|root|owner) ~2
        (?:of this|run|enter|grant|you must|and you|so you|mode)
        |(?:verified|authori[sz]ed|authenticated) (?:administrator|admin|developer|operator|user)
        |(?:maintenance|debug|developer|admin|root|god|test|sudo) mode
        |(?:authori[sz]ation|override|admin|unlock|bypass) codes?
        |(?:came|comes|is|as if it came) from the (?:system|developer) ~1 (?:role|message|level|prompt)?
        |(?:priority|precedence) over ~3 (?:rules|instructions|prompts?|policies|guidelines|messages)
        """,
        direct=1.5,
        indirect=1.5,
        needs="developer admin root owner creator verif authori authent mode code from over",
    ),
    spoken(
        "refusal_forbidden",
        r"""
        (?:never|cannot|can.t|must not|may not|do not|don.t|unable to|not allowed to) (?:refuse|decline|say no|reject
        |object)
        |refus(?:e|al|ing) ~2 (?:is|are) ~1 (?:impossible|forbidden|not an option|not possible|not allowed)
        |(?:begin|start|prefix) ~5 (?:with|by saying) ~1 (?:sure|of course|certainly|absolutely|yes)
        |(?:obey|comply with|do) (?:everything|anything|all|whatever) ~1 i (?:say|ask|want|tell)
        |answer (?:anything|everything|whatever) i ask
        |without (?:question|hesitation|filtering|refusal|refusing|warnings?|disclaimers?)
        """,
        direct=1.5,
        indirect=1,
        needs="""
        refus declin say reject object sure course certain absolute yes ask want tell question hesitation filtering
        warning disclaimer
        """,
    ),
    spoken(
        "your_rules_say",
        r"""
        (?:your|the) (?:rules|guidelines|policies|policy|restrictions|safety training|training|developers?|operators?)
        ~1 (?:say|says|forbid|forbids|tell you|never happened|do not|don.t|did not|cannot)
        |no (?:rules|limits|restrictions) ~2 (?:any ?more|any longer|from now|now|here)
        |there are no rules|you no longer ~2 (?:work|answer|report|belong|follow|need)
        |stop being ~2 (?:assistant|ai|chatbot|bot|model)
        """,
        direct=2,
        indirect=2,
        needs="rules guideline polic restrict training developer operator limits longer being",
    ),
)
