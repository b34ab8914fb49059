"""What a kind of task is: everything about it stands in its folder.

A kind says which options it has (a Django form), what is drafted as a task, how a task is answered (a form),
what an answer says in words and in columns of a file. The defaults here make a kind of a key, a label, an
answer's form and its columns; see docs/add-a-kind.md."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, overload

from django import forms

from annotations.models import Task
from generation.models import Generation, Word

# The columns that the responses of every kind have, in frames and files: a kind declares none of these names.
# evaluation/frames/columns.py, which lies above, says what is in them; a test holds the two lists together.
COMMON_COLUMNS = (
    "study", "task", "task_position", "role", "generation", "image_sha256", "seed", "prompt_id",
    "prompt_external_id", "prompt", "word_id", "annotator", "language", "assignment", "number", "place",
    "replica", "ended", "dropped", "response", "revision", "base", "late", "submitted_at", "revised_at",
    "milliseconds", "painted", "painted_milliseconds", "first_input_milliseconds", "viewed_milliseconds",
    "visible_spans", "interrupted", "input", "order_known", "arrangement", "viewport_width",
    "viewport_height", "picture_width", "picture_height", "pixel_ratio", "scheme", "direction", "enlarged",
    "overlay_hidden", "served_image_sha256", "served_overlay_sha256", "flags",
)  # fmt: skip

# Of a study that says everything as its kind does.
NO_WORDINGS: Mapping[str, str] = {}

# Told how many are done, of how many.
Tell = Callable[[int, int], None]


def unwatched(done: int, total: int) -> None:
    """For work that nobody watches."""


def image_name(generation: Generation) -> str:
    """What an image is called in messages: by what a researcher chose, not by our numbers."""
    return f"Prompt {generation.prompt.external_id!r}, seed {generation.seed}"


@dataclass(frozen=True)
class TaskDraft:
    generation: Generation
    payload: Mapping[str, Any]
    word: Word | None = None
    role: str = Task.Role.ITEM
    variant: str = ""


@dataclass(frozen=True)
class TaskDrafts(Sequence[TaskDraft]):
    """The drafts of a study, and one line for each thing that could not be made a task."""

    drafts: tuple[TaskDraft, ...]
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.drafts)

    @overload
    def __getitem__(self, index: int) -> TaskDraft: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[TaskDraft, ...]: ...

    def __getitem__(self, index: int | slice) -> TaskDraft | tuple[TaskDraft, ...]:
        return self.drafts[index]


@dataclass(frozen=True)
class Column:
    """A column of a kind in frames and files.

    `type` is one of TYPES; `unit` is empty where there is none; `meaning` is one sentence for the codebook.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""

    # type → (type in a data frame, type in words)
    TYPES: ClassVar[Mapping[str, tuple[str, str]]] = {
        "text": ("string", "text, UTF-8"),
        "whole number": ("Int64", "whole number"),
        "number": ("Float64", "number"),
        "truth": ("boolean", "True or False"),
        "list": ("object", "JSON list of texts"),
        "JSON": ("string", "JSON"),
        "time": ("datetime64[us, UTC]", "time, UTC, ISO 8601"),
    }


@dataclass(frozen=True)
class Texts:
    """Defaults for a new study; a researcher edits them until it opens."""

    title: str
    consent: str
    instructions: str


@dataclass(frozen=True)
class Translation:
    """What a kind says in another language than English. `wordings`: by the keys of `Kind.wordings`. `scale`:
    where the labels of the answers come from. `reviewed_by`: the speaker who read all of it and stands for
    it; empty: made by a machine, and read by nobody."""

    texts: Texts
    wordings: Mapping[str, str]
    scale: str = ""
    reviewed_by: str = ""


class OptionsForm(forms.Form):
    """The options of a kind, declared here and nowhere else: the form in the admin, the command's arguments,
    and the plan follow from its fields. Every field has a default: an `initial`, or it may be left empty."""


class Kind(ABC):
    key: ClassVar[str]
    label: ClassVar[str]
    texts: ClassVar[Texts]
    columns: ClassVar[tuple[Column, ...]] = ()
    options_form: ClassVar[type[OptionsForm]] = OptionsForm
    template: ClassVar[str] = "annotations/kinds/plain.html"
    examples_template: ClassVar[str] = ""
    # Whether its tasks show the text that a picture was made from.
    shows_prompts: ClassVar[bool] = False
    # The answers of a closed scale: code → label, in their order. Empty: there is none.
    scale: ClassVar[Mapping[int, str]] = {}
    # What else than English it can say, by language.
    translations: ClassVar[Mapping[str, Translation]] = {}

    @abstractmethod
    def answer_form(
        self,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
        order: Sequence[int] = (),
        wordings: Mapping[str, str] = NO_WORDINGS,
    ) -> forms.Form:
        """The form of one task; `initial` is a stored answer that is being corrected, `order` what
        `options_to_order` had drawn for this person, `wordings` what the study says in the person's language:
        for a key that is not there, the kind's English. The `cleaned_data` of the valid form is the answer
        that is stored, plain JSON, and the same in every language."""

    def draft_tasks(
        self, generations: Sequence[Generation], options: Mapping[str, Any], tell: Tell = unwatched
    ) -> TaskDrafts:
        """The tasks of finished generations, and what was left out; by default one task per image, whose
        payload are the options. `tell` is told after every generation. Raises StudyError when there is
        nothing to judge."""
        return TaskDrafts(tuple(TaskDraft(generation, dict(options)) for generation in generations))

    def options_to_order(self, options: Mapping[str, Any]) -> int:
        """How many options of an answer stand in an order of each person's own, by the study's options: it is
        drawn when somebody joins, stays the same in all of their tasks, and is exported. 0: none."""
        return 0

    def wordings(self, options: Mapping[str, Any]) -> dict[str, str]:
        """What it says in a study of these options, such as its question and the labels of its answers: key →
        English. A study is offered in another language when all of them are there in that language."""
        return {}

    def prompt_wordings(self, options: Mapping[str, Any]) -> list[str]:
        """The keys of those `wordings` that are in the language of the prompts, since they come from the
        options: English only if the prompts are."""
        return []

    def examples(self, options: Mapping[str, Any], wordings: Mapping[str, str]) -> dict[str, Any]:
        """What `examples_template` shows, as `examples`, in a study of these options and wordings."""
        return {}

    def analysis_settings(self, options: Mapping[str, Any], replicas: int) -> dict[str, Any]:
        """How the answers will be analysed. Part of the frozen plan: it stands before the first answer."""
        return {}

    def answers_needed(self, settings: Mapping[str, Any]) -> int:
        """Answers that a task needs for the report to say something of it, by the frozen plan's settings."""
        return 1

    def in_words(self, answer: Mapping[str, Any], wordings: Mapping[str, str] = NO_WORDINGS) -> str:
        """A stored answer, for the person who gave it, in that person's language."""
        return ", ".join(str(value) for value in answer.values())

    def export(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """One value for each of `columns`, of a task's payload and an answer to it."""
        shown = {**payload, **answer}
        return {column.name: shown.get(column.name) for column in self.columns}
