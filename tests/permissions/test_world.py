"""The world of the permission table is whole: a page of it that showed something could be told."""

import pytest
from django.apps import apps

from tests.permissions.markers import APPS, HERE, THERE, UNMARKED, path_to_project, tables, unmarked_texts

# What its texts are replaced by fits no plan.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rows]


def test_every_text_of_a_projects_rows_bears_its_marker(world):
    for marker in (HERE, THERE):
        assert unmarked_texts(world.side(marker).project, marker) == [], (
            "give these texts the marker in tests/permissions/world.py, or say in markers.py why not"
        )


def test_every_table_has_rows_in_both_projects(world):
    for site in (world.here, world.there):
        assert [rows.model for rows in tables(site.project) if not rows.exists()] == []


def test_only_what_is_the_sites_leads_to_no_project():
    models = [model for label in APPS for model in apps.get_app_config(label).get_models()]
    assert {model._meta.label for model in models if not path_to_project(model)} == {
        "generation.Checkpoint", "projects.Project",
    }  # fmt: skip


def test_what_is_said_not_to_be_marked_is_there():
    for name in UNMARKED:
        label, _, field = name.rpartition(".")
        assert apps.get_model(label)._meta.get_field(field)
