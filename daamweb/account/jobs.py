"""What workers do with logins."""

from celery import shared_task
from django.contrib.sessions.models import Session
from django.db.models.functions import Now


@shared_task
def sweep_sessions() -> None:
    """Forget the sessions that are over, which open nothing any more. By the database's clock: this worker's
    may be wrong, and would log everybody out."""
    Session.objects.filter(expire_date__lt=Now()).delete()
