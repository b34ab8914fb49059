"""Who runs the study that a crowd rates: by `manage.py shell`, one command a line, one JSON reply a line."""

import json
import sys
import time
from datetime import timedelta

from django.utils import timezone

from annotations.jobs import sweep_studies
from annotations.models import Assignment, Study
from annotations.services.closings import close_study, pause_study
from annotations.services.integrity import unfilled_places
from annotations.services.openings import open_study
from annotations.services.turns import return_assignment
from tests.factories import make_prompt_set, make_run, make_study

WORDS = ("dog", "cat", "bear", "cow")


def build(*, name: str, prompts: int, **design) -> None:
    """Four items and an attention check a prompt."""
    texts = [
        (
            f"{' '.join(WORDS)} {number} .",
            [*((word, "NOUN", "") for word in WORDS), (".", "PUNCT", "attention_check")],
        )
        for number in range(prompts)
    ]
    study = make_study(run=make_run(make_prompt_set(texts)), name=name, **design)
    assert (study.items, study.checks) == (4 * prompts, prompts)
    print(study.slug)


def serve() -> None:
    for line in sys.stdin:
        study = Study.objects.get()
        print(json.dumps(COMMANDS[line.strip()](study)), flush=True)


def _claimed(study: Study):
    return Assignment.objects.filter(study=study, state=Assignment.State.CLAIMED).order_by("pk")


def _return_three(study: Study) -> int:
    """Whoever has them may be answering just now; then they are looked up again."""
    returned = 0
    for _ in range(100):
        for turn in _claimed(study).reverse()[: 3 - returned]:
            returned += return_assignment(assignment=turn)
        if returned == 3:
            break
        time.sleep(0.02)
    return returned


def _let_leases_run_out(study: Study, turns) -> int:
    past = timezone.now() - timedelta(seconds=1)
    return Assignment.objects.filter(pk__in=[turn.pk for turn in turns]).update(lease_expires_at=past)


def _sweep(study: Study) -> str:
    sweep_studies()
    study.refresh_from_db()
    return study.state


COMMANDS = {
    "pause": lambda study: pause_study(study=study).state,
    "open": lambda study: open_study(study=study).state,
    "close": lambda study: close_study(study=study).state,
    "sweep": _sweep,
    "return three": _return_three,
    "let six leases run out": lambda study: _let_leases_run_out(study, _claimed(study)[:6]),
    "let all leases run out": lambda study: _let_leases_run_out(study, _claimed(study)),
    "unfilled": lambda study: unfilled_places(study),
}
