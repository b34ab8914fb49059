"""Objects of a list that were ticked, in the order of the clicks; or explicitly none."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext, gettext_lazy

from annotations.kinds.interface import NO_WORDINGS
from annotations.kinds.object_presence.wordings import NONE, QUESTION, label_of
from daamweb.fields import SomeOfField


class ObjectPresenceForm(forms.Form):
    """Objects stand in the person's own order, the same one in all tasks. They arrive in the order in which
    they were clicked: the page's script sends them so. Without the script they arrive in the order of the
    page."""

    objects = SomeOfField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": gettext_lazy("“%(value)s” is not on the list; tick only objects that are.")
        },
    )
    # An explicit choice, so that an empty answer is never sent by mistake.
    none = forms.BooleanField(required=False)

    def __init__(
        self,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
        order: Sequence[int] = (),
        wordings: Mapping[str, str] = NO_WORDINGS,
    ):
        if initial is not None:
            initial = {**initial, "none": not initial["objects"]}
        super().__init__(data, initial=initial)
        self.known = _in_order(payload["objects"], order)
        objects = cast(forms.MultipleChoiceField, self.fields["objects"])
        self.labels = {name: label_of(name, wordings) for name in self.known}
        objects.choices = list(self.labels.items())
        objects.label = wordings.get("question", QUESTION)
        self.fields["none"].label = wordings.get("none", NONE)

    @property
    def ticked(self) -> list[tuple[str, str]]:
        """What was sent, or is stored, and is on the list; with what the person calls it."""
        sent = self["objects"].value() or ()
        return [(name, self.labels[name]) for name in sent if name in self.labels]

    def clean_objects(self) -> list[str]:
        objects: list[str] = self.cleaned_data["objects"]
        twice = sorted({name for name in objects if objects.count(name) > 1})
        if twice:
            raise forms.ValidationError(
                gettext("Each object can be ticked once; this came twice: %(names)s.")
                % {"names": ", ".join(twice)}
            )
        return objects

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if "objects" not in cleaned:
            return cleaned
        if cleaned["objects"] and cleaned.get("none"):
            said = gettext("You ticked objects and “%(none)s”; only one of the two can be right.")
            self.add_error("none", said % {"none": self.fields["none"].label})
        elif not cleaned["objects"] and not cleaned.get("none"):
            said = gettext("Tick every object you see, or “%(none)s”.")
            self.add_error("objects", said % {"none": self.fields["none"].label})
        return {"objects": cleaned.get("objects", [])}


def _in_order(objects: Sequence[str], order: Sequence[int]) -> Sequence[str]:
    """As the list has them for people who joined before orders were drawn."""
    return [objects[index] for index in order] if len(order) == len(objects) else objects
