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
    werent wont lack lacks lacked lacking unable
    avoid avoids avoided avoiding
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
# Opposed, but what is denied of one need not be said of the other: what is not bullish need not be bearish.
CONTRARIES = pairs("""
    ascend/descend ascending/descending climb/drop climb/fall climb/sink soar/plunge soar/plummet surge/plunge
    surge/slump jump/drop gain/drop rise/drop rise/decline increase/decline increase/fall increase/drop
    increase/diminish increase/lower decrease/rise decrease/grow decrease/raise reduce/raise reduce/expand
    reduce/boost grow/decline grow/contract expand/shrink enlarge/shrink enlarge/reduce extend/shorten extend/curtail
    broaden/narrow widen/narrow deepen/ease intensify/subside amplify/attenuate magnify/minimise maximise/minimise
    multiply/divide accelerate/decelerate hasten/delay advance/retreat advance/recede forward/backward
    upward/downward upstream/downstream inward/outward inbound/outbound incoming/outgoing clockwise/anticlockwise
    clockwise/counterclockwise vertical/horizontal front/rear top/bottom ceiling/floor peak/trough summit/base
    interior/exterior inner/outer central/peripheral near/distant near/far adjacent/remote
    coastal/inland onshore/offshore overseas/domestic abroad/home emigrate/immigrate push/pull attract/repel
    float/sink inflate/deflate tighten/loosen tight/loose lock/unlock load/unload fasten/loosen join/split
    join/leave unite/divide merge/split combine/separate assemble/dismantle gather/scatter concentrate/dilute
    concentrated/diluted contract/dilate constrict/dilate compress/decompress encrypt/decrypt encode/decode
    upload/download install/uninstall upgrade/downgrade allocate/release online/offline synchronous/asynchronous
    sender/receiver input/output client/server parent/child ancestor/descendant predecessor/successor
    previous/following preceding/following past/future ancient/modern old/new obsolete/current
    novice/expert amateur/professional junior/senior employer/employee teacher/student doctor/patient
    landlord/tenant buyer/seller vendor/customer lender/borrower creditor/debtor winner/loser victor/vanquished
    host/guest attacker/defender hunter/prey predator/prey king/queen prince/princess uncle/aunt nephew/niece
    boy/girl actor/actress bride/groom ally/enemy allied/hostile hero/villain
    benign/cancerous malignant/harmless acute/mild severe/mild serious/minor major/minor fatal/survivable
    lethal/harmless toxic/harmless poisonous/harmless contagious/noncontagious healthy/sick healthy/ill
    remission/relapse recover/relapse recover/deteriorate improve/deteriorate improve/decline
    better/worse alleviate/aggravate alleviate/exacerbate relieve/aggravate soothe/irritate cure/cause
    agonist/antagonist antigen/antibody afferent/efferent proximal/distal anterior/posterior ventral/dorsal
    medial/lateral superior/inferior superficial/deep systolic/diastolic inhale/exhale inspiration/expiration
    swollen/shrunken congenital/acquired hereditary/acquired sterile/contaminated sterile/fertile
    vein/artery venous/arterial oral/parenteral enteral/parenteral topical/systemic sedative/stimulant
    anabolic/catabolic aerobic/anaerobic elevated/reduced elevated/depressed raised/lowered suppress/stimulate
    suppress/enhance block/enable block/activate inhibit/activate inhibit/enhance induce/suppress impair/improve
    impair/enhance protective/harmful beneficial/harmful beneficial/detrimental helpful/harmful
    favourable/adverse advantage/disadvantage benefit/harm curative/palliative voluntary/involuntary
    plaintiff/defendant appellant/respondent prosecution/defence prosecute/defend claimant/respondent
    petitioner/respondent uphold/overturn affirm/reverse affirm/overturn affirm/deny ratify/repeal enact/repeal
    ratify/reject adopt/reject adopt/repeal sustain/overrule valid/void valid/invalid binding/nonbinding
    civil/criminal guilt/innocence convicted/exonerated convict/exonerate conviction/acquittal
    detain/release imprison/release arrest/release jail/free innocent/culpable liable/exempt subject/exempt
    admit/deny admit/exclude admit/expel admit/discharge acknowledge/deny concede/contest authorise/forbid
    authorise/prohibit authorise/deny license/ban legalise/ban legalise/criminalise criminalise/decriminalise
    comply/violate obey/disobey obey/violate honour/breach fulfil/breach grant/revoke issue/revoke
    grant/withhold disclose/conceal reveal/conceal reveal/hide publish/withhold expose/protect expose/hide
    transparent/opaque public/secret public/classified open/secret confidential/public
    bullish/bearish bull/bear long/short profit/loss profitable/unprofitable revenue/expense income/expenditure
    income/expense asset/liability credit/debit surplus/deficit solvent/insolvent lend/owe deposit/withdraw
    deposit/withdrawal save/spend saver/spender invest/divest acquire/divest acquire/sell purchase/sell
    buyer/vendor boom/bust boom/recession inflation/deflation inflationary/deflationary appreciate/depreciate
    appreciation/depreciation outperform/underperform overvalued/undervalued overestimate/underestimate
    lead/trail ahead/behind premium/discount wholesale/retail fixed/variable
    fixed/floating gross/net prepaid/postpaid bailout/bankruptcy hire/dismiss recruit/dismiss promote/demote
    promotion/demotion reward/punish reward/penalise praise/condemn praise/blame applaud/condemn admire/despise
    endorse/oppose endorse/reject welcome/condemn favour/oppose embrace/reject
    encourage/discourage persuade/dissuade motivate/discourage invite/exclude invite/expel trust/distrust
    believe/doubt optimistic/pessimistic optimism/pessimism confident/doubtful certain/doubtful certain/unlikely
    likely/unlikely probable/improbable calm/agitated peace/war peaceful/violent liberal/conservative
    progressive/conservative democrat/republican majority/opposition unanimous/divided consensus/disagreement
    liberate/occupy liberate/conquer surrender/resist attack/defend attack/retreat invade/withdraw deploy/withdraw
    enlist/desert arm/disarm create/abolish establish/abolish establish/dissolve found/dissolve found/close
    launch/cancel launch/retire introduce/withdraw introduce/abolish schedule/cancel inaugurate/close
    commission/decommission build/destroy construct/demolish construct/destroy repair/damage restore/destroy
    preserve/destroy preserve/discard retain/discard keep/discard retain/lose keep/lose find/lose gain/lose
    catch/release hide/show appear/vanish emerge/vanish born/died birth/death live/die survive/perish
    arrival/departure entrance/exit entry/exit enter/exit beginning/ending opening/closing introduction/conclusion
    cause/effect cause/result question/answer ask/answer send/receive give/take supply/demand
    teach/learn speak/listen remember/forget sleep/wake asleep/awake awake/unconscious conscious/unconscious
    dead/living raw/cooked fresh/stale ripe/rotten clean/dirty pure/contaminated clear/cloudy transparent/cloudy
    bright/dark bright/dim light/dark black/white sharp/blunt rough/smooth hard/soft solid/liquid rigid/flexible
    brittle/tough heavy/lightweight dense/sparse abundant/scarce plentiful/scarce ample/scant crowded/deserted
    noisy/quiet loud/quiet busy/idle tall/short broad/narrow vast/tiny huge/tiny giant/tiny gigantic/tiny
    ascent/descent inclusion/exclusion implicit/explicit acceptance/rejection approval/rejection permission/prohibition
    brave/cowardly generous/stingy honest/dishonest loyal/disloyal polite/rude kind/cruel gentle/harsh strict/lenient
    lazy/diligent careful/reckless cautious/reckless simple/complicated simple/elaborate straightforward/complicated
    natural/artificial natural/synthetic organic/synthetic genuine/fake authentic/forged original/copy
    real/imaginary fact/fiction factual/fictional literal/figurative theory/practice abstract/concrete
    general/specific universal/local global/local national/local federal/local collective/individual
    static/dynamic passive/active analog/digital manual/automatic continuous/discrete continuous/intermittent
    constant/intermittent constant/variable steady/erratic gradual/sudden gradual/abrupt permanent/transient
    persistent/transient eternal/temporary premature/overdue ahead/overdue prompt/delayed punctual/late
    prior/subsequent beforehand/afterwards frequent/infrequent daily/occasional ordinary/exceptional
    typical/atypical usual/unusual familiar/unfamiliar famous/obscure popular/unpopular known/unknown
    important/trivial significant/negligible substantial/negligible vital/unnecessary necessary/superfluous
    essential/dispensable useful/useless valuable/worthless meaningful/meaningless hopeful/hopeless
    successful/unsuccessful lucky/unlucky happy/sad pleasant/unpleasant comfortable/uncomfortable
    convergent/divergent converge/diverge homogeneous/heterogeneous equal/unequal identical/different
    similar/dissimilar symmetric/asymmetric parallel/perpendicular finite/infinite concave/convex
    acid/alkaline acidic/alkaline acidic/basic cation/anion cathode/anode oxidise/reduce oxidation/reduction
    endothermic/exothermic absorb/emit reflect/absorb evaporate/condense melt/freeze boil/freeze heat/cool
    heating/cooling ignite/extinguish conductor/insulator hydrophilic/hydrophobic soluble/insoluble
    herbivore/carnivore nocturnal/diurnal aquatic/terrestrial marine/terrestrial wild/domestic wild/tame
    sunrise/sunset dawn/dusk noon/midnight flood/drought drought/deluge
""")
# Beginnings that turn a word into its opposite.
OPPOSED_BEGINNINGS = (
    ("hyper", "hypo"), ("over", "under"), ("pre", "post"), ("macro", "micro"), ("anti", "pro"), ("brady", "tachy"),
    ("up", "down"), ("intra", "extra"), ("homo", "hetero"), ("exo", "endo"),
)  # fmt: skip
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
        "uphold upheld", "withhold withheld", "withdraw withdrew withdrawn", "overthrow overthrew overthrown",
        "shrink shrank shrunk", "sink sank sunk", "hide hid hidden", "forget forgot forgotten",
        "forbid forbade forbidden", "wake woke woken", "overtake overtook overtaken", "seek sought", "fly flew flown",
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
