"""Steps that an annotator takes, over HTTP."""

import uuid

from django.urls import reverse
from django.utils import timezone

from annotations.models import Participation, Study


def address(name: str, study: Study, *args) -> str:
    return reverse(f"annotations:{name}", args=[study.slug, *args])


def join(client, study: Study) -> Participation:
    """Consent and begin; the first place is claimed if there is one."""
    known = set(study.participations.values_list("pk", flat=True))
    client.post(address("start", study))
    client.post(address("next", study))
    return study.participations.exclude(pk__in=known).get()


def page_fields(token: uuid.UUID | None = None, seconds: float | str = 4.5) -> dict:
    """The hidden fields of a task's page."""
    return {
        "page-token": str(token or uuid.uuid4()),
        "page-shown_at": str(timezone.now().timestamp()),
        "page-seconds": str(seconds),
    }


def send(client, place, answer: dict, **changes):
    return client.post(address("assignment", place.study, place.pk), {**page_fields(), **answer, **changes})
