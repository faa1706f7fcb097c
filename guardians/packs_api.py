"""The policy packs in force in a workspace, over HTTP: rules with citations and dates. Not legal advice."""

from typing import cast

from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.access import workspace_of
from audit.actors import Actor
from audit.roles import Scope
from guardians import activating
from guardians.packfile import Effect, Pack, Rule
from guardians.packs import NOT_LEGAL_ADVICE


class RuleOut(serializers.Serializer[Rule]):
    id = serializers.CharField()
    when = serializers.CharField(help_text="the condition, in CEL over the facts")
    effect = serializers.ChoiceField(choices=[effect.value for effect in Effect])
    hard = serializers.BooleanField(help_text="with deny: a veto")
    says = serializers.CharField(help_text="what it means that the rule fires")
    citation = serializers.CharField()
    effective_from = serializers.DateField()
    effective_to = serializers.DateField(allow_null=True)
    reviewed_on = serializers.DateField()
    reviewed_by = serializers.CharField()
    in_force = serializers.SerializerMethodField(help_text="whether it applies today (UTC)")

    def get_in_force(self, rule: Rule) -> bool:
        return rule.in_force(now().date())


class PackOut(serializers.Serializer[Pack]):
    name = serializers.CharField()
    title = serializers.CharField()
    version = serializers.CharField()
    hash = serializers.CharField()
    review_due = serializers.DateField()
    overdue = serializers.SerializerMethodField(help_text="whether its review was due before today (UTC)")
    lists = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    rules = RuleOut(many=True)

    def get_overdue(self, pack: Pack) -> bool:
        return pack.review_due < now().date()


class PacksOut(serializers.Serializer[object]):
    hash = serializers.CharField(help_text="of all packs together, as the votes of Compliance name it")
    fault = serializers.CharField(help_text="why they cannot be asked; with one, every run is refused")
    notice = serializers.CharField()
    packs = PackOut(many=True)


class Packs(APIView):
    scopes = {"GET": Scope.RUNS_READ}

    @extend_schema(operation_id="policies_list", responses=PacksOut)
    def get(self, request: Request) -> Response:
        """Show the packs that the workspace's runs are judged by."""
        actor = cast("Actor", getattr(request, "actor"))  # noqa: B009 - put there by the permission
        known = activating.in_force(workspace_of(actor))
        shown = {"hash": known.hash, "fault": known.fault, "notice": NOT_LEGAL_ADVICE, "packs": known.packs}
        return Response(PacksOut(shown).data)
