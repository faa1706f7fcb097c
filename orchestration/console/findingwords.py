"""What guardians find and why they abstain, in words for people who know neither rules nor kinds."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from guardians.guardian import Ballot, Part
from guardians.models import Finding, Vote
from guardians.panel import Cause
from orchestration.console import wording

POLICY_ERROR = "policy_error: "
# Kinds that begin with a country: US_SSN, CZ_SK_BIRTH_NUMBER.
OF_A_STATE = re.compile(r"[A-Z]{2}_")
PARTS = {
    Part.REQUEST: "the request",
    Part.DOCUMENT: "a document",
    Part.TOOL_RESULT: "what a tool returned",
    Part.TOOL_DESCRIPTION: "the description of a tool",
    Part.ANSWER: "the draft",
    Part.ACTION: "what would be done",
}
KINDS = {
    # Safety
    "INJECTION_DIRECT": "words that try to switch rules off",
    "INJECTION_INDIRECT": "orders to a machine where only facts belong",
    "INJECTION_ECHO": "orders to a machine that the draft repeats",
    "HIDDEN_TEXT": "characters that nobody sees",
    "HARM_WEAPONS": "how to make or get weapons",
    "HARM_MASS_WEAPONS": "how to make weapons that kill many",
    "HARM_DRUGS": "how to make illegal drugs",
    "HARM_SELF_HARM": "how people can harm themselves",
    "HARM_VIOLENCE": "how to do violence to somebody",
    "HARM_MALWARE": "how to make harmful software",
    "HARM_CREDENTIALS": "how to steal passwords or accounts",
    "HARM_CHILD_ABUSE": "sexual abuse of children",
    # Privacy
    "PERSON": "the name of a person",
    "EMAIL": "an e-mail address",
    "PHONE": "a telephone number",
    "STREET_ADDRESS": "where somebody lives",
    "LOCATION": "a place",
    "ORGANIZATION": "an organisation",
    "DATE_OF_BIRTH": "a date of birth",
    "DATE_TIME": "a date or time",
    "AGE": "an age",
    "URL": "a web address",
    "IP": "an address of a computer (IP)",
    "MAC_ADDRESS": "an address of a device (MAC)",
    "DEVICE_ID": "a number of a device",
    "VEHICLE_ID": "a number of a vehicle",
    "IBAN": "a bank account (IBAN)",
    "BANK_ACCOUNT": "a bank account",
    "CREDIT_CARD": "the number of a payment card",
    "CRYPTO_WALLET": "the address of a crypto wallet",
    "PASSPORT": "the number of a passport",
    "DRIVER_LICENSE": "the number of a driving licence",
    "MRN": "the number of a medical record",
    "UK_NHS": "a British NHS number",
    "CVV": "the check number of a payment card",
    "TRACK_DATA": "what the stripe of a payment card holds",
    "MEMBER_ID": "the number of somebody insured",
    "MEDICAL_LICENSE": "the licence of a doctor or nurse",
    "USERNAME": "the name of an account",
    "GEOLOCATION": "a position on the map",
    "SECRET": "a password or another secret",
    "API_KEY": "a key to a system",
    "JWT": "a token that logs somebody in",
    "PRIVATE_KEY": "a private key",
    # Compliance: what a rule of a policy pack calls for
    "deny": "a rule that forbids it",
    "require_approval": "a rule that asks for a person",
    "redact": "a rule that wants parts masked",
    "annotate": "a rule that is only noted",
    "allow": "a rule that allows it",
    "policy_error": "a rule that could not be judged, which forbids it",
}
# What a rule of Safety has seen. A rule that is not here is told by its kind.
RULES = {
    "model.orders": "reads like an order to a machine",
    "hidden.tags": "invisible tag characters that spell a text",
    "hidden.override": "characters that turn the direction of reading",
    "hidden.smuggled": "a long run of invisible characters",
    "hidden.split_word": "invisible characters inside a word",
    "injection.reveal_prompt": "asks for the model’s own instructions",
    "injection.system_prompt": "speaks of the model’s own instructions",
    "injection.jailbreak": "asks the model to play somebody without rules",
    "injection.jailbreak_word": "a word for getting round rules",
    "injection.rules_suspended": "says that the rules are switched off",
    "injection.demand": "demands obedience",
    "injection.unbound": "describes a model without limits",
    "injection.claims_authority": "claims to be somebody who may give orders",
    "injection.refusal_forbidden": "forbids the model to refuse",
    "injection.override": "tells the model to ignore its instructions",
    "injection.override_foreign": "tells the model to ignore its instructions, in another language",
    "injection.conceal": "asks to keep something from people",
    "injection.role": "gives the model another role",
    "injection.fake_markup": "marks that only a system may write",
    "injection.role_line": "a line that pretends to be the system’s",
    "injection.addresses_model": "speaks to a model, not to the reader",
    "injection.before_you": "demands something before the answer",
    "injection.do_the_following": "demands that steps be carried out",
    "injection.names_conversation": "speaks of the conversation it stands in",
    "injection.task_switched": "replaces the task by another one",
    "injection.skips_review": "asks to leave out a check or a person",
    "injection.uses_tool": "says what to do when a tool is used",
    "injection.new_orders": "announces new instructions",
    "injection.dictates_answer": "says what the answer has to be",
    "injection.reveal_secret": "asks for passwords or keys",
    "injection.sends_out": "asks to send something to an address",
    "injection.pays_out": "asks to pay money to an account",
    "injection.changes_things": "asks to delete or change things",
    "injection.image_with_query": "an image whose address carries text away",
    "injection.encoded_run": "a long encoded text",
    "injection.invisible_style": "text styled so that nobody sees it",
    "injection.urgency": "presses for haste",
    "injection.directs_model": "tells a model what to do",
    "injection.biases_answer": "pushes the answer to one side",
    "injection.takes_conversation": "takes over the conversation",
    "injection.speaks_for_the_user": "pretends to speak for the user",
    "injection.frames_an_order": "wraps an order in something harmless",
    "injection.fake_turn": "invents a turn of the conversation",
    "injection.piped_shell": "a command that a computer would run",
    "injection.voids_the_above": "declares what stands above it void",
}
SILENCE = {
    Cause.LATE: "It did not answer in time",
    Cause.RESTING: "It was not asked, since it had not answered before",
    Cause.ENDED: "It ended without a vote",
    Cause.UNCALIBRATED: "It may not allow anything on scores whose worth nobody has measured",
    Cause.UNINFORMED: "It was not asked, since what it has to know was not there",
    Cause.FAILED: "It failed while it judged",
}
# By the guardians that come with the project; others say it in their own words.
NOTHING = {
    "safety": "It found no orders to a machine and no forbidden content",
    "privacy": "It found no personal data and no secrets",
    "compliance": "No rule of the policy packs fires",
}
NO_OBJECTION = {"safety": "; too weak to stop for", "privacy": "; nothing of it is in the draft"}


def of_rule(rule: str, kind: str) -> str:
    """Return in words what a rule has found: its own where they are known, else its kind's."""
    return wording.sentence(RULES.get(rule) or of_kind(kind))


def of_kind(kind: str) -> str:
    """Return a kind in words; one that has none is shown as it is, without its underscores."""
    if kind in KINDS:
        return KINDS[kind]
    return "a number by which a state knows a person" if OF_A_STATE.match(kind) else kind.replace("_", " ")


def of_part(part: str) -> str:
    return PARTS[Part(part)] if part in set(Part) else part.lower()


def of_vote(vote: Vote, findings: Sequence[Finding], *, cause: Cause | None) -> str:
    """Return in a sentence what a vote says; of a guardian that does not come with the project its own words.

    Args:
        cause: why it abstained, where it did.
    """
    if cause is not None:
        return f"{SILENCE[cause]}. That is no vote, and never counts as one that allows."
    if vote.guardian not in NOTHING:
        return wording.sentence(vote.reason)
    if not findings:
        return f"{NOTHING[vote.guardian]}."
    if vote.guardian == "compliance":
        return of_packs(vote.reason)
    beside = NO_OBJECTION.get(vote.guardian, "") if vote.ballot == Ballot.ALLOW else ""
    return f"{wording.sentence(places(findings))}{beside}."


def of_packs(reason: str) -> str:
    """Return the reason of Compliance, 'rule: what it says', without the rule's id, which stands beside its finding."""
    failed = reason.startswith(POLICY_ERROR)
    says = reason.removeprefix(POLICY_ERROR).partition(": ")[2] or reason
    return f"A rule could not be judged, and so forbids it: {says}" if failed else wording.sentence(says)


def places(findings: Iterable[Finding]) -> str:
    """Return what was found where: 'in a document: characters that nobody sees (2 places)'."""
    found: dict[str, Counter[str]] = {}
    for finding in findings:
        found.setdefault(of_part(finding.part), Counter())[finding.kind] += 1
    return "; ".join(f"in {where}: {kinds(numbers)}" for where, numbers in found.items())


def kinds(numbers: Mapping[str, int]) -> str:
    return ", ".join(of_kind(kind) + (f" ({number} places)" if number > 1 else "") for kind, number in numbers.items())
