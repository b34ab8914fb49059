"""What is rated: words of images, and punctuation as attention checks."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotations.errors import StudyError
from annotations.kinds.interface import TaskDraft, TaskDrafts, Tell, image_name
from annotations.models import Task
from generation.daam import WordNotAttended
from generation.errors import UnreadableHeatMapsError
from generation.models import Generation, Word
from generation.selectors import read_heat_maps

NOT_RATED_BY_DEFAULT = "PUNCT"


def draft_tasks(generations: Sequence[Generation], options: Mapping[str, Any], tell: Tell) -> TaskDrafts:
    """One task per image and word: the words marked as targets if there are any, otherwise all but
    punctuation; and the words marked as attention checks. Words without a heat map (the text encoder cut them
    off) are left out and listed.

    `generations`: succeeded, with `prompt__words` prefetched for speed. Raises StudyError if nothing is left.
    """
    prompts = {generation.prompt_id: generation.prompt for generation in generations}
    targets_only = any(
        word.role == Word.Role.TARGET for prompt in prompts.values() for word in prompt.words.all()
    )
    drafts: list[TaskDraft] = []
    left_out: list[str] = []
    for done, generation in enumerate(generations, start=1):
        words = list(_words_to_rate(generation, options, targets_only=targets_only))
        if words:
            attended, lines = _attended(generation, words)
            drafts += [_draft(generation, word, options["display"]) for word in attended]
            left_out += lines
        tell(done, len(generations))
    if all(draft.role == Task.Role.CHECK for draft in drafts):
        raise StudyError(_nothing_to_rate(generations, options, left_out))
    return TaskDrafts(tuple(drafts), tuple(left_out))


def _words_to_rate(
    generation: Generation, options: Mapping[str, Any], *, targets_only: bool
) -> Iterator[Word]:
    """In the prompt's order. The choice of `words_per_image` depends on nothing but the prompt's id and the
    seed, so a study that is built again asks about the same words."""
    words = list(generation.prompt.words.all())
    parts_of_speech = options.get("parts_of_speech")
    words_per_image = options.get("words_per_image")

    def is_candidate(word: Word) -> bool:
        if targets_only:
            fits = word.role == Word.Role.TARGET
        else:
            fits = word.role == Word.Role.NONE and word.part_of_speech != NOT_RATED_BY_DEFAULT
        return fits and (not parts_of_speech or word.part_of_speech in parts_of_speech)

    candidates = [word for word in words if is_candidate(word)]
    if words_per_image is not None and len(candidates) > words_per_image:
        draw = random.Random(f"{generation.prompt.external_id}:{generation.seed}")
        candidates = draw.sample(candidates, words_per_image)
    chosen = {word.pk for word in candidates}
    return (word for word in words if word.pk in chosen or word.role == Word.Role.ATTENTION_CHECK)


def _attended(generation: Generation, words: list[Word]) -> tuple[list[Word], list[str]]:
    """The words that have a heat map, and a line for each that has none: it was cut off by the text encoder,
    or is made of characters that the encoder does not read at all."""
    try:
        heat_maps = read_heat_maps(generation)
    except UnreadableHeatMapsError as error:
        raise StudyError(str(error)) from error
    attended, left_out = [], []
    for word in words:
        try:
            heat_maps.span(word.start, word.end)
        except (WordNotAttended, ValueError) as error:
            left_out.append(f"{image_name(generation)}: {error}")
        else:
            attended.append(word)
    return attended, left_out


def _draft(generation: Generation, word: Word, display: str) -> TaskDraft:
    return TaskDraft(
        generation=generation,
        word=word,
        role=Task.Role.CHECK if word.role == Word.Role.ATTENTION_CHECK else Task.Role.ITEM,
        payload={
            "prompt": generation.prompt.text,
            "start": word.start,
            "end": word.end,
            "word": word.text,
            "part_of_speech": word.part_of_speech,
            "display": display,
        },
    )


def _nothing_to_rate(
    generations: Sequence[Generation], options: Mapping[str, Any], left_out: list[str]
) -> str:
    if not generations:
        return (
            "There is no finished image, so there is nothing to rate. Wait for the run or retry what failed."
        )
    if left_out:
        return f"No word is left to rate: {len(left_out)} have no heat map. The first: {left_out[0]}"
    if options.get("parts_of_speech"):
        return f"No word to rate is {' or '.join(options['parts_of_speech'])}. Choose other parts of speech."
    return "The prompts have no words to rate. Run parse_prompts on their prompt set first."
