"""Every text of a project's rows bears the project's marker, so that a page that shows one of them to
somebody else can be told by it."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Field, Model, Q, QuerySet

from daamweb.projects.models import Project
from daamweb.projects.roles import project_paths

# Of all rows of a project; in lower case, as slugs are.
HERE, THERE = MARKERS = ("alderq", "birchq")
APPS = ("projects", "generation", "annotations", "evaluation")
TEXTS = (models.CharField, models.TextField, models.JSONField, models.FileField)
# Not marked, and why. What is chosen from a list is not either.
UNMARKED = {
    "annotations.Assignment.display": "measured",
    "annotations.Assignment.language": "the code of a language",
    "annotations.Operation.kind": "as an adapter names it",
    "annotations.Participation.address_key": "a hash; on no page",
    "annotations.Participation.device": "random; in cookies only",
    "annotations.Participation.consent_language": "the code of a language",
    "annotations.Participation.language": "the code of a language",
    "annotations.Participation.option_order": "numbers",
    "annotations.Response.answer": "numbers; in exports only",
    "annotations.Response.flags": "measured",
    "annotations.Response.layout": "measured",
    "annotations.Response.visible_spans": "measured",
    "annotations.Study.language": "the code of a language",
    "annotations.Study.prompt_language": "the code of a language",
    "annotations.StudyText.language": "the code of a language",
    "annotations.Study.kind": "the name of a folder of the code",
    "annotations.Study.options": "settings that forms read",
    "evaluation.Report.analysis": "the name of a folder of the code",
    "generation.GenerationRun.seeds": "numbers",
    "generation.Import.format": "one of a list",
    "generation.Word.part_of_speech": "labels, by which words are sampled",
    "projects.Erasure.subject_type": "the name of a model",
    "projects.Event.subject_type": "the name of a model",
}
HASHES = ("sha256", "fingerprint")  # how their names end
# A state, or a constraint, asks for these to be empty in most rows: only what is in them is marked.
MAY_BE_EMPTY = ("error", "parse_error", "image", "heat_maps", "file", "participations")
# As long as it may be, and unique.
SHORT = ("slug", "pseudonym", "completion_code", "other_codes")


def marked_fields(model: type[Model]) -> list[Field]:
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, TEXTS)
        and not field.choices
        and not field.name.endswith(HASHES)
        and f"{model._meta.label}.{field.name}" not in UNMARKED
    ]


def tables(project: Project) -> Iterator[QuerySet[Any]]:
    """All rows that belong to the project, model by model."""
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            if project_paths(model) or path_to_project(model):
                yield rows_in(project, model)


def rows_in(project: Project, model: type[Model]) -> QuerySet[Any]:
    """Those of the project, whatever leads to it; of what belongs to none, none."""
    inside = Q()
    for path in project_paths(model) or filter(None, [path_to_project(model)]):
        inside |= Q(**{path: project.pk})
    # Not a model's own manager: an event's refuses to be rewritten.
    rows = QuerySet(model).order_by("pk")
    return rows.filter(inside) if inside else rows.none()


def path_to_project(model: type[Model]) -> str:
    """The shortest way from a row to its project, by foreign keys; "" where there is none."""
    ways: list[tuple[str, type[Model]]] = [("", model)]
    seen = {model}
    while ways:
        way, reached = ways.pop(0)
        for field in reached._meta.get_fields():
            if not (field.many_to_one or field.one_to_one) or field.related_model is None:
                continue
            path = f"{way}__{field.name}".lstrip("_")
            if field.related_model is Project:
                return path
            if field.related_model not in seen and field.related_model._meta.app_label in APPS:
                seen.add(field.related_model)
                ways.append((path, field.related_model))
    return ""


def mark(project: Project, marker: str) -> None:
    for rows in tables(project):
        fields = marked_fields(rows.model)
        if not fields or not (found := list(rows)):
            continue
        moved: dict[str, str] = {}
        for row in found:
            for field in fields:
                setattr(row, field.attname, _marked(row, field, marker, moved))
        QuerySet(rows.model).bulk_update(found, [field.name for field in fields])


def _marked(row: Model, field: Field, marker: str, moved: dict[str, str]) -> Any:
    value = getattr(row, field.attname)
    if not value and field.name in MAY_BE_EMPTY:
        return value
    if field.name in SHORT:
        return f"{marker}{row.pk}"
    if isinstance(field, models.JSONField):
        return _marked_json(value, marker) if value else {"note": marker}
    if isinstance(field, models.FileField):
        return _moved(value.name, marker, moved)
    if marker in value:
        return value
    return f"{marker} {value}"[: field.max_length].rstrip()


def _marked_json(value: Any, marker: str) -> Any:
    match value:
        case str():
            return value if marker in value else f"{marker} {value}"
        case list():
            return [_marked_json(each, marker) for each in value]
        case dict():
            inner = {key: _marked_json(each, marker) for key, each in value.items()}
            return inner if any(marker in str(each) for each in inner.values()) else {**inner, "note": marker}
    return value


def _moved(name: str, marker: str, moved: dict[str, str]) -> str:
    """A file under a name that bears the marker."""
    if name not in moved:
        folder, _, base = name.rpartition("/")
        with default_storage.open(name) as file:
            moved[name] = default_storage.save(f"{folder}/{marker}-{base}", file)
    return moved[name]


def unmarked_texts(project: Project, marker: str) -> list[str]:
    """What a world lacks: texts without the marker, and columns of which no row has a text."""
    lacking = []
    for rows in tables(project):
        for field in marked_fields(rows.model):
            values = [str(value) for value in rows.values_list(field.attname, flat=True) if value]
            name = f"{rows.model._meta.label}.{field.name}"
            if not values:
                lacking.append(f"{name}: no row has any")
            elif bare := [value for value in values if marker not in value]:
                lacking.append(f"{name}: {bare[0]!r}")
    return lacking
