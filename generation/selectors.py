"""What is read of prompts and runs."""

from dataclasses import dataclass
from io import BytesIO

from django.db.models import Count, Q

from PIL import Image

from generation.daam import WordNotAttended
from generation.daam.overlay import draw_overlay
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


def words_with_attendance(generation: Generation) -> list[Word]:
    """The prompt's words, each with `is_attended`: whether the text encoder saw it."""
    words = list(generation.prompt.words.select_related("head").order_by("position"))
    if generation.state != Generation.State.SUCCEEDED:
        return words
    heat_maps = generation.load_heat_maps()
    for word in words:
        try:
            heat_maps.span(word.start, word.end)
        except WordNotAttended:
            word.is_attended = False
        else:
            word.is_attended = True
    return words


def overlay_file(*, generation: Generation, start: int, end: int) -> bytes:
    """The image with the heat map of the characters [start, end) over it, as WebP. Raises WordNotAttended."""
    heat_map = generation.load_heat_maps().span(start, end)
    with generation.image.open("rb") as file, Image.open(file) as image:
        drawn = draw_overlay(image.convert("RGB"), heat_map)
    content = BytesIO()
    drawn.save(content, format="WEBP", quality=90)
    return content.getvalue()
