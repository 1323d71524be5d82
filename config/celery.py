"""The Celery application of the trusted site. It wakes; the database decides (DESIGN section 12)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.trusted")

from django.conf import settings

from config.swept import note_sweeps

app = Celery("conclave", broker=settings.REDIS_URL)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["conferences", "kmf"])
note_sweeps(settings.REDIS_URL)
