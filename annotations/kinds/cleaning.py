"""From options as they are given to options as they are stored, by the kind's own form."""

from collections.abc import Mapping
from typing import Any

from django import forms

from annotations.errors import StudyError
from annotations.kinds.interface import Kind

# A script that gives a text where a number is wanted has made a mistake, which a web form would have coerced.
_STRICT: dict[type[forms.Field], type | tuple[type, ...]] = {
    forms.BooleanField: bool,
    forms.IntegerField: int,
    forms.FloatField: (int, float),
}


def clean_options(kind: Kind, options: Mapping[str, Any]) -> dict[str, Any]:
    """Validated, with defaults filled in. Raises StudyError, naming the option and what is wrong."""
    fields = kind.options_form.base_fields
    unknown = sorted(set(options) - set(fields))
    if unknown:
        has = f"it has {', '.join(fields)}" if fields else "it has none"
        raise StudyError(f"A study of {kind.key} has no option {', '.join(unknown)}; {has}.")
    for name, value in options.items():
        _check_type(name, fields[name], value)
    defaults = {name: field.initial for name, field in fields.items() if field.initial is not None}
    form = kind.options_form({**defaults, **{name: v for name, v in options.items() if v is not None}})
    if not form.is_valid():
        wrong = (f"{name}: {' '.join(map(str, messages))}" for name, messages in form.errors.items())
        raise StudyError(f"The option {'; '.join(wrong)}")
    return dict(form.cleaned_data)


def _check_type(name: str, field: forms.Field, value: Any) -> None:
    wanted = next((type_ for kind, type_ in _STRICT.items() if type(field) is kind), None)
    if value is None or wanted is None:
        return
    if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
        raise StudyError(f"The option {name} must be {_NAMES[type(field)]}, not {value!r}.")


_NAMES = {
    forms.BooleanField: "true or false",
    forms.IntegerField: "a whole number",
    forms.FloatField: "a number",
}
