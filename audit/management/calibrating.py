"""Commands that make or withdraw a workspace's own calibration: what it comes to is printed before it is written."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import calibrating, workspaces
from audit.actors import Actor, ActorKind
from audit.calibration import Terms
from audit.errors import Problem
from audit.models import OwnCalibration
from audit.roles import Scope

M = TypeVar("M")
T = TypeVar("T", bound=Terms)
Options = Mapping[str, Any]


class CalibratingCommand(BaseCommand, ABC, Generic[M, T]):
    """A command of this kind says what it measures and what comes of that.

    Attributes:
        model: of the records that it makes.
        terms: unless others are asked for; ``passing`` says what ``alpha`` is a share of.
        faults: what is told in a line.
    """

    model: type[OwnCalibration]
    terms: T
    passing: str
    faults: tuple[type[Exception], ...] = (OSError, Problem)

    def add_arguments(self, parser: CommandParser) -> None:
        share = f"share of {self.passing} (default {self.terms.alpha:g})"
        parser.add_argument("--workspace", required=True, metavar="SLUG", help="slug of the workspace")
        parser.add_argument("--alpha", type=float, default=self.terms.alpha, help=share)
        parser.add_argument("--delta", type=float, default=self.terms.delta, help="1 - confidence (default 0.1)")
        parser.add_argument("--expires", type=int, default=self.terms.days, metavar="DAYS", help="default 180")
        parser.add_argument("--dry-run", action="store_true", help="measure and print; write nothing")
        parser.add_argument("--withdraw", action="store_true", help="end the record in force instead")

    @abstractmethod
    def scorer(self, options: Options) -> str:
        """Return the name of what is calibrated."""

    @abstractmethod
    def material(self, actor: Actor, options: Options) -> M:
        """Return what is measured."""

    @abstractmethod
    def result(self, material: M, terms: T, actor: Actor) -> Iterator[str]:
        """Yield what comes of it under these terms, in lines."""

    @abstractmethod
    def made(self, material: M, terms: T, actor: Actor) -> OwnCalibration: ...

    @abstractmethod
    def afterwards(self, scorer: str) -> str:
        """Return what decides once the record in force is withdrawn."""

    def handle(self, *_: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            workspace = workspaces.named(options["workspace"]).pk
            actor = Actor(ActorKind.SYSTEM, "command", workspace, frozenset({Scope.WORKSPACE_WRITE}))
            said = self.withdrawn(actor, options) if options["withdraw"] else self.calibrated(actor, options)
        except self.faults as error:
            raise CommandError(str(error)) from error
        self.stdout.write(said)

    def calibrated(self, actor: Actor, options: Options) -> str:
        """Measure, print, and make the record unless it is only tried; return what happened."""
        terms = replace(self.terms, alpha=options["alpha"], delta=options["delta"], days=options["expires"])
        material = self.material(actor, options)
        for line in self.result(material, terms, actor):
            self.stdout.write(line)
        if options["dry_run"]:
            return "Nothing was written."
        record = self.made(material, terms, actor)
        return f"In force now: {record.name}, until {record.expires_on} (UTC)."

    def withdrawn(self, actor: Actor, options: Options) -> str:
        scorer = self.scorer(options)
        if options["dry_run"]:
            known = calibrating.in_force(self.model, scorer, actor=actor)
            return f"Would be withdrawn: {known.name if known else 'nothing, none is in force'}."
        record = calibrating.withdraw(self.model, scorer, actor=actor)
        return f"Withdrawn: {record.name}. {self.afterwards(scorer)}"
