"""Form fields that several apps use."""

from typing import Any

from django import forms


class ListField(forms.CharField):
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
