"""What is judged: images, each against one list of objects."""

from collections.abc import Mapping, Sequence
from typing import Any

from annotations.errors import StudyError
from annotations.kinds.interface import TaskDraft, TaskDrafts, Tell
from generation.models import Generation


def draft_tasks(generations: Sequence[Generation], options: Mapping[str, Any], tell: Tell) -> TaskDrafts:
    """One task per image. Raises StudyError if there is none, or if a prompt's noun is not on the list."""
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
        drafts.append(TaskDraft(generation, payload))
        tell(done, len(generations))
    return TaskDrafts(tuple(drafts))


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
    cohyponyms: bool | None = prompt.metadata.get("cohyponyms")
    if cohyponyms not in (True, False, None):
        raise StudyError(
            f"Prompt {prompt.external_id!r} (“{prompt}”) has “cohyponyms” {cohyponyms!r}; it can be true, "
            "false or missing."
        )
    return cohyponyms
