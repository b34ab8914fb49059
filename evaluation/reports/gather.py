"""Read from the database what a report is made of, all of one moment; computing comes after."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from annotations.kinds.interface import Tell, unwatched
from annotations.kinds.registry import get_kind
from annotations.models import Study
from evaluation.analyses.interface import Analysis
from evaluation.frames.images import StoredImages
from evaluation.frames.plans import FrozenPlan, read_plan
from evaluation.frames.responses import response_frame
from evaluation.frames.runs import RunFacts, read_run
from evaluation.frames.snapshots import snapshot
from evaluation.inputs import Inputs
from evaluation.reports.needs import Subject, check_needs
from evaluation.reports.versions import REPORT_VERSION
from generation.models import Generation, GenerationRun, Word

# Of a word.
PARSED = ("start", "end", "lemma", "part_of_speech", "relation", "enhanced_relation", "head")


@dataclass(frozen=True)
class Gathered:
    """`about`: the frozen plan of a study, or how a run's images were made. `fingerprint` names the state of
    everything that was read, `images` that of the images and words alone; "": none are read."""

    about: FrozenPlan | RunFacts
    inputs: Inputs
    fingerprint: str
    images: str


def gather(
    subject: Subject,
    analysis: Analysis,
    tell: Tell = unwatched,
    write: Callable[[Study], object] | None = None,
) -> Gathered:
    """Raises MissingNeedsError. `tell` hears, while the analysis goes through the images, how many it has had
    and of how many. `write` is called with a study in the same moment, to write files of it."""
    with snapshot():
        subject = _as_stored(subject)
        check_needs(analysis, subject)
        images = StoredImages(images_of(subject), tell) if analysis.needs.heat_maps else ()
        named = images_fingerprint(subject) if analysis.needs.heat_maps else ""
        if isinstance(subject, Study):
            plan = read_plan(subject)
            columns = tuple(column.name for column in get_kind(subject.kind).columns)
            inputs = Inputs(plan.settings, response_frame(subject), columns, images)
            of_study = study_fingerprint(subject, analysis)
            if write is not None:
                write(subject)
            return Gathered(plan, inputs, _hash(analysis, of_study, named) if named else of_study, named)
        facts = read_run(subject)
        inputs = Inputs(facts.settings, images=images)
        return Gathered(facts, inputs, _hash(analysis, "run", subject.pk, facts, named), named)


def can_be_told(subject: Subject, analysis: Analysis) -> bool:
    """Whether a page can tell that a report is of the present data: to find out about images takes as long as
    there are many."""
    return isinstance(subject, Study) and not analysis.needs.heat_maps


def study_fingerprint(study: Study, analysis: Analysis) -> str:
    """Names one state of what a study's report shows: the frozen plan, what deviates from it and when that
    was looked at last, the answers and what became of them, whether the study is closed, and the versions of
    analysis and report.

    Of counters alone: every person's `changes` grows with each answer and verdict. Who only came to look
    changes nothing. Of images and words it knows nothing."""
    plan = study.plan
    if plan is None:
        return ""
    changes = study.participations.aggregate(changes=Sum("changes", default=0))["changes"]
    deviations = plan.deviations.count()
    return _hash(
        analysis, "study", study.pk, plan.sha256, deviations, plan.verified_at, study.closed_at, changes
    )


def images_fingerprint(subject: Subject) -> str:
    """Names one state of the finished images, their heat maps and the words of their prompts. It reads them
    all: a worker's work."""
    images = images_of(subject).filter(state=Generation.State.DONE).order_by("pk")
    words = Word.objects.filter(prompt__generations__in=images).distinct().order_by("pk")
    found = hashlib.sha256()
    for rows in (
        images.values_list("pk", "seed", "image_sha256", "heat_maps_sha256"),
        words.values_list("pk", *PARSED),
    ):
        for row in rows.iterator(chunk_size=10_000):
            found.update(repr(row).encode())
    return found.hexdigest()


def images_of(subject: Subject) -> QuerySet[Generation]:
    """Those of a run, or those that a study's tasks are about."""
    if isinstance(subject, Study):
        return Generation.objects.filter(pk__in=subject.tasks.order_by().values("generation"))
    return subject.generations.all()


def _hash(analysis: Analysis, *state: object) -> str:
    named = (REPORT_VERSION, analysis.key, analysis.version, *state)
    return hashlib.sha256(":".join(map(str, named)).encode()).hexdigest()


def _as_stored(subject: Subject) -> Subject:
    """Raises DoesNotExist where it was deleted."""
    if isinstance(subject, Study):
        return Study.objects.select_related("run", "plan").get(pk=subject.pk)
    return GenerationRun.objects.select_related("prompt_set").get(pk=subject.pk)
