"""What two people override: which guardians denied by which rules, on exactly what; and in which run that counts.

A denied run has ended, and stays as it is. What is overridden lets no more through than a fork of it, which is judged
anew and asks people before anything is published or done: docs/decisions/0025.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit import keys, vault
from audit.canonical import JSON
from audit.errors import Conflict
from audit.vault import DataKey
from guardians import records
from guardians.consensus import vetoes
from guardians.guardian import Vote
from guardians.models import Review
from guardians.packs import Reason
from guardians.transcript import TranscriptError
from orchestration import bindings
from orchestration.models import Restore, Run
from orchestration.rewinding import binding_of
from orchestration.states import Decision, RestoreKind, RestoreState, RunState

Rules = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Denial:
    """A hard denial, as people are shown it.

    Attributes:
        rules: every rule of each vote that is a veto, by its guardian.
        parts: hashes of the answer, its claims and evidence, the actions and the policy (``decision.parts``).
    """

    rules: Rules
    parts: Mapping[str, str]

    def document(self) -> dict[str, JSON]:
        return {"rules": {name: list(rules) for name, rules in self.rules.items()}, "parts": dict(self.parts)}


def denial_in(document: Mapping[str, Any]) -> Denial:
    return Denial({name: tuple(rules) for name, rules in document["rules"].items()}, document["parts"])


def rules_of(votes: Sequence[Vote]) -> Rules:
    return {vote.guardian: tuple(sorted({item.rule for item in vote.findings})) for vote in votes if vetoes(vote)}


def denial_of(run: Run) -> Denial:
    """Return the hard denial that a run ended with, made from the rows as they are now.

    Raises:
        Conflict: it ended otherwise, or overriding could not help: a rule gave no answer, or no claim is supported.
        KeyUnavailable: the run was erased.
        SealError: one of the texts is not what was written.
    """
    if run.state != RunState.COMPLETED or run.decision != Decision.REFUSE:
        raise Conflict(f"run {run.pk} is {run.state} {run.decision}; only a run that was refused can be overridden")
    if not run.supported:
        raise Conflict(f"no claim of run {run.pk} is supported, so an override would publish nothing; ask otherwise")
    key = keys.load(run.key_id)
    votes = votes_on(run, key=key)
    rules = rules_of(votes)
    if not rules:
        raise Conflict(f"no hard denial refused run {run.pk}; send its request again, or restore it")
    if any(item.kind == Reason.POLICY_ERROR for vote in votes for item in vote.findings):
        raise Conflict(f"a rule gave no answer on run {run.pk}; mend the packs or the facts, and ask again")
    if bindings.tampered_evidence(run, key=key):
        raise Conflict(f"evidence of run {run.pk} is not the text that was judged; send its request again")
    return Denial(rules, bindings.parts_now(run, key=key))


def votes_on(run: Run, *, key: DataKey) -> tuple[Vote, ...]:
    """Return the votes on the run's last draft, from what was sealed of them."""
    review = Review.objects.filter(run=run.pk).order_by("-revision").first()
    try:
        heard = records.open_heard(review, key=key) if review else None
    except TranscriptError as error:
        raise Conflict(f"the votes on run {run.pk} cannot be read: {error}") from error
    return heard[0].first.votes if heard else ()


def lifted(run: Run, votes: Sequence[Vote], *, answer: str, policy_hash: str) -> tuple[str, ...]:
    """Return the guardians whose hard denial is no veto in this run, since two people overrode that very one.

    None is where the answer or the policy is not what they saw, or their word is not whole on record; and none whose
    vote names a rule that they were not shown.
    """
    if run.parent_id is None:
        return ()
    done = (RestoreState.APPROVED.value, RestoreState.DONE.value)
    rows = Restore.objects.filter(fork=run.pk, kind=RestoreKind.OVERRIDE.value, state__in=done)
    override = rows.select_related("run").first()
    if override is None or binding_of(override.plan) != override.binding:
        return ()
    denial = denial_in(override.plan["denial"])
    if denial.parts["policy"] != policy_hash or not is_answer(denial, answer, of=override.run):
        return ()
    shown = denial.rules
    return tuple(name for name, rules in rules_of(votes).items() if name in shown and set(rules) <= set(shown[name]))


def is_answer(denial: Denial, answer: str, *, of: Run) -> bool:
    """Tell whether this is the answer that was denied; without the key of the run it was denied in, nobody knows."""
    try:
        return vault.commitment(keys.load(of.key_id), answer) == denial.parts["answer"]
    except keys.KeyUnavailable:
        return False
