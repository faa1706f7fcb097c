from typing import Any

from auditlog.registry import auditlog
from auditlog.signals import post_log
from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from audit.mirror import mirror  # noqa: PLC0415 - models are ready only now

        kept: dict[str, dict[str, Any]] = {
            "Workspace": {},
            "Membership": {},
            "ApiKey": {"exclude_fields": ["digest", "last_used_at"]},
        }
        for name, options in kept.items():
            auditlog.register(self.get_model(name), **options)
        post_log.connect(mirror, dispatch_uid="audit.mirror")
