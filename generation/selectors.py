"""What is read of prompts and runs."""

from dataclasses import dataclass, fields

from django.db.models import PROTECT, Count, Model, Q, QuerySet
from django.utils import timezone

from daamweb.projects.selectors import Visitor, visible_to
from generation.daam import GlobalHeatMap, HeatMapFileError, WordNotAttended
from generation.errors import UnreadableHeatMapsError
from generation.models import Generation, GenerationRun, Import, Parse, PromptSet, Word


def parsed_words(prompt_set: PromptSet) -> list[Word]:
    return list(
        Word.objects.filter(prompt__prompt_set=prompt_set)
        .select_related("head")
        .order_by("prompt__position", "position")
    )


def is_needed(row: Model) -> bool:
    """Whether anything, such as a set's run or a run's study, keeps the row from being deleted."""
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: row}).exists()
        for relation in row._meta.related_objects
        if relation.on_delete is PROTECT
    )


def words_are_used(prompt_set: PromptSet) -> bool:
    """Whether anything, such as a study's task, keeps words of the set from being deleted."""
    return any(
        relation.related_model._base_manager.filter(
            **{f"{relation.field.name}__prompt__prompt_set": prompt_set}
        ).exists()
        for relation in Word._meta.related_objects
        if relation.on_delete is PROTECT
    )


REFUSED_SHOWN = 5


@dataclass(frozen=True)
class RunProgress:
    """unwritten: images that the run asks for and that are not written down yet."""

    queued: int
    running: int
    done: int
    failed: int
    cancelled: int
    unwritten: int = 0

    @property
    def total(self) -> int:
        return self.unwritten + self.queued + self.running + self.finished

    @property
    def finished(self) -> int:
        return self.done + self.failed + self.cancelled

    @property
    def is_finished(self) -> bool:
        return self.finished == self.total


STATES = tuple(field.name for field in fields(RunProgress) if field.name != "unwritten")


def run_progress(run: GenerationRun) -> RunProgress:
    """Counted in the index of runs and states alone: a page that waits asks every two seconds."""
    run.refresh_from_db(fields=["images", "written"])  # a worker goes on writing them down
    counts = dict(run.generations.order_by().values_list("state").annotate(images=Count("*")))
    return RunProgress(
        **{state: counts.get(state, 0) for state in STATES}, unwritten=run.images - run.written
    )


def with_progress(runs: QuerySet[GenerationRun]) -> QuerySet[GenerationRun]:
    """The runs, each with its counts for `counted_progress`, in one query."""
    return runs.annotate(
        **{f"{state}_images": Count("generations", filter=Q(generations__state=state)) for state in STATES}
    )


def counted_progress(run: GenerationRun) -> RunProgress:
    counts = {state: getattr(run, f"{state}_images") for state in STATES}
    return RunProgress(**counts, unwritten=run.images - run.written)


def is_worked_on(run: GenerationRun) -> bool:
    """Whether a worker that reports has some of the run's images in hand."""
    return run.generations.filter(
        state=Generation.State.RUNNING, lease_expires_at__gte=timezone.now()
    ).exists()


def read_heat_maps(generation: Generation) -> GlobalHeatMap:
    """Those of a finished image. Raises UnreadableHeatMapsError, which says what to do."""
    try:
        return generation.load_heat_maps()
    except (OSError, HeatMapFileError) as error:
        raise UnreadableHeatMapsError(
            f"The heat maps of prompt {generation.prompt.external_id!r}, seed {generation.seed}, cannot be "
            f"read ({generation.heat_maps.name}: {error}). Restore the file or make the image again."
        ) from error


@dataclass(frozen=True)
class SeenWord:
    """A word of a prompt, and whether the text encoder saw it when the image was made."""

    word: Word
    is_attended: bool


def seen_words(generation: Generation) -> list[SeenWord]:
    """The words of a finished image's prompt.

    Raises OSError or HeatMapFileError if the file of heat maps cannot be read.
    """
    heat_maps = generation.load_heat_maps()

    def is_attended(word: Word) -> bool:
        try:
            heat_maps.span(word.start, word.end)
        except WordNotAttended:
            return False
        return True

    words = generation.prompt.words.select_related("head").order_by("position")
    return [SeenWord(word, is_attended(word)) for word in words]


def refused_imports(user: Visitor) -> list[Import]:
    """The newest of which nothing is left but their pages, which say why."""
    return list(visible_to(Import.objects.filter(is_refused=True), user)[:REFUSED_SHOWN])


def running_imports(imports: QuerySet[Import]) -> QuerySet[Import]:
    """Those that a worker has begun; one that waits may wait in an archived project, too."""
    return imports.filter(state=Import.State.RUNNING)


def with_running_parse(prompt_sets: QuerySet[PromptSet]) -> QuerySet[PromptSet]:
    return prompt_sets.filter(pk__in=Parse.objects.filter(state=Parse.State.RUNNING).values("prompt_set"))
