from django.apps import AppConfig

from audit.apps import keep_history


class EvidenceConfig(AppConfig):
    name = "evidence"

    def ready(self) -> None:
        keep_history(self.get_model("Source"))
