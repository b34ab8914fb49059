"""Steps that an annotator takes, over HTTP."""

import json
import re
import uuid
from datetime import timedelta

from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from annotations.models import Assignment, Participation, Study, Task
from annotations.selectors import ShownTask, held_assignment
from annotations.views.pictures import pictures_of
from tests.factories import make_open_study, make_prompt_set, make_run


def address(name: str, study: Study, *args) -> str:
    return reverse(f"annotations:{name}", args=[study.slug, *args])


def picture(name: str, task: Task) -> str:
    """The address of a task's image or overlay, as the pages name it."""
    return getattr(pictures_of(ShownTask.of(task)), name)


def make_study_of_one_place() -> Study:
    """Open, with one task for one annotator."""
    return make_open_study(run=make_run(make_prompt_set([("A dog", [("dog", "NOUN", "")])])), replicas=1)


def join(client, study: Study) -> Participation:
    """Consent and begin; the first task is claimed if there is one."""
    known = set(study.participations.values_list("pk", flat=True))
    client.post(address("start", study))
    client.post(address("next", study))
    return study.participations.exclude(pk__in=known).get()


def held(participation: Participation) -> Assignment | None:
    """The turn that this person is at."""
    return held_assignment(participation)


def page_fields(base: int | None = None, token: uuid.UUID | None = None, **measured: object) -> dict:
    """The hidden fields of a task's page that shows the answer's revision `base`."""
    return {
        "page-token": str(token or uuid.uuid4()),
        "page-base": "" if base is None else str(base),
        "page-measured": as_measured(**measured),
    }


def fields_of(page) -> dict[str, str]:
    """The hidden fields of a page that was shown, as its HTML has them."""
    return dict(re.findall(r'name="(page-[a-z]+)" value="([^"]*)"', page.text))


def as_measured(**changes: object) -> str:
    """What a page's script says of itself."""
    said = {"answered": 4500, "painted": 300, "first_input": 4400, "visible": [[300, 4500]], **changes}
    return json.dumps(said)


def send(client, turn: Assignment, answer: dict, **changes):
    """Send a turn's page as it is now, whatever answer is stored; `changes` are made to its fields."""
    base = Assignment.objects.values_list("revision", flat=True).get(pk=turn.pk)
    fields = {**page_fields(base), **answer, **changes}
    return client.post(address("assignment", turn.study, turn.pk), fields)


def begin_earlier(turn: Assignment, **ago: float) -> None:
    """As if the page had been shown that long ago: nothing takes longer than since its claim."""
    Assignment.objects.filter(pk=turn.pk).update(claimed_at=F("claimed_at") - timedelta(**ago))


def run_out(turn: Assignment) -> None:
    """The turn's lease is over, and nobody has noticed yet."""
    Assignment.objects.filter(pk=turn.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
