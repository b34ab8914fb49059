"""What workers do at the door."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from daamweb.door.models import Bucket


@shared_task
def sweep_limits() -> None:
    """Forget the counters of days that are over: nobody can find theirs again. Some other machine's day may
    have begun; a later one was written by a clock that was wrong."""
    today = timezone.now().date()
    Bucket.objects.exclude(day__in=(today, today + timedelta(days=1))).delete()
