"""Every address of the site."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from audit import console as audit_console
from evidence import api as evidence_api
from orchestration import api
from orchestration.console import approvals, runs
from prometheus_site import health, pages
from prometheus_site.onetime import one_time_login

v1 = [
    path("runs", api.Runs.as_view()),
    path("runs/<uuid:run_id>", api.RunDetail.as_view()),
    path("runs/<uuid:run_id>/claims", api.RunClaims.as_view()),
    path("runs/<uuid:run_id>/lineage", api.RunLineage.as_view()),
    path("runs/<uuid:run_id>/proof", api.RunProof.as_view()),
    path("runs/<uuid:run_id>/cancel", api.RunCancel.as_view()),
    path("verify", api.Verify.as_view()),
    path("approvals", api.Approvals.as_view()),
    path("approvals/<uuid:approval_id>", api.ApprovalDetail.as_view()),
    path("approvals/<uuid:approval_id>/approve", api.ApprovalWord.as_view(approve=True)),
    path("approvals/<uuid:approval_id>/reject", api.ApprovalWord.as_view(approve=False)),
    path("documents", evidence_api.Documents.as_view()),
    path("ledger/checkpoint", api.Checkpoint.as_view()),
    path("token", TokenObtainPairView.as_view()),
    path("token/refresh", TokenRefreshView.as_view()),
    path("schema", SpectacularAPIView.as_view(permission_classes=[]), name="schema"),
]

console = [
    path("", RedirectView.as_view(pattern_name="console:runs"), name="home"),
    path("runs", runs.runs, name="runs"),
    path("runs/<uuid:run_id>", runs.run, name="run"),
    path("approvals", approvals.approvals, name="approvals"),
    path("approvals/<uuid:approval_id>", approvals.decision, name="decision"),
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
