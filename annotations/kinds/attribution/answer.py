"""One of seven answers, of which only the first five are ratings."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotations.kinds.attribution.displays import LEGENDS, display_of
from annotations.kinds.attribution.wordings import QUESTION, RATINGS, SCALE, WORD, legend_key, scale_in
from annotations.kinds.interface import NO_WORDINGS
from daamweb.fields import OneOfField


class AttributionForm(forms.Form):
    choice = OneOfField(
        coerce=int,
        choices=list(SCALE.items()),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose one of the seven answers."),
            "invalid_choice": gettext_lazy(
                "“%(value)s” is not one of the seven answers; choose one from 1 to 7."
            ),
        },
    )

    def __init__(
        self,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
        wordings: Mapping[str, str] = NO_WORDINGS,
    ):
        super().__init__(data, initial=initial)
        self.word = payload["word"]
        # The prompt around this very occurrence: the same word may be there twice.
        self.before = payload["prompt"][: payload["start"]]
        self.after = payload["prompt"][payload["end"] :]
        display = display_of(payload)
        self.legend = wordings.get(legend_key(display), LEGENDS[display])
        question = wordings.get("question", QUESTION)
        # The word is in the prompt's language, and what stands around it in the study's.
        self.question_before, _, self.question_after = question.partition(WORD)
        self.fields["choice"].label = question.replace(WORD, self.word)
        self.labels = list(scale_in(wordings).items())

    @property
    def groups(self) -> list[tuple[str, list[tuple[int, str]]]]:
        """The ratings, and what is none; with the classes by which the page lays them out."""
        return [("scale__five", self.labels[:RATINGS]), ("scale__two", self.labels[RATINGS:])]

    @property
    def chosen(self) -> int | None:
        """What was sent, or is stored."""
        value = str(self["choice"].value())
        return next((code for code in SCALE if str(code) == value), None)
