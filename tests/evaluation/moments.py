"""What the process of test_snapshots.py does, by `manage.py shell`: read, while another connection writes."""

import csv
import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Thread

from django.db import connection

from annotations.models import Study
from annotations.services.participations import withdraw
from annotations.services.plans import note_deviation
from annotations.services.reviews import exclude_annotator
from evaluation import exports as files
from evaluation.frames import responses
from evaluation.frames.responses import response_frame
from evaluation.frames.snapshots import snapshot
from evaluation.models import Export, Report
from evaluation.reports import gather
from evaluation.reports.gather import study_fingerprint
from evaluation.services import exports
from evaluation.services.exports import request_export
from evaluation.services.reports import compute_report
from tests.evaluation.studies import analysis_of, answer_task, ask, document_of, make_attribution_study, texts
from tests.factories import make_annotator, make_user


def in_another_connection(happen: Callable[[], object]) -> None:
    """Have it done and committed by another connection, now."""
    failed = []

    def run() -> None:
        try:
            happen()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told below
            failed.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def seen(study: Study) -> list:
    """Everything that a report reads, each with a query of its own."""
    study = Study.objects.select_related("plan").get(pk=study.pk)
    return [
        len(response_frame(study)),
        study.title,
        study.plan.deviations.count(),
        study_fingerprint(study, analysis_of(study)),
    ]


def look() -> None:
    """Print as JSON what was seen before, inside and after a snapshot during which others wrote."""
    study = make_attribution_study({"dog": ("NOUN", ())}, title="Before")

    def happen() -> None:
        answer_task(study.tasks.get(), make_annotator(), {"choice": 3})
        Study.objects.filter(pk=study.pk).update(title="After")
        note_deviation(study.plan, what="title", frozen='"Before"', now='"After"')

    before = seen(study)
    with snapshot():
        inside = [seen(study)]
        in_another_connection(happen)
        inside.append(seen(study))
    print(json.dumps({"before": before, "inside": inside, "after": seen(study)}))


def compute() -> None:
    """Print as JSON what a report shows and is named if somebody withdrew, another answer came and a
    deviation was found while it was computed."""
    study = make_attribution_study({"dog": ("NOUN", ())})
    person = answer_task(study.tasks.get(), make_annotator(), {"choice": 3}).assignment.participation
    report = ask(study)
    asked_for = study_fingerprint(study, analysis_of(study))
    read_plan = gather.read_plan

    def happen() -> None:
        withdraw(participation=person)
        answer_task(study.tasks.get(), make_annotator(), {"choice": 5})
        note_deviation(study.plan, what="title", frozen='"Before"', now='"After"')

    def interrupted(*args):
        in_another_connection(happen)
        return read_plan(*args)

    gather.read_plan = interrupted
    assert compute_report(report=report)
    stored = Report.objects.get()
    document = document_of(stored)
    plan = dict(texts(document, "plan"))
    shown = {
        "collected": dict(texts(document, "flow"))["responses collected"],
        "answered": plan["answered so far"],
        "erased": plan.get("answers erased on request", "0"),
        "deviations": texts(document, "deviations"),
        "named": stored.fingerprint,
        "asked_for": asked_for,
        "present": study_fingerprint(Study.objects.get(pk=study.pk), analysis_of(study)),
    }
    print(json.dumps(shown))


def export() -> None:
    """Print as JSON what stands in a file of three answers if their author is excluded, and another answer
    comes, after the first of them was written; and how far the file was by its row, as somebody else saw it
    meanwhile."""
    words = dict.fromkeys(("dog", "cat", "owl", "cow"), ("NOUN", ()))
    study = make_attribution_study(words)
    person, tasks = make_annotator(), study.tasks.order_by("position")
    for task in tasks[:3]:
        last = answer_task(task, person, {"choice": 3})
    asked = request_export(study=study, by=make_user())
    exports._Watched.LEASE = timedelta(seconds=0.2)
    responses.READ_AT_ONCE = 1
    seen: list[int] = []

    def happen() -> None:
        exclude_annotator(participation=last.assignment.participation, reason="careless")
        answer_task(tasks[3], make_annotator(), {"choice": 5})
        deadline = time.monotonic() + 20
        while not (done := Export.objects.get().done) and time.monotonic() < deadline:
            time.sleep(0.02)
        seen.append(done)

    write = files.write_responses

    def interrupted(chunks, file, tell):
        def told(written: int) -> None:
            tell(written)
            if written == 1:
                in_another_connection(happen)

        return write(chunks, file, told)

    files.write_responses = interrupted
    assert exports.write_export(export=asked)
    files.write_responses = write
    done = Export.objects.get()
    with done.file.open("r") as file:
        rows = list(csv.DictReader(file))
    with NamedTemporaryFile() as file:
        exports.save_responses(study=study, path=Path(file.name), by=None)
        after = list(csv.DictReader(Path(file.name).read_text().splitlines()))
    dropped, dropped_after = ([row["dropped"] for row in each] for each in (rows, after))
    print(json.dumps({"dropped": dropped, "answers": done.answers, "seen": seen, "after": dropped_after}))
