"""The researcher's form for a new study."""

from django import forms

from annotations.kinds.registry import KINDS
from generation.forms import CommaListField
from generation.models import GenerationRun


class BuildStudyForm(forms.Form):
    kind = forms.ChoiceField(choices=[(kind.key, kind.label) for kind in KINDS.values()])
    name = forms.CharField(max_length=100, label="Name of the study", help_text="For you and the files; annotators see the title.")
    run = forms.ModelChoiceField(GenerationRun.objects.all(), help_text="The run whose images are judged.")
    title = forms.CharField(max_length=200, required=False, help_text="What annotators see at the top; empty: the kind's own.")
    replicas = forms.IntegerField(min_value=1, max_value=100, initial=3, label="Annotators per task")
    share_cap = forms.FloatField(
        required=False, min_value=0.001, max_value=1, help_text="Largest share of all places for one annotator, such as 0.16."
    )
    lease_minutes = forms.IntegerField(
        min_value=1, max_value=24 * 60, initial=30, help_text="A place nobody finished in this time goes to someone else."
    )
    parts_of_speech = CommaListField(
        required=False, help_text="Attribution: only words of these parts of speech, such as NOUN, ADJ; empty: the sampled words."
    )
    words_per_image = forms.IntegerField(required=False, min_value=1, help_text="Attribution: at most so many words of an image.")
    objects = CommaListField(
        required=False, help_text="Object presence: the list to tick from; empty: the ontology of the paper."
    )
    seed = forms.IntegerField(min_value=0, initial=0, help_text="Seed of the order of tasks.")
    allow_unfinished = forms.BooleanField(required=False, label="Leave out images that are not finished")

    def clean(self):
        """Gather the options of the kind."""
        data = super().clean()
        data["options"] = {
            name: data.pop(name) for name in ("parts_of_speech", "words_per_image", "objects") if data.get(name)
        }
        for name in ("parts_of_speech", "words_per_image", "objects"):
            data.pop(name, None)
        return data
