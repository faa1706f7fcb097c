from django.apps import AppConfig
from django.db import models


def keep_history(model: type[models.Model], *, unkept: tuple[str, ...] = ()) -> None:
    """Let django-auditlog record every edit of a model that operators change; ``unkept`` fields are left out."""
    from auditlog.registry import auditlog  # noqa: PLC0415 - it defines models, so it loads after the apps

    auditlog.register(model, exclude_fields=[*unkept])


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from auditlog.signals import post_log  # noqa: PLC0415 - models are ready only now

        from audit.mirror import mirror  # noqa: PLC0415 - models are ready only now

        keep_history(self.get_model("Workspace"), unkept=("flush_policy", "max_active_runs"))
        keep_history(self.get_model("Membership"))
        keep_history(self.get_model("ApiKey"), unkept=("digest", "last_used_at"))
        post_log.connect(mirror, dispatch_uid="audit.mirror")
