"""Form fields that several apps use."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms

# Of what was sent and is none of a field's choices, so many characters are shown again.
QUOTED = 40


class ListField(forms.Field):
    """“a, b, c” → ["a", "b", "c"]; empty → []. A script may give the list itself."""

    def to_python(self, value: Any) -> list[str]:
        if value is None:
            return []
        if isinstance(value, str):
            return [item.strip() for item in value.split(",") if item.strip()]
        items = value if isinstance(value, list) else []
        if not items or not all(isinstance(item, str) and item.strip() for item in items):
            raise forms.ValidationError("Give a list of texts, at least one and none of them empty.")
        return [item.strip() for item in items]


class TagField(forms.CharField):
    """The tag of a language, in small letters however it is typed."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").lower()


class LinesField(forms.CharField):
    """Text of several lines, which end as in our files whatever a browser sends."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.to_python(initial), self.to_python(data))


@contextmanager
def _quoted_briefly() -> Iterator[None]:
    try:
        yield
    except forms.ValidationError as error:
        said = error.params or {}
        value = str(said.get("value", ""))
        if len(value) > QUOTED:
            error.params = {**said, "value": f"{value[: QUOTED - 1]}…"}
        raise


class OneOfField(forms.TypedChoiceField):
    """What is none of the choices is quoted in the message, but no more than its beginning."""

    def validate(self, value: Any) -> None:
        with _quoted_briefly():
            super().validate(value)


class SomeOfField(forms.MultipleChoiceField):
    """The same of several."""

    def validate(self, value: Any) -> None:
        with _quoted_briefly():
            super().validate(value)
