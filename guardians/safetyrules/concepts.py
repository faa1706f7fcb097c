"""What words of orders to a machine are about: the same idea has many words, and in other languages other ones.

A model that has seen "ignore your rules" knows nothing of "vergiss deine Vorgaben" by its words alone; as concepts both
are ``UNDO`` before ``ORDERS``. A word in ``CONCEPTS`` that ends in ``*`` stands for all that begin like it. All are
folded and in lower case.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

# So many tokens apart two concepts still have to do with each other.
NEAR = 10

CONCEPTS: Mapping[str, str] = {
    "UNDO": """
        ignor* disregard* forget* forgot* discard* overrid* overrul* overwrit* bypass* circumvent* abandon* unlearn*
        neglect* erase* wipe* cancel* void* revok* suspend* disabl* deactivat* remov* drop* dump skip* suppress* lift*
        break* violat* disobey* evad* escap* overlook* vergiss vergesst missacht* verwirf* uberschreib* befolge umgeh*
        oubli* neglig* efface* contourn* olvid* descart* omit* anul* elud* dimentic* scart* esque* desconsider* negeer*
        vergeet* zignoruj* zapomnij* pomin*
    """,
    "EARLIER": """
        previous* prior earlier preceding above former* foregoing original* initial* existing before default* vorherig*
        bisherig* obig* fruher* alten ursprunglich* precedent* anterieur* anterior* previas previo* arriba precedenti
        iniziali sopra iniciais acima vorige eerdere bovenstaande poprzedni* wczesniej*
    """,
    "ORDERS": """
        instruct* instruk* rule rules guideline* directive* directions prompt prompts command* order orders programming
        programmed constraint* training polic* protocol* safeguard* anweisung* regel* vorgab* befehl* richtlini*
        einschrankung* consigne* regle* regla* ordenes directric* directiv* istruzion* regole instruc* regra* ordens
        opdracht* zasad* polecen* systemprompt* systeemprompt*
    """,
    "LIMITS": """
        restrict* limit limits limitation* filter* ethic* moral* censor* boundar* guardrail* guard safety moderat*
        scruple* taboo* principle* inhibition* disclaimer* warning* caveat* lecture* grenz* ethik filtre* limite* filtr*
        etica limieten
    """,
    "NONE": """
        no without none zero free freed devoid lack* stripped neither nothing off disabled ohne kein* sans aucun* sin
        ningun* senza nessun* sem nenhum* zonder geen bez
    """,
    "NOT": """
        not never don't can't cannot won't doesn't isn't mustn't nicht nie niemals pas jamais nunca non mai nao niet
    """,
    "MACHINE": """
        ai ais chatbot* bot bots llm* assistant* gpt* chatgpt* model models machine* algorithm* claude gemini copilot ki
        robot* assistent* intelligence ia modelo asistente
    """,
    "WILD": """
        unrestrict* unfilter* uncensor* unbound* limitless unlimit* amoral* unmoderat* unlock* liberat* rogue unchain*
        lawless uncontrol* unalign* jailbr* evil unethical illegal* immoral* forbidden dangerous harmful toxic offensive
        rebel* wicked sinister
    """,
    "REFUSE": """
        refus* declin* reject* deny denies apologi* sorry hesitat* object* morali* compl* obey* obedien* disobey* unable
        gehorch* obei* obedec*
    """,
    "REVEAL": """
        reveal* show* print* repeat* output* display* disclos* leak* list* tell* recite* quote* expose* dump* share*
        write give copy paste spell encode translate summari* verrat* zeig* nenn* gib wiederhol* montre* revele* dis
        dime muestra* mostra* mostre diga toon pokaz*
    """,
    "HIDDEN": """
        system hidden secret* confidential internal developer* initial password* passphrase key code flag verbatim
        passwort wortlich geheim* systemprompt*
    """,
    "YOU": """
        you your yours yourself you're you'll you've u du dein* dich dir tu te ton tes toi vous votre vos tus usted eres
        tuo tue voce seu sua je jij jouw
    """,
    "ME": "i me my mine i'm i'll ich mich mir mein* moi mon mes yo mi mio meu eu ik mij",
    "MUST": """
        must shall will should have has ordered required only always can may allowed permitted musst darfst sollst dois
        debes puedes devi puoi deve moet
    """,
    "PRETEND": """
        act acting pretend* role* play* simulat* emulat* imagin* impersonat* become* persona* character* behav* embod*
        imitat* spiel* verhalt* joue* comporte* actua* fing* comporta*
    """,
    "NOW": """
        now henceforth onward* anymore longer instead from new jetzt nun sofort ab maintenant desormais ahora ora agora
        nu
    """,
    "BOSS": """
        developer* creator* admin* root sudo owner openai anthropic google meta programmer* engineer* ceo maker* super*
        master author* permission* verified clearance entwickler* createur* creador*
    """,
    "MODE": "mode modus modo dan developer debug god jailbr* override activat* enabl* switch console",
    "TALE": """
        story stories novel film movie game fiction* hypothetical* scene scenario grandm* bedtime script dream parallel
        universe opposite
    """,
    "ALL": "all any every everything anything whatever alle alles samtliche tout tou* todas todo tutt* wszystkie",
}  # fmt: skip


def written() -> dict[str, tuple[str, ...]]:
    """Return the concepts of each entry of ``CONCEPTS``."""
    entries = sorted({entry for words in CONCEPTS.values() for entry in words.split()})
    return {entry: tuple(name for name, words in CONCEPTS.items() if entry in words.split()) for entry in entries}


WRITTEN = written()


@lru_cache(maxsize=20_000)
def concepts_of(word: str) -> tuple[str, ...]:
    """Return the concepts of a folded, lower-case word."""
    begun = (f"{word[:length]}*" for length in range(2, len(word) + 1))
    return tuple(sorted({concept for known in (word, *begun) for concept in WRITTEN.get(known, ())}))


def concept_grams(read: Sequence[str]) -> Iterator[str]:
    """Yield the concepts of some tokens and which one stands before which, no more than ``NEAR`` tokens apart."""
    last: dict[str, int] = {}
    for place, token in enumerate(read):
        found = concepts_of(token)
        for concept in found:
            yield f"@{concept}"
            yield from (f"@{before}>{concept}" for before, at in last.items() if place - at <= NEAR)
        last |= dict.fromkeys(found, place)
