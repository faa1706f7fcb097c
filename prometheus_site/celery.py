"""The Celery application. A message is only a wake-up; the truth is the Run row."""

import os

from celery import Celery
from celery.signals import worker_ready

from prometheus_site import exposure

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prometheus_site.settings")

app = Celery("prometheus")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
worker_ready.connect(exposure.expose)
