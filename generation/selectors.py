"""What is read of prompts and runs."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from generation.daam import GlobalHeatMap, HeatMapFileError, WordNotAttended
from generation.errors import UnreadableHeatMapsError
from generation.models import Generation, GenerationRun, PromptSet, Word


def parsed_words(prompt_set: PromptSet) -> list[Word]:
    return list(
        Word.objects.filter(prompt__prompt_set=prompt_set)
        .select_related("head")
        .order_by("prompt__position", "position")
    )


@dataclass(frozen=True)
class RunProgress:
    queued: int
    running: int
    succeeded: int
    failed: int

    @property
    def total(self) -> int:
        return self.queued + self.running + self.succeeded + self.failed

    @property
    def finished(self) -> int:
        return self.succeeded + self.failed

    @property
    def is_finished(self) -> bool:
        return self.finished == self.total


def run_progress(run: GenerationRun) -> RunProgress:
    counts = run.generations.aggregate(
        **{state.value: Count("pk", filter=Q(state=state)) for state in Generation.State}
    )
    return RunProgress(**counts)


def with_progress(runs: QuerySet[GenerationRun]) -> QuerySet[GenerationRun]:
    """The runs, each with its counts for `counted_progress`, in one query."""
    return runs.annotate(
        **{
            state.value: Count("generations", filter=Q(generations__state=state))
            for state in Generation.State
        }
    )


def counted_progress(run: GenerationRun) -> RunProgress:
    return RunProgress(**{state.value: getattr(run, state.value) for state in Generation.State})


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
