"""Counters are kept for their day."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from daamweb.door.jobs import sweep_limits
from daamweb.door.models import Bucket

pytestmark = pytest.mark.django_db


def test_what_is_not_of_today_is_forgotten():
    today = timezone.now().date()
    for days in (-400, -1, 0, 1, 30):
        Bucket.objects.create(day=today + timedelta(days=days), purpose="join 1", whose=str(days), full_at=0)
    sweep_limits()
    # Tomorrow has begun on machines whose clocks are ahead.
    assert set(Bucket.objects.values_list("whose", flat=True)) == {"0", "1"}


def test_beat_asks_for_it_every_hour():
    entry = settings.CELERY_BEAT_SCHEDULE["sweep-limits"]
    assert (entry["task"], entry["schedule"]) == (sweep_limits.name, 60 * 60)
