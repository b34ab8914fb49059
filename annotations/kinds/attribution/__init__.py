"""How well does a word's heat map reflect the word? (Paper, section 3.2 and appendix A.2.)"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from annotations.kinds.attribution.answer import AttributionForm
from annotations.kinds.attribution.columns import COLUMNS
from annotations.kinds.attribution.displays import LEGENDS, display_of
from annotations.kinds.attribution.options import AttributionOptions
from annotations.kinds.attribution.tasks import draft_tasks
from annotations.kinds.attribution.texts import LABEL, TEXTS
from annotations.kinds.attribution.wordings import SCALE, legend_key, scale_in, wordings_of
from annotations.kinds.interface import NO_WORDINGS, Kind, TaskDrafts, Tell, unwatched
from annotations.kinds.translations import load_translations
from generation.models import Generation


class Attribution(Kind):
    key = "attribution"
    label = LABEL
    texts = TEXTS
    columns = COLUMNS
    options_form = AttributionOptions
    template = "kinds/attribution/task.html"
    examples_template = "kinds/attribution/examples.html"
    shows_prompts = True
    scale = SCALE
    translations = load_translations(Path(__file__).parent / "translations")

    def draft_tasks(
        self, generations: Sequence[Generation], options: Mapping[str, Any], tell: Tell = unwatched
    ) -> TaskDrafts:
        return draft_tasks(generations, options, tell)

    def wordings(self, options: Mapping[str, Any]) -> dict[str, str]:
        return wordings_of(options)

    def examples(self, options: Mapping[str, Any], wordings: Mapping[str, str]) -> dict[str, Any]:
        display = display_of(options)
        legend = wordings.get(legend_key(display), LEGENDS[display])
        return {"display": display, "legend": legend, "scale": scale_in(wordings)}

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
        wordings: Mapping[str, str] = NO_WORDINGS,
    ) -> AttributionForm:
        return AttributionForm(payload, data, initial, wordings)

    def in_words(self, answer: Mapping[str, Any], wordings: Mapping[str, str] = NO_WORDINGS) -> str:
        return scale_in(wordings)[answer["choice"]]

    def export(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        shown = {"display": display_of(payload), "label": SCALE[answer["choice"]]}
        return super().export(payload, {**answer, **shown})
