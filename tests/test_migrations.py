"""From version 0.2 on, migrations only go forward: a database with running studies, made by that version, is
migrated and goes on."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.site import Site

MADE_BY_0_2 = Path(__file__).parent / "data" / "running_study_0_2.json"

# The people of a site of 0.2, whose rights were Django's own.
ADD_USERS = """
from django.contrib.auth.models import Group, Permission, User
def allow(owner, *codenames):
    found = Permission.objects.filter(codename__in=codenames)
    assert len(found) == len(codenames), found
    owner.add(*found)
group = Group.objects.create(name="raters' keepers")
allow(group.permissions, "view_study", "change_study")
for name, is_staff, codenames in [
    ("chief", True, ()), ("writer", True, ("view_study", "add_promptset")), ("keeper", True, ()),
    ("reader", True, ("view_report", "view_study")), ("clerk", True, ("change_user",)), ("idler", True, ()),
    ("visitor", False, ("change_study",)),
]:
    user = User.objects.create(username=name, is_staff=is_staff, is_superuser=name == "chief")
    allow(user.user_permissions, *codenames)
User.objects.get(username="keeper").groups.add(group)
"""

MEMBERS = """
from annotations.models import Annotator, Study
from daamweb.projects.models import Membership, Project
from generation.models import GenerationRun, PromptSet
print([project.name for project in Project.objects.all()])
for model in (PromptSet, GenerationRun, Study, Annotator):
    projects = model.objects.values_list("project__name", flat=True)
    print(model.__name__, len(projects) > 0, set(projects))
for each in Membership.objects.order_by("pk"):
    print(each.user.username, each.role, each.may_spend)
"""

FIX_A_REVISION = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("UPDATE generation_checkpoint SET revision = 'v1', data_type = 'float16' WHERE id = 2")
"""

COPIES = """
from annotations.models import Study
from annotations.services.plans import make_plan
from generation.models import GenerationRun
for each in GenerationRun.objects.order_by("pk"):
    print((each.checkpoint_name, each.checkpoint_source, each.checkpoint_revision, each.checkpoint_data_type))
for study in Study.objects.all():
    assert make_plan(study).sha256 == study.plan.sha256, make_plan(study).settings
"""

GO_ON = """
from annotations.models import *
from annotations.services.claims import claim_assignment
from annotations.services.integrity import check_study
from annotations.services.responses import submit_response
from evaluation.frames.responses import response_frame
import uuid
for study in Study.objects.order_by("pk"):
    assert check_study(study) == (), check_study(study)
    print(study.kind, study.state, len(study.plan.sha256), sorted(response_frame(study)["dropped"]))
people = Participation.objects.all()
assert people and all(person.other_codes == person.derive_other_codes() for person in people)
turn = Assignment.objects.filter(state="claimed").order_by("pk").first()
answer = {"objects": ["cow"]}
submit_response(assignment=turn, participation=turn.participation, answer=answer, token=uuid.uuid4())
claim = claim_assignment(participation=turn.participation)
assert claim.turn.number == turn.number + 1
assert check_study(turn.study) == ()
"""


def run(site: Site, code: str) -> list[str]:
    """The lines that it prints."""
    return site.manage("shell", "--verbosity", "0", "--command", code).splitlines()


def migrate_and_go_on(site: Site, store) -> None:
    stored = json.loads(MADE_BY_0_2.read_text(encoding="utf-8"))
    for app in ("generation", "annotations", "evaluation"):
        site.manage("migrate", app, stored["migrations"][app], "--verbosity", "0")
    site.manage("migrate", "auth", "--verbosity", "0")
    store(site, stored["tables"])
    run(site, ADD_USERS)
    run(site, FIX_A_REVISION)
    site.manage("migrate", "--verbosity", "0")
    assert run(site, MEMBERS) == [
        "['Main']",
        "PromptSet True {'Main'}",
        "GenerationRun True {'Main'}",
        "Study True {'Main'}",
        "Annotator True {'Main'}",
        "chief owner True",
        "writer researcher False",
        "keeper researcher False",
        "reader observer False",
    ]
    assert run(site, COPIES) == [
        "('checkpoint 2', 'tiny', '', 'float32')",
        "('checkpoint 14', 'tiny', 'v1', 'float16')",
    ]
    assert run(site, GO_ON) == [
        # One answer each was replaced, excluded, rejected and withdrawn, one erased; six of one person count.
        "object_presence open 64 ['', '', '', '', '', '', 'excluded', 'rejected', 'replaced', 'withdrawn']",
        "attribution open 64 ['', '', '']",
    ]


def store_in_sqlite(site: Site, tables: dict) -> None:
    with closing(sqlite3.connect(site.environment["DATABASE_URL"].removeprefix("sqlite:///"))) as database:
        for name, table in tables.items():
            columns = ", ".join(f'"{column}"' for column in table["columns"])
            marks = ", ".join("?" for _ in table["columns"])
            database.executemany(f'INSERT INTO "{name}" ({columns}) VALUES ({marks})', table["rows"])
        database.commit()


def store_in_postgresql(site: Site, tables: dict) -> None:
    """SQLite's truth values are numbers, and its times say no zone (they are UTC)."""
    with psycopg.connect(site.environment["DATABASE_URL"], options="-c timezone=UTC") as database:
        for name, table in tables.items():
            types = dict(
                database.execute(
                    "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s",
                    [name],
                ).fetchall()
            )
            is_truth = [types[column] == "boolean" for column in table["columns"]]
            insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(name),
                sql.SQL(", ").join(map(sql.Identifier, table["columns"])),
                sql.SQL(", ").join(sql.Placeholder() for _ in table["columns"]),
            )
            for row in table["rows"]:
                database.execute(
                    insert,
                    [bool(value) if truth else value for value, truth in zip(row, is_truth, strict=True)],
                )
            database.execute(
                sql.SQL(
                    "SELECT setval(pg_get_serial_sequence({}, 'id'), coalesce(max(id), 1)) FROM {}"
                ).format(sql.Literal(name), sql.Identifier(name))
            )


def test_a_running_study_goes_on_after_migrating_on_sqlite(tmp_path):
    migrate_and_go_on(Site(tmp_path), store_in_sqlite)


@pytest.mark.services
def test_a_running_study_goes_on_after_migrating_on_postgresql(tmp_path, empty_postgres_database):
    migrate_and_go_on(Site(tmp_path, DATABASE_URL=empty_postgres_database), store_in_postgresql)
