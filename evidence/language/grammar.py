"""The English words that sentences and clauses turn on. Data only: a word that is missing here leaves a text whole."""

from evidence.language.lexicon import AUXILIARIES, MONTHS


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Abbreviations that never end a sentence.
TITLES = words("dr mr mrs ms messrs mme prof rev hon fr gen col capt cpt lt sgt maj sen rep gov e.g i.e eg cf v vs viz")
# Abbreviations before a number.
NUMBERED = words("no nos nr p pp fig figs vol vols ch chap sec sect art eq eqs tab ref refs para paras pt")
# Abbreviations that may also end a sentence: only before a word that often begins one.
OTHER = words("""
    a.m p.m am pm etc inc ltd co corp llc plc jr sr st mt ft dept univ assn bros est approx ca incl excl max min avg
    al ibid lit op esq ave blvd rd hrs mins sp spp subsp var resp temp hosp ed eds trans orig ph.d m.d b.c a.d
""") | (frozenset(MONTHS) - {"may"})
TIMES = words("a.m p.m am pm etc")
STARTERS = words("""
    a after all although an and another any as at because before both but by during each every few for from he her
    his how however i if in instead it its many most neither never no not nothing on one only other our she since so
    some such that the their then there therefore these they this those though thus to two under until we what when
    where which while who with without you your
""")
# After these a single capital letter is a name of its own, not somebody's initial.
LETTERED = words("""
    vitamin hepatitis factor type group class grade phase plan part table figure appendix protein section category
    schedule annex option level team model
""")
GERMAN_MONTHS = words("januar februar märz april mai juni juli august september oktober november dezember")
# What follows the full stop inside the name of a file or site.
NAME_ENDINGS = words("com org net edu gov io js py md html htm pdf txt csv json exe dll")

# Verbs that nothing else is written like; "costs", "causes" and "built" may be nouns or participles.
FINITE = (AUXILIARIES - words("be been being am ought 's 're")) | words("""
    isn't aren't wasn't weren't doesn't don't didn't hasn't haven't hadn't couldn't shouldn't wouldn't mustn't
    became began came gave took wrote broke chose drew drove fell flew froze grew knew rose saw sang spoke stole
    went wore contains includes receives becomes requires reduces makes takes gives goes provides allows reverses
    prevents decides occurs happens keeps exists depends applies begins belongs consists lasts follows says tells
    brings removes protects inhibits lowers raises needs remains exceeds improves involves carries undergoes binds
    affects enters shortens lengthens prolongs persists recurs varies differs arrives authorises authorizes
    publishes serves ensures enables represents produces develops generates creates describes defines explains
""")
# Without an ending they are verbs only after a subject, and not after "to".
BASE = words("""
    receive contain include require become provide allow prevent occur happen exist depend apply belong consist give
    keep bring remove react undergo exceed differ
""")
ADVERBS = words("also always never usually often still later once again soon generally typically only")
# A sentence that begins with one of these sets a condition for what comes after it.
LEADING = words("""
    according after although among as at based because before besides between beyond by despite due during even
    except following for from given if in instead like on once over per prior provided regardless since through
    throughout to under unless until unlike upon what whatever when whenever where wherever whether while with
    within without
""")
# After these a verb belongs to a clause inside the clause, or the halves belong together.
GOVERNING = words("""
    that who whom whose which when whenever where wherever if unless until whether because although though since
    than as how why what both either neither nor so such provided except once per
""")
REPORTING = words("""
    say says said report reports reported find finds found show shows showed shown claim claims claimed believe
    believes believed suggest suggests suggested recommend recommends recommended state states stated estimate
    estimates estimated argue argues argued conclude concludes concluded announce announced deny denied allege
    alleged think thinks thought expect expects expected hope hopes hoped assume assumes assumed
""")
PAIRED = words("both either neither whether respectively")
# Words by which a clause leans on its neighbour.
LEANING = words("""
    it its itself they them their theirs he him his she her hers this these those such other others latter former
    rest remainder same ones another then thereafter thereby afterwards therefore thus hence otherwise instead too
    respectively vice likewise similarly so
""")
NO_SUBJECT = LEANING | words("that both neither either each some all none most many one two not only")
DETERMINERS = words("the a an his its their our my your")
# "They moved to Paris, which was a mistake" is not about Paris; the present tense mostly is.
SAID_OF_NAMES = words("is has contains includes consists")
EMPTY = words("not also so")
# After these ", while" may say when a rule holds, and not what else is so.
RULING = words("not never no must may should cannot can")
