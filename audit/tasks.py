"""Celery's side of the ledger: seal what is due, about once a second."""

from celery import shared_task

from audit import sealer


@shared_task(name="audit.seal")  # type: ignore[untyped-decorator]
def seal() -> None:
    sealer.seal_all()
