"""Erase a project, or something large in it: asked for by an owner, carried out in slices by a worker."""

import logging
from collections.abc import Iterable

from django.apps import apps
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model

from daamweb.projects.errors import ProjectError
from daamweb.projects.holdings import HOLDINGS, Gone, holding_of
from daamweb.projects.models import Action, Erasure, Project
from daamweb.projects.roles import project_of
from daamweb.projects.services.events import record
from daamweb.projects.services.staff import mark_staff
from daamweb.work.attempts import recorded
from daamweb.work.models import WorkState
from daamweb.work.slices import Look, unwatched

logger = logging.getLogger(__name__)


class _LeaseLost(Exception):
    """Another worker has the erasure by now."""


@transaction.atomic
def request_erasure(*, subject: Model, typed_name: str, by: User | None) -> Erasure:
    """Take it out of use and write down that it is to be erased; one that failed is tried again. `typed_name`
    has to be its name, so that nobody erases the wrong thing. Raises ProjectError."""
    if typed_name.strip() != str(subject):
        raise ProjectError(f"Nothing was erased. To erase it, type its name as it is: {subject}")
    project = Project.objects.select_for_update(no_key=True).get(pk=project_of(subject).pk)
    asked = Erasure.objects.filter(
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        state__in=(WorkState.QUEUED, WorkState.RUNNING, WorkState.FAILED),
    ).first()
    if asked is not None:
        asked.requeue()
        return asked
    if isinstance(subject, Project):
        if project.archived_at is None:
            raise ProjectError(f"“{subject}” has to be archived before it can be erased.")
    else:
        set_aside = holding_of(type(subject)).set_aside
        if set_aside is None:
            raise ProjectError(f"{subject._meta.verbose_name_plural} are erased with their project only.")
        set_aside(subject)
    return Erasure.objects.create(
        project=project,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        subject_name=str(subject),
        asked_by=by,
    )


def run_erasure(*, erasure: Erasure, look: Look = unwatched) -> bool:
    """Carry it out, from where it was left; False if another worker has it, or it failed."""
    if not erasure.take():
        return False
    with recorded(erasure.fail, f"Erasure {erasure.pk}"):
        try:
            _erase(erasure, look)
        except _LeaseLost:
            logger.warning("Erasure %s went to another worker.", erasure.pk)
            return False
        return True
    return False


def _erase(erasure: Erasure, look: Look) -> None:
    gone = _counting(erasure, look)
    subject = apps.get_model(erasure.subject_type)._default_manager.filter(pk=erasure.subject_id).first()
    if isinstance(subject, Project):
        for holding in reversed(HOLDINGS):
            for pk in holding.rows(subject).order_by("pk").values_list("pk", flat=True):
                row = holding.model._default_manager.filter(pk=pk).first()
                if row is not None:  # an erasure of its own was faster
                    holding.erase(row, gone)
        _delete_project(erasure, subject)
        return
    if subject is not None:
        holding_of(type(subject)).erase(subject, gone)
    with transaction.atomic():
        if not erasure.finish():
            raise _LeaseLost
        project = Project.objects.get(pk=erasure.project_id)
        _write_down(erasure, project)


def _counting(erasure: Erasure, look: Look) -> Gone:
    done = erasure.done

    def gone(rows: int) -> None:
        nonlocal done
        done += rows
        if not erasure.renew(done=done):
            raise _LeaseLost
        look(done)

    return gone


@transaction.atomic
def _delete_project(erasure: Erasure, project: Project) -> None:
    """What was done in it stays written down, by its name."""
    if not erasure.renew():
        raise _LeaseLost
    _write_down(erasure, project)
    users: Iterable[User] = [each.user for each in project.memberships.select_related("user")]
    project.memberships.all().delete()
    for user in users:
        mark_staff(user=user)
    project.delete()


def _write_down(erasure: Erasure, project: Project) -> None:
    record(
        Action.ERASED,
        subject=apps.get_model(erasure.subject_type)(pk=erasure.subject_id),
        project=project,
        by=erasure.asked_by,
        name=erasure.subject_name,
        details={"rows": erasure.done},
    )
