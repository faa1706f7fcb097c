"""Every address of the site."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from audit import console as audit_console
from evidence import api as evidence_api
from evidence import calibrations_api
from guardians import calibrations_api as guardian_calibrations_api
from guardians import packs_api
from orchestration import (
    api,
    appeals_api,
    batches_api,
    guardians_api,
    inquiries_api,
    restores_api,
    reviews_api,
    streams,
    tools_api,
    webhooks_api,
)
from orchestration.console import (
    appeals,
    approvals,
    batches,
    calibrations,
    checkpoints,
    documents,
    guardians,
    inquiries,
    overrides,
    packs,
    runs,
    sources,
    webhooks,
)
from prometheus_site import health, pages
from prometheus_site.onetime import one_time_login

v1 = [
    path("runs", api.Runs.as_view()),
    path("runs/<uuid:run_id>", api.RunDetail.as_view()),
    path("runs/<uuid:run_id>/claims", api.RunClaims.as_view()),
    path("runs/<uuid:run_id>/claims/<uuid:claim_id>/appeals", appeals_api.ClaimAppeals.as_view()),
    path("runs/<uuid:run_id>/reviews", reviews_api.RunReviews.as_view()),
    path("runs/<uuid:run_id>/lineage", api.RunLineage.as_view()),
    path("runs/<uuid:run_id>/proof", api.RunProof.as_view()),
    path("runs/<uuid:run_id>/cancel", api.RunCancel.as_view()),
    path("runs/<uuid:run_id>/checkpoints", restores_api.RunCheckpoints.as_view()),
    path("runs/<uuid:run_id>/checkpoints/diff", restores_api.RunCheckpointsDiff.as_view()),
    path("runs/<uuid:run_id>/restore", restores_api.RunRestore.as_view()),
    path("runs/<uuid:run_id>/override", restores_api.RunOverride.as_view()),
    path("restores", restores_api.Restores.as_view()),
    path("restores/<uuid:restore_id>", restores_api.RestoreDetail.as_view()),
    path("restores/<uuid:restore_id>/approve", restores_api.RestoreWord.as_view(approve=True)),
    path("restores/<uuid:restore_id>/reject", restores_api.RestoreWord.as_view(approve=False)),
    path("overrides/<uuid:restore_id>/approve", restores_api.OverrideWord.as_view(approve=True)),
    path("overrides/<uuid:restore_id>/reject", restores_api.OverrideWord.as_view(approve=False)),
    path("runs/<uuid:run_id>/events", streams.RunEvents.as_view()),
    path("verify", api.Verify.as_view()),
    path("batches", batches_api.Batches.as_view()),
    path("batches/<uuid:batch_id>", batches_api.BatchDetail.as_view()),
    path("batches/<uuid:batch_id>/runs", batches_api.BatchRuns.as_view()),
    path("batches/<uuid:batch_id>/events", streams.BatchEvents.as_view()),
    path("batches/<uuid:batch_id>/cancel", batches_api.BatchCancel.as_view()),
    path("webhooks", webhooks_api.Webhooks.as_view()),
    path("webhooks/<uuid:webhook_id>", webhooks_api.WebhookDetail.as_view()),
    path("webhooks/<uuid:webhook_id>/rotate", webhooks_api.WebhookRotation.as_view()),
    path("webhooks/<uuid:webhook_id>/deliveries", webhooks_api.WebhookDeliveries.as_view()),
    path("webhooks/<uuid:webhook_id>/enable", webhooks_api.WebhookSwitch.as_view(on=True)),
    path("webhooks/<uuid:webhook_id>/disable", webhooks_api.WebhookSwitch.as_view(on=False)),
    path("approvals", api.Approvals.as_view()),
    path("approvals/<uuid:approval_id>", api.ApprovalDetail.as_view()),
    path("approvals/<uuid:approval_id>/approve", api.ApprovalWord.as_view(approve=True)),
    path("approvals/<uuid:approval_id>/reject", api.ApprovalWord.as_view(approve=False)),
    path("inquiries", inquiries_api.Inquiries.as_view()),
    path("inquiries/<uuid:inquiry_id>", inquiries_api.InquiryDetail.as_view()),
    path("inquiries/<uuid:inquiry_id>/answer", inquiries_api.InquiryAnswer.as_view()),
    path("appeals", appeals_api.Appeals.as_view()),
    path("appeals/<uuid:appeal_id>", appeals_api.AppealDetail.as_view()),
    path("appeals/<uuid:appeal_id>/decide", appeals_api.AppealDecision.as_view()),
    path("appeals/<uuid:appeal_id>/withdraw", appeals_api.AppealWithdrawal.as_view()),
    path("guardians", guardians_api.Guardians.as_view()),
    path("guardians/rules", guardians_api.GuardianRules.as_view()),
    path("guardians/calibrations", guardian_calibrations_api.GuardianCalibrations.as_view()),
    path("tools", tools_api.Tools.as_view()),
    path("tools/<uuid:tool_id>/approve", tools_api.ToolApprove.as_view()),
    path("tools/<uuid:tool_id>/compensation", tools_api.ToolCompensation.as_view()),
    path("documents", evidence_api.Documents.as_view()),
    path("policies", packs_api.Packs.as_view()),
    path("calibrations", calibrations_api.Calibrations.as_view()),
    path("ledger/checkpoint", api.Checkpoint.as_view()),
    path("token", TokenObtainPairView.as_view()),
    path("token/refresh", TokenRefreshView.as_view()),
    path("schema", SpectacularAPIView.as_view(permission_classes=[]), name="schema"),
]

console = [
    path("", RedirectView.as_view(pattern_name="console:runs"), name="home"),
    path("runs", runs.runs, name="runs"),
    path("runs/<uuid:run_id>", runs.run, name="run"),
    path("runs/<uuid:run_id>/checkpoints", checkpoints.checkpoints, name="checkpoints"),
    path("batches", batches.batches, name="batches"),
    path("batches/<uuid:batch_id>", batches.batch, name="batch"),
    path("webhooks", webhooks.webhooks, name="webhooks"),
    path("webhooks/<uuid:webhook_id>", webhooks.webhook, name="webhook"),
    path("runs/<uuid:run_id>/override", overrides.override, name="override"),
    path("overrides/<uuid:restore_id>", overrides.confirm, name="overriding"),
    path("restores/<uuid:restore_id>", checkpoints.restore, name="restore"),
    path("approvals", approvals.approvals, name="approvals"),
    path("approvals/<uuid:approval_id>", approvals.decision, name="decision"),
    path("inquiries/<uuid:inquiry_id>", inquiries.inquiry, name="inquiry"),
    path("runs/<uuid:run_id>/claims/<uuid:claim_id>/appeal", appeals.appeal_claim, name="appeal-claim"),
    path("appeals/<uuid:appeal_id>", appeals.appeal, name="appeal"),
    path("evidence", RedirectView.as_view(pattern_name="console:sources"), name="evidence"),
    path("evidence/sources", sources.sources, name="sources"),
    path("evidence/sources/<uuid:source_id>", sources.source, name="source"),
    path("evidence/documents/<uuid:document_id>", documents.document, name="document"),
    path("evidence/calibrations", calibrations.calibrations, {"of": "verifier"}, name="calibrations"),
    path("guardians", guardians.guardians, name="guardians"),
    path("guardians/calibrations", calibrations.calibrations, {"of": "guardian"}, name="guardian-calibrations"),
    path("policies", packs.packs, name="packs"),
    path("policies/<uuid:version_id>", packs.pack_version, name="pack-version"),
    path("ledger", audit_console.ledger_page, name="ledger"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="console:runs")),
    path("api/", pages.api_page, name="api"),
    path("api/v1/", include(v1)),
    path("console/", include((console, "console"))),
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("admin/", admin.site.urls),
    path("login", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("login/once/<str:uid>/<str:token>", one_time_login, name="one-time-login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", health.metrics),
]

handler404 = "prometheus_site.pages.not_found"
handler500 = "prometheus_site.pages.server_error"
