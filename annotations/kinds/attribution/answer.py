"""One of seven answers (the paper's options 1–7); only the first five are ratings."""

from collections.abc import Mapping
from typing import Any

from django import forms

from annotations.kinds.attribution.displays import display_of
from daamweb.fields import OneOfField

SCALE = {
    1: "bad",
    2: "poor",
    3: "fair",
    4: "good",
    5: "excellent",
    6: "image too poor",
    7: "word too abstract or missing",
}
RATINGS = 5


class AttributionForm(forms.Form):
    choice = OneOfField(
        coerce=int,
        choices=list(SCALE.items()),
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose one of the seven answers.",
            "invalid_choice": "“%(value)s” is not one of the seven answers; choose one from 1 to 7.",
        },
    )

    def __init__(
        self,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
    ):
        super().__init__(data, initial=initial)
        self.word = payload["word"]
        self.display = display_of(payload)
        # The prompt around this very occurrence: the same word may be there twice.
        self.before = payload["prompt"][: payload["start"]]
        self.after = payload["prompt"][payload["end"] :]
        self.fields["choice"].label = f"How well does the highlighted area reflect the word “{self.word}”?"

    @property
    def scale(self) -> list[tuple[int, str]]:
        return list(SCALE.items())[:RATINGS]

    @property
    def other_choices(self) -> list[tuple[int, str]]:
        return list(SCALE.items())[RATINGS:]

    @property
    def chosen(self) -> int | None:
        """What was sent, or is stored."""
        value = str(self["choice"].value())
        return next((code for code in SCALE if str(code) == value), None)
