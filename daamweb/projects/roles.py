"""What a role may do, with what.

A model that belongs to projects says how its project is reached:

    PROJECT_PATHS = ("run__project",)      # of several, each row has one
    PERSONAL = True                        # about single persons: observers see them in sums only

A model with `SHARED = True` is the site's: every member may look, only superusers change it. Everything
else is the superusers' alone."""

from typing import Any

from django.db import models

from daamweb.projects.models import Project, Role

LOOK = frozenset({"view"})
WORK = LOOK | {"add", "change", "delete", "export"}
OWN = WORK | {"erase", "manage"}
VERBS: dict[str, frozenset[str]] = {Role.OBSERVER: LOOK, Role.RESEARCHER: WORK, Role.OWNER: OWN}
# What may still be done in an archived project, by those who may do it at all.
IN_ARCHIVE = frozenset({"view", "export", "erase", "manage"})


def project_paths(model: type[models.Model]) -> tuple[str, ...]:
    if model is Project:
        return ("pk",)
    return getattr(model, "PROJECT_PATHS", ())


def roles_that_may(verb: str, model: type[models.Model]) -> tuple[str, ...]:
    """The roles that may do it with rows of the model, in the rows' own project."""
    return tuple(
        role
        for role, verbs in VERBS.items()
        if verb in verbs and not (is_personal(model) and role == Role.OBSERVER)
    )


def is_personal(model: type[models.Model]) -> bool:
    return bool(getattr(model, "PERSONAL", False))


def is_shared(model: type[models.Model]) -> bool:
    return bool(getattr(model, "SHARED", False))


def permission(verb: str, model: type[models.Model] | models.Model) -> str:
    """As Django names it: "annotations.change_study"."""
    return f"{model._meta.app_label}.{verb}_{model._meta.model_name}"


def project_of(row: models.Model) -> Project:
    """The project that a row belongs to. Raises LookupError for a model that belongs to none."""
    if isinstance(row, Project):
        return row
    for path in project_paths(type(row)):
        project: Project | None = _follow(row, path.split("__"))
        if project is not None:
            return project
    raise LookupError(f"{row._meta.label} belongs to no project.")


def project_or_none(row: models.Model) -> Project | None:
    """None for what is the site's."""
    try:
        return project_of(row)
    except LookupError:
        return None


def kept_in(row: models.Model) -> models.Model:
    """The row on whose pages it stands what was done with this one: of a participation the study, of a prompt
    its set, of what is kept in a project by itself, or in none, the row itself."""
    for path in project_paths(type(row)):
        holder: models.Model | None = _follow(row, path.split("__")[:-1])
        if holder is not None:
            return holder
    return row


def _follow(row: Any, names: list[str]) -> Any:
    for name in names:
        if row is None:
            return None
        row = getattr(row, name)
    return row
