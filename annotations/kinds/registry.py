"""The kinds of task. A new kind is a new folder beside this file and one line in KINDS."""

import re
from collections.abc import Iterable

from annotations.errors import UnknownKindError
from annotations.kinds.attribution import Attribution
from annotations.kinds.interface import COMMON_COLUMNS, Column, Kind
from annotations.kinds.object_presence import ObjectPresence


class KindError(ValueError):
    """A kind is not declared as it should be."""


def register(kinds: Iterable[Kind]) -> dict[str, Kind]:
    """Kinds by their keys. Raises KindError where one is declared wrongly, saying what and where."""
    registered: dict[str, Kind] = {}
    for kind in kinds:
        _check(kind)
        if kind.key in registered:
            raise KindError(f"Two kinds have the key {kind.key!r}.")
        registered[kind.key] = kind
    return registered


def _check(kind: Kind) -> None:
    for name in ("key", "label", "texts"):
        if not hasattr(kind, name):
            raise KindError(f"The kind {type(kind).__name__} has no {name}.")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,29}", kind.key):
        raise KindError(
            f"The key {kind.key!r} of a kind goes into addresses, commands and folders' names: it has to be "
            "small letters, digits and “_”, beginning with a letter, at most 30."
        )
    _check_columns(kind)
    for name, field in kind.options_form.base_fields.items():
        if field.required and field.initial is None:
            raise KindError(
                f"The option {name!r} of the kind {kind.key!r} has no default: give its field an initial "
                "value, or let it be empty."
            )


def _check_columns(kind: Kind) -> None:
    names = [column.name for column in kind.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise KindError(f"The kind {kind.key!r} declares the column {', '.join(twice)} more than once.")
    taken = [name for name in names if name in COMMON_COLUMNS]
    if taken:
        raise KindError(
            f"The kind {kind.key!r} declares the column {', '.join(taken)}, which the responses of every "
            "kind have already; give it another name."
        )
    for column in kind.columns:
        if column.type not in Column.TYPES:
            raise KindError(
                f"The column {column.name!r} of the kind {kind.key!r} has the type {column.type!r}; types "
                f"are {', '.join(Column.TYPES)}."
            )


KINDS = register((Attribution(), ObjectPresence()))


def get_kind(key: str) -> Kind:
    """Raises UnknownKindError with the known kinds."""
    if key not in KINDS:
        raise UnknownKindError(f"There is no kind of task {key!r}; known kinds: {', '.join(KINDS)}.")
    return KINDS[key]
