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
    personal = getattr(model, "PERSONAL", False)
    return tuple(
        role for role, verbs in VERBS.items() if verb in verbs and not (personal and role == Role.OBSERVER)
    )


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
        found: Any = row
        for name in path.split("__"):
            found = getattr(found, name)
            if found is None:
                break
        else:
            project: Project = found
            return project
    raise LookupError(f"{row._meta.label} belongs to no project.")
