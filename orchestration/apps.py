from django.apps import AppConfig

from audit.apps import keep_history


class OrchestrationConfig(AppConfig):
    name = "orchestration"

    def ready(self) -> None:
        keep_history(self.get_model("ToolServer"), unkept=("environment", "discovered_at"))
        keep_history(self.get_model("Tool"))
