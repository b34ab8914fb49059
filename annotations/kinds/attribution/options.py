"""The options of attribution studies."""

from django import forms

from annotations.kinds.interface import OptionsForm
from daamweb.fields import ListField


class AttributionOptions(OptionsForm):
    parts_of_speech = ListField(
        required=False,
        help_text="Only words of these parts of speech, such as NOUN, ADJ; empty: the words marked as "
        "targets, or where none are, all but punctuation.",
    )
    words_per_image = forms.IntegerField(
        required=False,
        min_value=1,
        help_text="At most so many words of an image, besides the checks; empty: all.",
    )
    exclude_failed_checks = forms.BooleanField(
        required=False,
        label="Exclude annotators who fail an attention check",
        help_text="The analysis leaves them out, as the paper did. Frozen with the plan.",
    )

    def clean_parts_of_speech(self) -> list[str] | None:
        parts = {part.upper() for part in self.cleaned_data["parts_of_speech"] or ()}
        return sorted(parts) or None
