"""Objects of a list that were ticked, in the order of the clicks; or explicitly none."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms

from daamweb.fields import SomeOfField


class ObjectPresenceForm(forms.Form):
    """Objects stand in the person's own order, the same one in all tasks. They arrive in the order in which
    they were clicked: the page's script sends them so. Without the script they arrive in the order of the
    page."""

    objects = SomeOfField(
        label="Which of these objects are in the picture?",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "“%(value)s” is not on the list; tick only objects that are."},
    )
    # An explicit choice, so that an empty answer is never sent by mistake.
    none = forms.BooleanField(label="None of these objects", required=False)

    def __init__(
        self,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
        order: Sequence[int] = (),
    ):
        if initial is not None:
            initial = {**initial, "none": not initial["objects"]}
        super().__init__(data, initial=initial)
        self.known = _in_order(payload["objects"], order)
        objects = cast(forms.MultipleChoiceField, self.fields["objects"])
        objects.choices = [(name, name) for name in self.known]

    @property
    def ticked(self) -> list[str]:
        """What was sent, or is stored, and is on the list."""
        return [name for name in self["objects"].value() or () if name in self.known]

    def clean_objects(self) -> list[str]:
        objects: list[str] = self.cleaned_data["objects"]
        twice = sorted({name for name in objects if objects.count(name) > 1})
        if twice:
            raise forms.ValidationError(
                f"Each object can be ticked once; this came twice: {', '.join(twice)}."
            )
        return objects

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if "objects" not in cleaned:
            return cleaned
        if cleaned["objects"] and cleaned.get("none"):
            self.add_error(
                "none", "You ticked objects and “None of these objects”; only one of the two can be right."
            )
        elif not cleaned["objects"] and not cleaned.get("none"):
            self.add_error("objects", "Tick every object you see, or “None of these objects”.")
        return {"objects": cleaned.get("objects", [])}


def _in_order(objects: Sequence[str], order: Sequence[int]) -> Sequence[str]:
    """As the list has them for people who joined before orders were drawn."""
    return [objects[index] for index in order] if len(order) == len(objects) else objects
