"""How well does a word's heat map reflect the word? (Paper, section 3.2 and appendix A.2.)"""

from collections.abc import Mapping, Sequence
from typing import Any

from annotations.kinds.attribution.answer import SCALE, AttributionForm
from annotations.kinds.attribution.columns import COLUMNS
from annotations.kinds.attribution.displays import display_of
from annotations.kinds.attribution.options import AttributionOptions
from annotations.kinds.attribution.tasks import draft_tasks
from annotations.kinds.attribution.texts import LABEL, TEXTS
from annotations.kinds.interface import Kind, TaskDrafts, Tell, unwatched
from generation.models import Generation


class Attribution(Kind):
    key = "attribution"
    label = LABEL
    texts = TEXTS
    columns = COLUMNS
    options_form = AttributionOptions
    template = "kinds/attribution/task.html"
    examples_template = "kinds/attribution/examples.html"
    scale = SCALE

    def draft_tasks(
        self, generations: Sequence[Generation], options: Mapping[str, Any], tell: Tell = unwatched
    ) -> TaskDrafts:
        return draft_tasks(generations, options, tell)

    def analysis_settings(self, options: Mapping[str, Any], replicas: int) -> dict[str, Any]:
        """`min_valid`: the ratings that an item needs to be scored: two, or one where every task has a single
        annotator, since nothing could be scored otherwise. `exclude_failed_checks`: whether who failed an
        attention check is left out, as in the paper (appendix A.2)."""
        return {
            "confidence": 0.95,
            "min_valid": min(2, replicas),
            "exclude_failed_checks": options["exclude_failed_checks"],
        }

    def answers_needed(self, settings: Mapping[str, Any]) -> int:
        needed: int = settings["analysis"]["min_valid"]
        return needed

    def answer_form(
        self,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
        order: Sequence[int] = (),
    ) -> AttributionForm:
        return AttributionForm(payload, data, initial)

    def in_words(self, answer: Mapping[str, Any]) -> str:
        return SCALE[answer["choice"]]

    def export(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        shown = {"display": display_of(payload), "label": SCALE[answer["choice"]]}
        return super().export(payload, {**answer, **shown})
