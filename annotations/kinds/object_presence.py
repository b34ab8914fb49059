"""Which objects are in the image? (Paper, section 5.1 and appendix C.)"""

from collections.abc import Mapping
from typing import Any

from django import forms

from annotations.errors import StudyError
from annotations.kinds.drafts import Progress, TaskDraft, TaskDrafts, unwatched
from annotations.models import Study, Task
from generation.models import Generation
from generation.prompts.cohyponyms import load_ontology

# Between objects where several stand in one cell of a table.
SEPARATOR = "|"


class ObjectPresenceForm(forms.Form):
    """Objects arrive in the order in which they were clicked: the page's script sends them so. Without the
    script they arrive in the order of the list."""

    objects = forms.MultipleChoiceField(
        label="Which of these objects are in the picture?",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "“%(value)s” is not on the list; tick only objects that are."},
    )
    # An explicit choice, so that an empty answer is never sent by mistake.
    none = forms.BooleanField(label="None of these objects", required=False)

    def __init__(self, task: Task, data=None, initial=None):
        if initial is not None:
            initial = {**initial, "none": not initial["objects"]}
        super().__init__(data, initial=initial)
        self.fields["objects"].choices = [(name, name) for name in task.payload["objects"]]

    def clean_objects(self) -> list[str]:
        objects = self.cleaned_data["objects"]
        twice = sorted({name for name in objects if objects.count(name) > 1})
        if twice:
            raise forms.ValidationError(
                f"Each object can be ticked once; this came twice: {', '.join(twice)}."
            )
        return objects

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "objects" not in cleaned:
            return cleaned
        if cleaned["objects"] and cleaned.get("none"):
            self.add_error(
                "none", "You ticked objects and “None of these objects”; only one of the two can be right."
            )
        elif not cleaned["objects"] and not cleaned.get("none"):
            self.add_error("objects", "Tick every object you see, or “None of these objects”.")
        return {"objects": cleaned.get("objects", [])}


class ObjectPresenceKind:
    key = "object_presence"
    label = "Object presence: which objects are in the image?"
    template = "annotations/kinds/object_presence.html"
    examples_template = "annotations/kinds/object_presence_examples.html"
    title = "Which objects are in the picture?"
    consent = (
        "In this study you look at pictures made by a computer program and say which objects you see in "
        "them. Taking part is voluntary, and you can stop at any time by closing the page.\n\n"
        "We store your answers and the time you took for them. We do not ask for your name, and published "
        "results do not lead back to you."
    )
    instructions = (
        "Each page shows a picture and a list of objects. Tick every object of the list that you see in "
        "the picture, the clearest one first.\n\n"
        "An object may look odd or be cut off: tick it if you can tell what it is. Tick nothing that you "
        "only guess. If nothing of the list is there, choose “None of these objects”."
    )
    export_columns = ("prompt_objects", "pair", "cohyponyms", "objects")

    def clean_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """`objects`: the list that annotators see; by default all leaves of the project's ontology."""
        unknown = sorted(set(options) - {"objects"})
        if unknown:
            raise StudyError(f"An object-presence study has no option {', '.join(unknown)}; it has objects.")
        objects = options.get("objects")
        if objects is None:
            objects = list(load_ontology().leaves)
        if (
            not isinstance(objects, list)
            or not objects
            or not all(isinstance(name, str) and name.strip() for name in objects)
        ):
            raise StudyError('The option objects must be a list of names such as ["cat", "dog"].')
        objects = [name.strip() for name in objects]
        twice = sorted({name for name in objects if objects.count(name) > 1})
        if twice:
            raise StudyError(f"The option objects names this more than once: {', '.join(twice)}.")
        separated = [name for name in objects if SEPARATOR in name]
        if separated:
            raise StudyError(f"An object's name must not contain “{SEPARATOR}”: {', '.join(separated)}.")
        return {"objects": sorted(objects, key=lambda name: (name.casefold(), name))}

    def draft_tasks(
        self, generations: list[Generation], options: Mapping[str, Any], progress: Progress = unwatched
    ) -> TaskDrafts:
        """One task per image. Raises StudyError if there is none, or if a prompt's noun is not on the
        list."""
        if not generations:
            raise StudyError(
                "There is no finished image, so there is nothing to judge. Wait for the run or retry it."
            )
        drafts = []
        for done, generation in enumerate(generations, start=1):
            payload = {
                "objects": options["objects"],
                "prompt_objects": _prompt_objects(generation, options["objects"]),
                "cohyponyms": _cohyponyms(generation),
            }
            drafts.append(TaskDraft(generation=generation, payload=payload))
            progress(done, len(generations))
        return TaskDrafts(tuple(drafts))

    def analysis_plan(self, study: Study) -> dict[str, Any]:
        """`present_objects`: how many of the ticked objects count as present (paper, section 5.1)."""
        return {"confidence": 0.95, "present_objects": 2}

    def answers_needed(self, settings: Mapping[str, Any]) -> int:
        return settings["replicas"]

    def form(
        self, task: Task, data: Mapping[str, Any] | None = None, initial: dict | None = None
    ) -> ObjectPresenceForm:
        return ObjectPresenceForm(task, data, initial)

    def in_words(self, answer: Mapping[str, Any]) -> str:
        return ", ".join(answer["objects"]) or "none of these objects"

    def export(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """`prompt_objects` and `objects` are lists, `objects` in click order; `pair` is the same whichever of
        the prompt's objects comes first."""
        prompt_objects = payload["prompt_objects"]
        return {
            "prompt_objects": prompt_objects,
            "pair": SEPARATOR.join(sorted(prompt_objects)),
            "cohyponyms": payload["cohyponyms"],
            "objects": answer["objects"],
        }


def _prompt_objects(generation: Generation, objects: list[str]) -> list[str]:
    """The prompt's nouns: without them nobody could say whether the image is right."""
    prompt = generation.prompt
    nouns = prompt.metadata.get("nouns")
    if not isinstance(nouns, list) or not nouns:
        raise StudyError(
            f"Prompt {prompt.external_id!r} (“{prompt}”) does not say which objects it names. Make its "
            "prompt set with build_prompts cohyponyms, or give its prompts a list “nouns”."
        )
    for noun in nouns:
        if noun not in objects:
            raise StudyError(
                f"Prompt {prompt.external_id!r} (“{prompt}”) names “{noun}”, which is not on the list of "
                "objects. Add it to the list or leave the prompt out."
            )
    return nouns


def _cohyponyms(generation: Generation) -> bool | None:
    """Whether the prompt's nouns are cohyponyms; None where nobody said."""
    prompt = generation.prompt
    cohyponyms = prompt.metadata.get("cohyponyms")
    if cohyponyms not in (True, False, None):
        raise StudyError(
            f"Prompt {prompt.external_id!r} (“{prompt}”) has “cohyponyms” {cohyponyms!r}; it can be true, "
            "false or missing."
        )
    return cohyponyms
