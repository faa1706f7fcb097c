from auditlog.registry import auditlog
from django.apps import AppConfig


class OrchestrationConfig(AppConfig):
    name = "orchestration"

    def ready(self) -> None:
        auditlog.register(self.get_model("ToolServer"), exclude_fields=["environment"])
        auditlog.register(self.get_model("Tool"))
