from functools import partial
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete
from django.db.transaction import on_commit

from audit.apps import keep_history
from orchestration import verifications


class OrchestrationConfig(AppConfig):
    name = "orchestration"

    def ready(self) -> None:
        keep_history(self.get_model("ToolServer"), unkept=("environment", "discovered_at"))
        keep_history(self.get_model("Tool"))
        post_delete.connect(forget, sender="audit.DataKey", dispatch_uid="verifications.forget")


def forget(*, instance: Any, **_: Any) -> None:  # noqa: ANN401 - a signal's particulars
    """Erase, with a data key, what the cache of verifications holds of its run."""
    on_commit(partial(verifications.forget, instance.pk))
