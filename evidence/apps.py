from auditlog.registry import auditlog
from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"

    def ready(self) -> None:
        auditlog.register(self.get_model("Source"))
