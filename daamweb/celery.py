"""The Celery application. Messages are pokes: what has to be done stands in the database."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "daamweb.settings")
# Read when torch is loaded. Threads that spin while they wait make a small model fifty times slower on a busy
# machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Libraries that would fill a worker's log with progress bars and hints; errors still get there.
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")

app = Celery("daamweb", task_cls="daamweb.overdue:Job")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")
app.autodiscover_tasks(["daamweb.work"], related_name="jobs")
