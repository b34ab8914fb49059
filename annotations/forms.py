"""The researcher's form for a new study."""

from django import forms

from annotations.kinds.registry import KINDS
from generation.forms import CommaListField
from generation.models import GenerationRun

# Which kind each option belongs to.
OPTIONS = {
    "parts_of_speech": "attribution",
    "words_per_image": "attribution",
    "exclude_failed_checks": "attribution",
    "objects": "object_presence",
}


class BuildStudyForm(forms.Form):
    kind = forms.ChoiceField(choices=[(kind.key, kind.label) for kind in KINDS.values()])
    name = forms.CharField(
        max_length=100,
        label="Name of the study",
        help_text="For you and the files; annotators see the title.",
    )
    run = forms.ModelChoiceField(
        GenerationRun.objects.all(), help_text="The generation run whose images are judged."
    )
    title = forms.CharField(
        max_length=200,
        required=False,
        help_text="What annotators see at the top; empty: the kind’s own. Consent and instructions begin as "
        "the kind’s own, too; you can edit all of them until the study opens.",
    )
    replicas = forms.IntegerField(
        min_value=1,
        max_value=100,
        initial=3,
        label="Annotators per task",
        help_text="Attribution: a word is scored by at least two ratings, or by one if this is 1.",
    )
    share_cap = forms.FloatField(
        required=False,
        min_value=0.001,
        max_value=1,
        help_text="Largest share of all places of items for one annotator, such as 0.16; empty: no cap.",
    )
    expected_annotators = forms.IntegerField(
        required=False,
        min_value=1,
        help_text="How many people you expect; a study that fewer people cannot finish is not opened. "
        "Empty: not known.",
    )
    check_every = forms.IntegerField(
        min_value=2,
        max_value=1000,
        initial=10,
        label="A check every so many tasks",
        help_text="As long as the study has an attention check that the person has not met.",
    )
    lease_minutes = forms.IntegerField(
        min_value=1,
        max_value=24 * 60,
        initial=30,
        help_text="A place that nobody finished within this time goes to someone else.",
    )
    parts_of_speech = CommaListField(
        required=False,
        help_text="Attribution: only words of these parts of speech, such as NOUN, ADJ; empty: the words "
        "marked as targets, or where none are, all but punctuation.",
    )
    words_per_image = forms.IntegerField(
        required=False, min_value=1, help_text="Attribution: at most so many words of an image; empty: all."
    )
    exclude_failed_checks = forms.BooleanField(
        required=False,
        label="Exclude annotators who fail an attention check",
        help_text="Attribution: the analysis leaves them out, as the paper did. Frozen with the plan.",
    )
    objects = CommaListField(
        required=False,
        help_text="Object presence: the list to tick from; empty: the ontology of the paper.",
    )
    seed = forms.IntegerField(min_value=0, initial=0, help_text="Seed of the order of tasks.")
    allow_unfinished = forms.BooleanField(required=False, label="Leave out images that are not finished")

    def clean(self):
        """Gather the options of the chosen kind under "options"; one of another kind is an error."""
        data = super().clean()
        given = {name: value for name in OPTIONS if (value := data.pop(name, None))}
        kind = data.get("kind")
        for name in given:
            if kind and OPTIONS[name] != kind:
                self.add_error(
                    name, f"This option belongs to {OPTIONS[name].replace('_', ' ')} studies; leave it empty."
                )
        data["options"] = given
        return data
