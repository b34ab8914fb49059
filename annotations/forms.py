"""The researcher's form for a new study: what every study has, and the options of the chosen kind."""

from collections.abc import Sequence
from copy import deepcopy

from django import forms
from django.forms.models import fields_for_model

from annotations.design import ACCESS_FIELDS, LANGUAGE_FIELDS, StudyDesign
from annotations.kinds.interface import Kind
from annotations.kinds.registry import get_kind
from annotations.models import Study
from annotations.models.study_rules import LONGEST_LEASE_MINUTES, SHORTEST_LEASE_MINUTES
from annotations.texts import speaks
from daamweb.fields import SomeOfField, TagField
from daamweb.languages import english_name_of, name_of
from daamweb.projects.forms import MemberForm
from generation.models import GenerationRun

FIELD_CLASSES = {"language": TagField, "prompt_language": TagField}


def access_fields() -> dict[str, forms.Field]:
    """Who takes part, and what these are told."""
    return _as_on_drafts(ACCESS_FIELDS)


def language_fields() -> dict[str, forms.Field]:
    """In which languages it speaks."""
    fields = _as_on_drafts(LANGUAGE_FIELDS)
    fields["language"].help_text += (
        " In one that the kind does not speak, its texts begin in English, and the study opens once its "
        "question and answers are given, too, on its page of languages."
    )
    return fields


def _as_on_drafts(names: Sequence[str]) -> dict[str, forms.Field]:
    """Asked for as a draft's page asks."""
    fields: dict[str, forms.Field] = fields_for_model(Study, names, field_classes=FIELD_CLASSES)
    for column in Study._meta.concrete_fields:
        if column.name in fields:
            fields[column.name].validators.extend(column.validators)
    return fields


def other_languages(kind: Kind) -> SomeOfField:
    """Those in which a study can speak by itself, beside its own."""
    return SomeOfField(
        choices=[(tag, f"{english_name_of(tag)} ({name_of(tag)})") for tag in speaks(kind)],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Also in",
        help_text="Annotators choose. These begin with what the kind says in them; until the study opens you "
        "can edit that, and add others, on its page of languages. Leave its own language out.",
    )


class BuildStudyForm(MemberForm):
    """Shows the options of one kind only; `cleaned_data["design"]` is the StudyDesign."""

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
    replicas = forms.IntegerField(min_value=1, max_value=100, initial=3, label="Annotators per task")
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
        min_value=SHORTEST_LEASE_MINUTES,
        max_value=LONGEST_LEASE_MINUTES,
        initial=30,
        help_text="A place that nobody finished within this time goes to someone else.",
    )
    seed = forms.IntegerField(min_value=0, initial=0, help_text="Seed of the order of tasks.")
    allow_unfinished = forms.BooleanField(required=False, label="Leave out images that are not finished")

    def __init__(self, *args, kind: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.kind = get_kind(kind)
        self.options = deepcopy(self.kind.options_form.base_fields)
        common = [name for name in self.fields if name not in ("seed", "allow_unfinished")]
        common += [*ACCESS_FIELDS, *LANGUAGE_FIELDS, "languages"]
        self.fields |= access_fields() | language_fields() | self.options
        self.fields["languages"] = other_languages(self.kind)
        self.order_fields([*common, *self.options])

    def clean(self):
        """The kind's own form says what is wrong with its options, at their fields."""
        super().clean()
        data = self.cleaned_data
        kinds_own = self.kind.options_form(self.data)
        for name, messages in kinds_own.errors.items():
            if name not in self.errors:
                self.add_error(name, messages)
        if self.errors:
            return data
        common = {name: value for name, value in data.items() if name not in self.options}
        return {"design": StudyDesign(kind=self.kind.key, options=kinds_own.cleaned_data, **common)}
