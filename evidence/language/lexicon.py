"""The English words the gate knows: what carries no content, what is opposed to what, what means the same.

Data only. A word that is missing here costs a claim its verdict, never the other way round: unknown words must be
found in the source.
"""


def words(text: str) -> frozenset[str]:
    """Return the words of a text, each once."""
    return frozenset(text.split())


def pairs(text: str) -> dict[str, frozenset[str]]:
    """Return, for each word of the pairs "a/b", the words opposed to it."""
    opposed: dict[str, set[str]] = {}
    for pair in text.split():
        left, right = pair.split("/")
        opposed.setdefault(left, set()).add(right)
        opposed.setdefault(right, set()).add(left)
    return {word: frozenset(others) for word, others in opposed.items()}


def groups(text: str) -> dict[str, str]:
    """Return, for each word of a line, the line's first word."""
    return {word: line.split()[0] for line in text.strip().splitlines() for word in line.split()}


MODALS = words("""
    must may can could should would will shall might cannot ought can't won't shan't
""")
AUXILIARIES = MODALS | words("""
    is are was were be been being has have had do does did am 's 're
""")
OBLIGATION = words("must shall required mandatory obligatory")
POSSIBILITY = words("may might could")

NEGATORS = words("""
    not never no none nobody nothing nowhere neither nor without cannot cant dont doesnt didnt isnt arent wasnt
    werent wont lack lacks lacked lacking fail fails failed failing refuse refuses refused refusing unable
    hardly scarcely barely rarely seldom
""")
# "no more than" sets a bound and denies nothing.
COMPARATIVES = words("""
    more less fewer later sooner earlier higher lower greater slower faster older younger
""")
EMPHATIC = words("only just merely simply least necessarily")
CLAUSE_WORDS = words("""
    but because although though while whereas unless except which who whose if when whenever until provided once
    since so therefore where
""")

UNIVERSAL = words("""
    all every each always entire entirely invariably everyone everybody whole
""")
PARTIAL = words("""
    some most many several few often sometimes usually occasionally partly partially rarely generally frequently
    typically mostly half seldom
""")
EXCLUSIVE = words("only solely exclusively")

STOP = (
    AUXILIARIES
    | NEGATORS
    | words("""
        a about above across again against all almost along already also although among an and another any
        anyone anything approximately around as at away back because become becomes became below between both
        but by circa despite down each either else enough especially etc even ever every everyone few for former
        from further he her here hers herself him himself his how however i if in indeed inside instead into it
        its itself just least less like many me mine more moreover most much my myself nearly neither
        nevertheless next now of off often on once only onto or other others our ours out over own per perhaps
        please quite rather really same several she since so some somebody somehow something sometimes soon
        still such than that the their theirs them themselves then there thereby therefore these they this those
        though through throughout thus to together too toward towards under unless until up upon us usually very
        via we well what whatever when where whereas whether which while who whole whom whose why with within
        yet you your yours roughly always entire entirely solely exclusively exactly able ought let
    """)
) - words("nothing")

# Words that may be missing without the claim being about something else; they weigh half.
LIGHT = words("""
    accord accordance account add allow amount appear area ask base begin bring call carry case cause certain
    change come common consider contain current day describe different do early end fact find first follow
    follows form full get give go good great group help hold include involve keep kind know large last late
    later lead leave level locate long look main make mean name need new note number occur old original part
    particular patient people period person place play point possible present previous provide put recent reach
    receive record refer regard relate remain report result role run say second see seek seem series serve set
    show side significant similar small special start state step take tell term thing time total toward try turn
    type use value various view want way week work world write year month hour minute before after during
    earlier together known used member million thousand billion
""")

ANTONYMS = pairs("""
    increase/decrease increase/reduce rise/fall raise/lower higher/lower high/low more/fewer more/less
    maximum/minimum gain/loss grow/shrink expand/contract accelerate/slow improve/worsen better/worse best/worst
    strengthen/weaken strong/weak safe/unsafe safe/dangerous safe/harmful allow/forbid allow/prohibit allow/ban
    permit/forbid permit/prohibit legal/illegal lawful/unlawful allowed/forbidden allowed/prohibited
    permitted/prohibited permitted/forbidden accept/reject accept/refuse accept/decline approve/reject
    approve/deny grant/deny grant/refuse confirm/deny support/oppose agree/disagree agree/refuse succeed/fail
    success/failure win/lose won/lost victory/defeat pass/fail open/close open/closed start/stop start/end
    begin/end begin/stop continue/stop continue/discontinue restart/stop initiate/discontinue include/exclude
    add/remove attach/detach connect/disconnect enable/disable activate/deactivate buy/sell lend/borrow
    import/export enter/leave arrive/depart appear/disappear create/destroy build/demolish before/after
    earlier/later early/late first/last above/below over/under inside/outside internal/external upper/lower
    left/right north/south east/west northern/southern eastern/western indoor/outdoor present/absent
    presence/absence possible/impossible effective/ineffective sufficient/insufficient adequate/inadequate
    complete/incomplete correct/incorrect correct/wrong right/wrong true/false accurate/inaccurate
    appropriate/inappropriate positive/negative active/inactive direct/indirect dependent/independent
    stable/unstable regular/irregular reversible/irreversible common/rare frequent/rare normal/abnormal
    benign/malignant acute/chronic oral/intravenous mandatory/optional required/optional mandatory/voluntary
    compulsory/voluntary recommend/avoid recommended/contraindicated indicated/contraindicated use/avoid
    cause/prevent promote/inhibit stimulate/inhibit male/female man/woman men/women father/mother son/daughter
    brother/sister husband/wife young/old alive/dead rural/urban public/private domestic/foreign
    majority/minority full/empty hot/cold warm/cold light/heavy fast/slow quick/slow rapid/slow long/short
    wide/narrow thick/thin deep/shallow large/small big/small great/small easy/difficult simple/complex
    cheap/expensive rich/poor love/hate like/dislike praise/criticise friend/enemy temporary/permanent
    partial/complete partially/completely lengthened/shortened lengthen/shorten halve/double halved/doubled
    morning/evening day/night summer/winter spring/autumn heavier/lighter with/without faster/slower
    acquitted/convicted guilty/innocent convict/acquit appoint/dismiss hire/fire survive/die unopened/opened
    sweet/bitter wet/dry frozen/thawed single/married married/divorced
""")
# Words that place one thing by another: they carry little content, and their opposites turn the meaning round.
PLACING = {
    "before": "after", "after": "before", "above": "below", "below": "above", "over": "under", "under": "over",
    "inside": "outside", "outside": "inside", "until": "after", "since": "before",
}  # fmt: skip
TIMED = words("before after until since")
NEGATED_BY_IN = words("un non in im ir il dis")

# What holds both ways: who is named first says nothing.
SYMMETRIC = words("""
    marry married wed wedded engaged divorced meet met border borders adjoin adjacent neighbour neighbours equal equals
    identical equivalent similar resemble resembles differ differs distinct sibling siblings cousin cousins twin twins
    spouse spouses partner partners partnered friend friends colleague colleagues rival rivals peer peers ally allies
    allied merge merges merged intersect overlap overlaps coincide coincides correlate correlates correlated collaborate
    collaborates collaborated cooperate share shares shared together compete competes parallel contemporary related
    synonym synonymous opposite connected linked
""")
# What has something in it may be said of a place or a whole: "Spain has a port", "there is a port in Spain".
CONTAINING = words("""
    contain contains contained include includes included comprise comprises feature features featured host hosts hosted
    house houses hold holds held lack lacks
""")
PLACE_KINDS = words("city town village state province county district island republic kingdom month year")

# Words of one line count as the same. Short lines: what is not listed must be found as it stands.
SYNONYMS = groups("""
give administer
stop discontinue cease
restart resume recommence
begin start commence initiate
dose dosage
surgery operation
buy purchase
die death dead decease fatal
illness disease
physician doctor
show demonstrate
need require
help assist
child kid
large big
allow permit
forbid prohibit ban
get obtain receive
choose select
stay remain
end finish
wed marry
married wedded
author writer
firm company
country nation
town city
film picture
france french
spain spanish spaniard
britain british
netherlands dutch
greece greek
denmark danish dane
sweden swedish swede
poland polish
turkey turkish
switzerland swiss
norway norwegian
ireland irish
scotland scottish scots
wales welsh
finland finnish
iceland icelandic
portugal portuguese
philippines filipino
""")

IRREGULAR = {
    form: base
    for line in (
        "give gave given", "take took taken", "write wrote written", "begin began begun", "hold held", "keep kept",
        "make made making", "find found", "lose lost", "sell sold", "win won", "die died dies dying", "grow grew grown",
        "rise rose risen", "fall fell fallen", "lead led", "say said", "tell told", "send sent", "build built",
        "buy bought", "bring brought", "choose chose chosen", "break broke broken", "speak spoke spoken",
        "draw drew drawn", "meet met", "pay paid", "run ran", "see saw seen", "spend spent", "think thought",
        "go went gone", "show shown", "woman women", "man men", "child children", "person people persons",
        "foot feet", "tooth teeth", "use used using uses", "bleed bled", "leave left", "become became",
        "know knew known", "understand understood", "drive drove driven", "eat ate eaten", "teach taught",
        "sing sang sung", "wear wore worn", "fight fought", "catch caught", "hear heard", "mean meant",
        "freeze froze frozen", "throw threw thrown", "steal stole stolen", "shoot shot", "analysis analyses",
        "diagnosis diagnoses diagnosed", "thrombosis thromboses",
    )
    for base, *forms in [line.split()]
    for form in forms
}  # fmt: skip

DEMONYM_ENDINGS = frozenset(
    ["", "n", "an", "ian", "ean", "ese", "ish", "i", "s", "ns", "ans", "ians", "ism", "ist", "ic", "er", "ers"]
)
MONTHS_IN_ORDER = (
    "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sep|sept october|oct "
    "november|nov december|dec"
)
MONTHS = {name: number for number, names in enumerate(MONTHS_IN_ORDER.split(), start=1) for name in names.split("|")}
WEEKDAYS = words("monday tuesday wednesday thursday friday saturday sunday")
