from django.apps import AppConfig
from django.core.checks import Tags, register

from prometheus_site import checks


class PrometheusSiteConfig(AppConfig):
    name = "prometheus_site"

    def ready(self) -> None:
        found = (
            checks.keys_are_set,
            checks.addresses_fit,
            checks.verifier_is_there,
            checks.vectors_can_be_read,
            checks.packs_are_reviewed,
            checks.privacy_can_read,
            checks.guardians_are_there,
        )
        for check in found:
            register(check, deploy=True)
        register(checks.packs_in_force_are_reviewed, Tags.database)
