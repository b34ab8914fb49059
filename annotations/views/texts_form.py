"""The forms of what a study says in its languages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from annotations.kinds.registry import get_kind
from annotations.models import Study, StudyText
from annotations.models.languages import check_tag
from annotations.texts import wording_problems
from daamweb.fields import LinesField, TagField
from daamweb.languages import LONGEST_TAG, direction_of

LONGEST_WORDING = 200
LONG = 40  # has a line of its own


class AddLanguageForm(forms.Form):
    language = TagField(
        max_length=LONGEST_TAG,
        validators=[check_tag],
        label="Tag of another language",
        help_text="Such as fr or ar. You write all of its texts.",
    )


@dataclass(frozen=True)
class Entry:
    """A text on the form, beside what it says in the study's own language, or a wording by its English.
    `stored`: what is there by now, where somebody else changed it meanwhile."""

    field: BoundField
    source: str
    stored: str = ""

    @property
    def is_long(self) -> bool:
        return len(self.source) > LONG

    @property
    def value(self) -> str:
        return str(self.field.value() or "")


class TextsForm(forms.Form):
    """Of a study in its own language: what its kind says; the rest is on the study's page."""

    title = forms.CharField(required=False, max_length=200)
    consent = LinesField(required=False, widget=forms.Textarea(attrs={"rows": 8}))
    instructions = LinesField(required=False, widget=forms.Textarea(attrs={"rows": 8}))
    pay = forms.CharField(required=False, max_length=200, label="What annotators get")
    reviewed_by = forms.CharField(
        required=False,
        max_length=200,
        label="Read by",
        help_text="Who speaks the language, has read all of it and stands for it. Empty: nobody yet. When "
        "the texts are edited it is emptied, unless another name is given with them.",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        study: Study,
        texts: Study | StudyText,
        typed: Mapping[str, Any] | None = None,
    ):
        """`typed`: what it holds instead of what is stored."""
        self.study, self.texts, self.is_conflict = study, texts, typed is not None
        self.english = get_kind(study.kind).wordings(study.options)
        wordings = texts.wordings if typed is None else typed["wordings"]
        stored = {name: getattr(texts, name) for name in self.base_fields} | dict(typed or {})
        said = {name: wordings.get(key, "") for name, key in self.keys()}
        super().__init__(data, initial=stored | said)
        if texts is study:
            for name in ("title", "consent", "instructions", "pay"):
                del self.fields[name]
        elif not study.pay:
            del self.fields["pay"]
        for name, key in self.keys():
            self.fields[name] = forms.CharField(
                required=False, max_length=LONGEST_WORDING, label=self.english[key]
            )
        spoken = {"lang": texts.language, "dir": direction_of(texts.language)}
        for name, field in self.fields.items():
            field.widget.attrs |= spoken if name != "reviewed_by" else {}

    def keys(self) -> Iterator[tuple[str, str]]:
        """The names of the fields of wordings, and their keys."""
        return ((f"wording_{number}", key) for number, key in enumerate(self.english))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        wordings = {key: data[name] for name, key in self.keys() if data.get(name)}
        problems = wording_problems(self.english, wordings)
        for name, key in self.keys():
            if key in problems:
                self.add_error(name, problems[key])
        return {**{name: data[name] for name in self.stored_names() if name in data}, "wordings": wordings}

    def stored_names(self) -> list[str]:
        """The row's fields that the form is of."""
        return [*(name for name in self.base_fields if name in self.fields), "wordings"]

    def long_texts(self) -> list[Entry]:
        names = [name for name in self.stored_names() if name not in ("reviewed_by", "wordings")]
        return [Entry(self[name], getattr(self.study, name)) for name in names]

    def groups(self) -> list[tuple[str, list[Entry]]]:
        """The wordings by what their keys begin with: the names of objects are many."""
        grouped = groupby(self.keys(), lambda each: each[1].partition(".")[0] if "." in each[1] else "")
        return [
            (prefix.capitalize() or "Question and answers", [self._wording(*each) for each in inside])
            for prefix, inside in grouped
        ]

    def _wording(self, name: str, key: str) -> Entry:
        entry = Entry(self[name], self.english[key])
        stored = self.texts.wordings.get(key, "")
        is_others = self.is_conflict and stored != entry.value
        return Entry(entry.field, entry.source, (stored or "(empty)") if is_others else "")
