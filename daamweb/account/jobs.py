"""What workers do with logins."""

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone


@shared_task
def sweep_sessions() -> None:
    """Forget the sessions that are over, which open nothing any more."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
