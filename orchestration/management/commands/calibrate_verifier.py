"""Make, or withdraw, a workspace's own calibration of the evidence gate, from decided appeals and labels of a file."""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils.timezone import now

from audit import workspaces
from audit.access import workspace_of
from audit.actors import Actor
from audit.errors import Invalid, Problem
from audit.management.calibrating import CalibratingCommand, Options
from evidence import answers, calibrating, gate
from evidence.answers import Asked
from evidence.calibrating import DEFAULT_TERMS, Terms
from evidence.calibration import Figures, Labelled, Origin, figures
from evidence.models import CalibrationRecord
from evidence.typed.scoring import CALIBRATION, EVEN, TYPED
from evidence.verifiers import registry
from evidence.verifiers.registry import NoVerifier
from evidence.verifying import Verifier, VerifierFault
from orchestration import appealing
from orchestration.models import Approval
from orchestration.states import ApprovalKind, ApprovalState

FIELDS = {"score", "supported", "verifier"}
FILE_LIMIT = 10_000_000
FAULTS_SHOWN = 10
CURVE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of the scores of one verifier."""

    verifier: str
    labels: list[Labelled]


class Command(CalibratingCommand[Labels, Terms]):
    help = "Calibrate the gate for a workspace from its decided appeals and labels of your own; or withdraw that."
    model = CalibrationRecord
    terms = DEFAULT_TERMS
    passing = "leaks"
    faults = (NoVerifier, OSError, Problem)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--labels",
            type=Path,
            metavar="FILE",
            help="JSON Lines: score, supported, verifier; or claim, passages, supported, to be scored",
        )
        parser.add_argument("--verifier", default="", metavar="NAME", help="default: the built-in one")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().handle(*args, **options)
        if not options["dry_run"]:
            self.stdout.write(waiting(workspaces.named(options["workspace"]).pk))

    def scorer(self, options: Options) -> str:
        return verifier_named(options["verifier"]).id

    def material(self, actor: Actor, options: Options) -> Labels:
        """Return the labels of the workspace's appeals, and of a file; print how many there are of each kind."""
        verifier, path = verifier_named(options["verifier"]), options["labels"]
        appealed, others = of_appeals(actor, verifier.id)
        given = of_file(path, verifier) if path else []
        filed = [label for label in given if label is not None]
        self.stdout.write(f"Labels of {verifier.id}:")
        self.stdout.write(f"  from decided appeals: {kinds(appealed)}")
        if others:
            self.stdout.write(f"  from appeals against other verifiers, left out: {others}")
        self.stdout.write(f"  from your own labelling: {kinds(filed)}")
        if decided := len(given) - len(filed):
            self.stdout.write(f"  claims that {TYPED.id} decides, so that no other is asked, left out: {decided}")
        if appealed:
            self.stdout.write(
                "Only verdicts that somebody doubted are appealed. They show where the gate is wrong and not how "
                "often: what follows holds for claims like those that were labelled."
            )
        return Labels(verifier.id, [*appealed, *filed])

    def result(self, material: Labels, terms: Terms, actor: Actor) -> Iterator[str]:
        found = calibrating.measured(material.labels, terms=terms, verifier=material.verifier)
        yield from result(found, terms)
        yield from curve(material.labels, found, terms)
        yield from change(actor, found, material.verifier)

    def made(self, material: Labels, terms: Terms, actor: Actor) -> CalibrationRecord:
        return calibrating.calibrate(material.labels, actor=actor, terms=terms, verifier=material.verifier)

    def afterwards(self, scorer: str) -> str:
        if scorer != TYPED.id:
            return f"{scorer} only abstains from now on."
        return f"{CALIBRATION.id}, the built-in calibration, decides from now on."


# Labels


def of_appeals(actor: Actor, verifier: str) -> tuple[list[Labelled], int]:
    """Return the labels of a verifier, and how many there are of others."""
    known = list(appealing.labels(workspace_of(actor)))
    own = [label for label in known if label.verifier == verifier]
    return own, len(known) - len(own)


def of_file(path: Path, verifier: Verifier) -> list[Labelled | None]:
    """Return the labels of a file of JSON Lines; None for a claim that a stronger verifier would not be asked about.

    Raises:
        Invalid: it is too long, or some of its lines are no labels; the first ten are named.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size > FILE_LIMIT:
        raise Invalid(f"{path} has {size:,} bytes; at most {FILE_LIMIT:,} are taken: use a sample of its lines")
    labels: list[Labelled | None] = []
    faults: list[str] = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            labels.append(label_of(line, verifier))
        except Invalid as error:
            faults.append(f"{path}:{number}: {error}")
    if faults:
        more = [f"and {len(faults) - FAULTS_SHOWN} more lines"] if len(faults) > FAULTS_SHOWN else []
        raise Invalid("\n".join([*faults[:FAULTS_SHOWN], *more, "Nothing was measured; mend or remove these lines."]))
    return labels


def label_of(line: bytes, verifier: Verifier) -> Labelled | None:
    """Return the label that a line holds, or that its claim gets when the verifier scores it now.

    Raises:
        Invalid: it holds none of this verifier, or the verifier failed on its claim.
    """
    example = f'{{"score": 0.93, "supported": true, "verifier": "{verifier.id}"}}'
    try:
        known = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"no JSON; write {example}") from error
    if not isinstance(known, dict) or not ("claim" in known or set(known) == FIELDS):
        raise Invalid(f"not exactly the fields {', '.join(sorted(FIELDS))}; write {example}")
    supported = known.get("supported")
    if not isinstance(supported, bool):
        raise Invalid(f"supported is {str(supported)[:40]!r}; use true or false")
    if "claim" in known:
        document = {"claims": [known["claim"]], **{k: v for k, v in known.items() if k not in {"claim", "supported"}}}
        score = score_of(answers.asked(document), verifier)
        return None if score is None else labelled(verifier, score, supported=supported)
    score, by = known["score"], known["verifier"]
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise Invalid(f"score is {str(score)[:40]}; use a number from 0 to 1")
    if by != verifier.id:
        raise Invalid(f"verifier is {str(by)[:40]!r}; scores of {verifier.id!r} are calibrated: remove the line")
    return labelled(verifier, float(score), supported=supported)


def labelled(verifier: Verifier, score: float, *, supported: bool) -> Labelled:
    return Labelled(verifier.id, score, supported=supported, origin=Origin.OPERATOR)


def score_of(asked: Asked, verifier: Verifier) -> float | None:
    """Return the highest score among what supports a claim, 0.0 where nothing does; None where it would not be asked.

    Raises:
        Invalid: the verifier failed.
    """
    try:
        return gate.score(asked.statements[0], asked.passages, context=asked.question, verifier=verifier)
    except VerifierFault as error:
        raise Invalid(f"not scored: {error}") from error


def verifier_named(name: str) -> Verifier:
    """Return the verifier of a name, with this installation's settings; the built-in one without a name.

    Raises:
        NoVerifier: it cannot be had.
    """
    asked = {**settings.PROMETHEUS_VERIFIER, registry.NAME: name}
    return registry.made(asked, built_in=settings.PROMETHEUS_VERIFIERS) or TYPED


# What is printed


def kinds(labels: Sequence[Labelled]) -> str:
    supported = sum(label.supported for label in labels)
    return f"{supported} supported, {len(labels) - supported} unsupported"


def result(found: Figures, terms: Terms) -> Iterator[str]:
    yield f"Threshold: {found.threshold:.4f}, the lowest (from {EVEN:g}) that the bound allows."
    yield (
        f"Leaks: {found.leaks} of {found.n} unsupported claims pass; with confidence {1 - terms.delta:g} a share of "
        f"at most {found.bound(terms.delta):.4f}, and {terms.alpha:g} may."
    )
    yield f"Kept: {share(found)} of the supported claims."


def share(found: Figures) -> str:
    return (
        f"{found.kept} of {found.supported} ({found.kept / found.supported:.1%})" if found.supported else "none known"
    )


def curve(labels: Sequence[Labelled], found: Figures, terms: Terms) -> Iterator[str]:
    """Yield a table of what other thresholds would come to."""
    pairs = [label.pair() for label in labels]
    yield "  threshold   leaks   at most   kept"
    for at in sorted({*CURVE, found.threshold}):
        one = figures(pairs, at)
        chosen = "  <-" if at == found.threshold else ""
        yield f"  {at:9.4f}  {one.leaks:6}  {one.bound(terms.delta):8.4f}   {share(one)}{chosen}"


def change(actor: Actor, found: Figures, verifier: str) -> Iterator[str]:
    """Yield which calibration decided until now, and what would change."""
    known = calibrating.in_force(actor, verifier=verifier)
    holds = known is not None and known.decides(on=now().astimezone(dt.UTC).date())
    if verifier != TYPED.id and not holds:
        yield f"Until now {verifier} only abstains."
        return
    decides = known.calibration() if known is not None and holds else CALIBRATION
    if known is not None and not holds:
        yield f"{known.name} decides nothing: it is until {known.expires_on}; the built-in calibration decides instead."
    by = found.threshold - decides.threshold
    yield f"Decides until now: {decides.id}, threshold {decides.threshold:.4f}; it would change by {by:+.4f}."


def waiting(workspace: UUID) -> str:
    """Return how many runs wait for people: their approvals are bound to what decided before."""
    rows = Approval.objects.filter(workspace_id=workspace, kind=ApprovalKind.DECISION.value)
    count = rows.filter(state=ApprovalState.PENDING.value).count()
    return f"Runs that wait for people under what decided before: {count}. Approved now, they end refused: ask anew."
