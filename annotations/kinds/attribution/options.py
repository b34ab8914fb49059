"""The options of attribution studies."""

from django import forms

from annotations.kinds.attribution.displays import DISPLAYS
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
    display = forms.ChoiceField(
        choices=list(DISPLAYS.items()),
        initial="veil",
        label="How heat maps are drawn",
        help_text="The blue veil is for every study that has no reason for another one: more blue is more, "
        "whatever colours a person can tell apart, and on a grey screen. The spotlight leaves what is strong "
        "in its own colours and darkens the rest, for when the colours themselves are judged; what lies "
        "around is hard to see then. The rainbow is the paper’s, for comparing with its numbers; who tells "
        "few colours apart cannot put it in order. Frozen with the plan; answers to different displays are "
        "never analysed together.",
    )
    exclude_failed_checks = forms.BooleanField(
        required=False,
        label="Exclude annotators who fail an attention check",
        help_text="The analysis leaves them out, as the paper did. Frozen with the plan.",
    )

    def clean_parts_of_speech(self) -> list[str] | None:
        parts = {part.upper() for part in self.cleaned_data["parts_of_speech"] or ()}
        return sorted(parts) or None
