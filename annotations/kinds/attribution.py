"""How well does a word's heat map reflect the word? (Paper, section 3.2 and appendix A.2.)"""

import random
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from annotations.errors import StudyError
from annotations.kinds.drafts import Progress, TaskDraft, TaskDrafts, image_name, unwatched
from annotations.models import Study, Task
from generation.daam import GlobalHeatMap, HeatMapFileError, WordNotAttended
from generation.models import Generation, Word

# The paper's options 1–7. Only the first five are ratings.
CHOICES = {
    1: "bad",
    2: "poor",
    3: "fair",
    4: "good",
    5: "excellent",
    6: "image too poor",
    7: "word too abstract or missing",
}
NOT_RATED_BY_DEFAULT = "PUNCT"
OPTIONS = ("parts_of_speech", "words_per_image", "exclude_failed_checks")


class AttributionForm(forms.Form):
    choice = forms.TypedChoiceField(
        coerce=int,
        choices=list(CHOICES.items()),
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose one of the seven answers.",
            "invalid_choice": "“%(value)s” is not one of the seven answers; choose one from 1 to 7.",
        },
    )

    def __init__(self, task: Task, data=None, initial=None):
        super().__init__(data, initial=initial)
        shown = task.payload
        self.word = shown["word"]
        # The prompt around this very occurrence: the same word may be there twice.
        self.before = shown["prompt"][: shown["start"]]
        self.after = shown["prompt"][shown["end"] :]
        self.fields["choice"].label = f"How well does the highlighted area reflect the word “{self.word}”?"

    @property
    def scale(self):
        return list(self["choice"])[:5]

    @property
    def other_choices(self):
        return list(self["choice"])[5:]


class AttributionKind:
    key = "attribution"
    label = "Attribution: how well does a heat map reflect its word?"
    template = "annotations/kinds/attribution.html"
    examples_template = "annotations/kinds/attribution_examples.html"
    title = "What does the highlighted area show?"
    consent = (
        "In this study you look at pictures made by a computer program and say how well a highlighted area "
        "fits a word. Taking part is voluntary, and you can stop at any time by closing the page.\n\n"
        "We store your answers and the time you took for them. We do not ask for your name, and published "
        "results do not lead back to you."
    )
    instructions = (
        "Each page shows a picture, the same picture with an area highlighted, and the text that the "
        "picture was made from. One word of the text is marked in red. Say how well the highlighted area "
        "reflects that word.\n\n"
        "Judge the highlighting, not the beauty of the picture. If the picture is too poor to judge, or "
        "the marked word is too abstract or has nothing to do with anything in the picture, say so with "
        "one of the last two answers."
    )
    export_columns = ("word", "start", "end", "part_of_speech", "choice", "label")

    def clean_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """`parts_of_speech`: only words with one of these; `words_per_image`: at most so many, besides the
        checks; `exclude_failed_checks`: whether the analysis leaves out who failed an attention check."""
        unknown = sorted(set(options) - set(OPTIONS))
        if unknown:
            raise StudyError(
                f"An attribution study has no option {', '.join(unknown)}; it has {', '.join(OPTIONS)}."
            )
        parts_of_speech = options.get("parts_of_speech")
        if parts_of_speech is not None and (
            not isinstance(parts_of_speech, list)
            or not parts_of_speech
            or not all(isinstance(part, str) and part.strip() for part in parts_of_speech)
        ):
            raise StudyError('The option parts_of_speech must be a list such as ["NOUN", "VERB"].')
        words_per_image = options.get("words_per_image")
        if words_per_image is not None and (type(words_per_image) is not int or words_per_image < 1):
            raise StudyError("The option words_per_image must be a whole number, at least 1.")
        exclude_failed_checks = options.get("exclude_failed_checks", False)
        if type(exclude_failed_checks) is not bool:
            raise StudyError("The option exclude_failed_checks must be true or false.")
        return {
            "parts_of_speech": parts_of_speech and sorted({part.strip().upper() for part in parts_of_speech}),
            "words_per_image": words_per_image,
            "exclude_failed_checks": exclude_failed_checks,
        }

    def draft_tasks(
        self, generations: list[Generation], options: Mapping[str, Any], progress: Progress = unwatched
    ) -> TaskDrafts:
        """One task per image and word: the words marked as targets if there are any, otherwise all but
        punctuation; and the words marked as attention checks. Words without a heat map (the text encoder cut
        them off) are left out and listed.

        `generations`: succeeded, with `prompt__words` prefetched for speed. Raises StudyError if nothing is
        left.
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
                drafts += [_draft(generation, word) for word in attended]
                left_out += lines
            progress(done, len(generations))
        if all(draft.role == Task.Role.CHECK for draft in drafts):
            raise StudyError(_nothing_to_rate(generations, options, left_out))
        return TaskDrafts(tuple(drafts), tuple(left_out))

    def analysis_plan(self, study: Study) -> dict[str, Any]:
        """`min_valid`: the ratings that an item needs to be scored: two, or one where every task has a single
        annotator, since nothing could be scored otherwise. `exclude_failed_checks`: whether who failed an
        attention check is left out, as in the paper (appendix A.2)."""
        return {
            "confidence": 0.95,
            "min_valid": min(2, study.replicas),
            "exclude_failed_checks": study.options["exclude_failed_checks"],
        }

    def answers_needed(self, settings: Mapping[str, Any]) -> int:
        return settings["analysis"]["min_valid"]

    def form(
        self, task: Task, data: Mapping[str, Any] | None = None, initial: dict | None = None
    ) -> AttributionForm:
        return AttributionForm(task, data, initial)

    def in_words(self, answer: Mapping[str, Any]) -> str:
        return CHOICES[answer["choice"]]

    def export(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        shown = {column: payload[column] for column in ("word", "start", "end", "part_of_speech")}
        return {**shown, "choice": answer["choice"], "label": CHOICES[answer["choice"]]}


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
    heat_maps = _load_heat_maps(generation)
    attended, left_out = [], []
    for word in words:
        try:
            heat_maps.span(word.start, word.end)
        except (WordNotAttended, ValueError) as error:
            left_out.append(f"{image_name(generation)}: {error}")
        else:
            attended.append(word)
    return attended, left_out


def _load_heat_maps(generation: Generation) -> GlobalHeatMap:
    try:
        return generation.load_heat_maps()
    except (FileNotFoundError, HeatMapFileError) as error:
        raise StudyError(
            f"The heat maps of prompt {generation.prompt.external_id!r}, seed {generation.seed}, cannot be "
            f"read ({generation.heat_maps.name}: {error}). Restore the file or make the image again."
        ) from error


def _draft(generation: Generation, word: Word) -> TaskDraft:
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
        },
    )


def _nothing_to_rate(generations: list[Generation], options: Mapping[str, Any], left_out: list[str]) -> str:
    if not generations:
        return (
            "There is no finished image, so there is nothing to rate. Wait for the run or retry what failed."
        )
    if left_out:
        return f"No word is left to rate: {len(left_out)} have no heat map. The first: {left_out[0]}"
    if options.get("parts_of_speech"):
        return f"No word to rate is {' or '.join(options['parts_of_speech'])}. Choose other parts of speech."
    return "The prompts have no words to rate. Run parse_prompts on their prompt set first."
