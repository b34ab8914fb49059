"""Studies with answers, for the tests of frames, exports, reports and pages."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from django.utils import timezone

from annotations.models import Annotator, Response, Study, Task
from evaluation.analyses.interface import Analysis
from evaluation.analyses.registry import analyses_of_kind
from evaluation.documents.content import ReportContent, Section
from evaluation.frames.responses import answered_turns, response_chunks
from evaluation.models import Report
from evaluation.reports.build import build_report
from evaluation.reports.gather import gather, study_fingerprint
from evaluation.services.exports import save_responses
from evaluation.services.reports import request_report
from evaluation.services.results import load_document, store_result
from tests.factories import (
    answer_turn,
    give_turn,
    make_annotator,
    make_cohyponym_prompt_set,
    make_open_study,
    make_participation,
    make_prompt_set,
    make_run,
)

# word: (part of speech, the choices of three annotators). Hand-worked: the nouns score 4.5 (median of 4 and
# 5) and 2, the verb 4; "the" is too abstract, "of" has a single rating left.
RATED = {
    "dog": ("NOUN", (6, 4, 5)),
    "cat": ("NOUN", (1, 2, 3)),
    "runs": ("VERB", (4, 4, 5)),
    "the": ("DET", (4, 7, 5)),
    "of": ("ADP", (6, 6, 2)),
}


def answer_task(task: Task, annotator: Annotator, answer: dict, milliseconds: int | None = 5000) -> Response:
    """Give the annotator one of the task's open places, and answer it."""
    turn = give_turn(task, make_participation(task.study, annotator))
    return answer_turn(turn, answer, milliseconds)


def make_attribution_study(
    rated: Mapping[str, tuple[str, Sequence[int]]] = RATED,
    checks: Mapping[str, Sequence[int]] | None = None,
    **design,
) -> Study:
    """Open, without answers: one image, one task per word; `checks` are attention checks."""
    words = [(word, tag, "target") for word, (tag, _) in rated.items()]
    words += [(word, "PUNCT", "attention_check") for word in checks or {}]
    text = " ".join(word for word, _, _ in words)
    return make_open_study(run=make_run(make_prompt_set([(text, words)])), **design)


def make_rated_study(
    rated: Mapping[str, tuple[str, Sequence[int]]] = RATED,
    checks: Mapping[str, Sequence[int]] | None = None,
    **design,
) -> Study:
    """Rated by as many annotators as there are choices for a word: the first made the first choices."""
    study = make_attribution_study(rated, checks, **design)
    choices = {**{word: choices for word, (_, choices) in rated.items()}, **(checks or {})}
    annotators = [make_annotator() for _ in range(max(map(len, choices.values())))]
    for number, annotator in enumerate(annotators):
        for task in study.tasks.order_by("position"):
            of_word = choices[task.payload["word"]]
            if number < len(of_word):
                answer_task(task, annotator, {"choice": of_word[number]})
    return study


def make_ticked_study(
    ticks: Mapping[tuple[str, str, bool], Sequence[Sequence[str]]], replicas: int = 3
) -> Study:
    """Object presence. `ticks`: of each pair of nouns (and whether they are cohyponyms) what each annotator
    ticked, in the order of the clicks."""
    run = make_run(make_cohyponym_prompt_set(list(ticks)))
    study = make_open_study("object_presence", run, replicas=replicas)
    lists = {(first, second): answers for (first, second, _), answers in ticks.items()}
    annotators = [make_annotator() for _ in range(replicas)]
    for number, annotator in enumerate(annotators):
        for task in study.tasks.order_by("position"):
            of_image = lists[tuple(task.payload["prompt_objects"])]
            if number < len(of_image):
                answer_task(task, annotator, {"objects": list(of_image[number])})
    return study


def analysis_of(study: Study) -> Analysis:
    """That of its report."""
    return analyses_of_kind(study.kind)[0]


def sections_of(study: Study) -> tuple[Section, ...]:
    """What the study's analysis makes of it as the database has it."""
    analysis = analysis_of(study)
    return analysis.sections(gather(study, analysis).inputs)


def report_of(study: Study) -> ReportContent:
    """As it would be computed now."""
    analysis = analysis_of(study)
    return build_report(gather(study, analysis), analysis)


def keep_report(content: ReportContent, study: Study) -> Report:
    """Have the study's report be this one, as if it had been computed just now."""
    name = study_fingerprint(study, analysis_of(study))
    return Report.objects.create(
        study=study,
        analysis=analysis_of(study).key,
        fingerprint=name,
        file=store_result(content, fingerprint=name),
        state=Report.State.DONE,
        finished_at=timezone.now(),
    )


def ask(study: Study) -> Report:
    """For its report."""
    return request_report(subject=study, analysis=analysis_of(study))


def file_frame(study: Study) -> pd.DataFrame:
    """What is in the file of its answers."""
    return pd.concat(response_chunks(study, answered_turns(study)), ignore_index=True)


def save(study: Study, path: Path) -> None:
    """Its answers, as the command and a worker write them."""
    save_responses(study=study, path=path, by=None)


def stored(report: Report) -> Report:
    """As the database has it, as a worker would find it."""
    return Report.objects.select_related("study__plan", "run").get(pk=report.pk)


def document_of(report: Report) -> dict:
    """What its page shows."""
    return load_document(stored(report))


def texts(document: dict, table: str) -> list[list[str]]:
    """The cells of a table of a stored report, as they are shown."""
    (found,) = [
        candidate
        for section in document["sections"]
        for candidate in section["tables"]
        if candidate["name"] == table
    ]
    return [[cell["text"] for cell in row] for row in found["rows"]]
