"""Every kind of leased work keeps what all of them promise."""

import pytest
from celery import current_app
from django.db import connection, models
from django.test.utils import isolate_apps

from daamweb.work.jobs import kinds_of_work
from daamweb.work.models import LONGEST_LEASE, Work

KINDS = kinds_of_work()
RULES = ("state_known", "running_has_lease", "finished_has_time", "failed_has_error")


def forgotten(kind: type[Work]) -> set[str]:
    """Constraints of Work's that a kind has not."""
    name = kind.__name__.lower()
    return {f"{name}_{rule}" for rule in RULES} - {constraint.name for constraint in kind._meta.constraints}


def test_there_are_kinds_of_work():
    assert {kind.__name__ for kind in KINDS} >= {"Opening", "Verification", "Operation"}


def test_work_has_these_rules_and_no_others():
    names = [constraint.name for constraint in Work._meta.constraints]
    assert names == [f"%(class)s_{rule}" for rule in RULES]


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_has_forgotten_a_constraint(kind):
    assert forgotten(kind) == set()


@isolate_apps("annotations")
def test_a_kind_whose_own_constraints_replace_these_is_found():
    class Careless(Work):
        class Meta:
            app_label = "annotations"
            constraints = [models.CheckConstraint(condition=models.Q(done__gte=0), name="careless_done")]

    class Careful(Work):
        class Meta:
            app_label = "annotations"
            constraints = [*Work.Meta.constraints]

    assert forgotten(Careless) == {f"careless_{rule}" for rule in RULES}
    assert forgotten(Careful) == set()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_the_database_has_every_constraint(kind):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, kind._meta.db_table)
    assert {f"{kind.__name__.lower()}_{rule}" for rule in RULES} <= found.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_no_lease_is_longer_than_what_a_wrong_clock_is_told_by(kind):
    assert kind.LEASE < LONGEST_LEASE


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.JOB])
def test_the_job_of_a_kind_is_there(kind):
    current_app.loader.import_default_modules()
    assert kind.JOB in current_app.tasks
