"""Which objects are in the image? (Paper, section 5.1 and appendix C.)"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from annotations.kinds.interface import NO_WORDINGS, Kind, TaskDrafts, Tell, unwatched
from annotations.kinds.object_presence.answer import ObjectPresenceForm
from annotations.kinds.object_presence.columns import COLUMNS, SEPARATOR
from annotations.kinds.object_presence.options import ObjectPresenceOptions
from annotations.kinds.object_presence.tasks import draft_tasks
from annotations.kinds.object_presence.texts import LABEL, TEXTS
from annotations.kinds.object_presence.wordings import NONE, label_of, object_key, wordings_of
from annotations.kinds.translations import load_translations
from generation.models import Generation


class ObjectPresence(Kind):
    key = "object_presence"
    label = LABEL
    texts = TEXTS
    columns = COLUMNS
    options_form = ObjectPresenceOptions
    template = "kinds/object_presence/task.html"
    examples_template = "kinds/object_presence/examples.html"
    translations = load_translations(Path(__file__).parent / "translations")

    def draft_tasks(
        self, generations: Sequence[Generation], options: Mapping[str, Any], tell: Tell = unwatched
    ) -> TaskDrafts:
        return draft_tasks(generations, options, tell)

    def options_to_order(self, options: Mapping[str, Any]) -> int:
        """All objects of the list: who looks for one in it meets the others in another order than the next
        person."""
        return len(options["objects"])

    def wordings(self, options: Mapping[str, Any]) -> dict[str, str]:
        return wordings_of(options)

    def prompt_wordings(self, options: Mapping[str, Any]) -> list[str]:
        return [object_key(name) for name in options["objects"]]

    def analysis_settings(self, options: Mapping[str, Any], replicas: int) -> dict[str, Any]:
        """`present_objects`: how many of the ticked objects count as present (paper, section 5.1)."""
        return {"confidence": 0.95, "present_objects": 2}

    def answers_needed(self, settings: Mapping[str, Any]) -> int:
        needed: int = settings["replicas"]
        return needed

    def answer_form(
        self,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
        order: Sequence[int] = (),
        wordings: Mapping[str, str] = NO_WORDINGS,
    ) -> ObjectPresenceForm:
        return ObjectPresenceForm(payload, data, initial, order, wordings)

    def in_words(self, answer: Mapping[str, Any], wordings: Mapping[str, str] = NO_WORDINGS) -> str:
        ticked = ", ".join(label_of(name, wordings) for name in answer["objects"])
        return ticked or wordings.get("none", NONE.lower())

    def export(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """`pair` is the same whichever of the prompt's objects comes first."""
        return {
            **super().export(payload, answer),
            "prompt_objects": payload["prompt_objects"],
            "objects": answer["objects"],
            "pair": SEPARATOR.join(sorted(payload["prompt_objects"])),
        }
