"""How a row's project is found."""

import pytest
from django.apps import apps
from django.contrib.auth.models import User

from daamweb.projects.models import Project
from daamweb.projects.roles import is_shared, permission, project_of, project_paths
from generation.models import Checkpoint
from tests.factories import make_project, make_user
from tests.projects.rows import make_rows

pytestmark = pytest.mark.django_db


def test_every_row_leads_to_its_project():
    project = make_project()
    for row in make_rows(project).values():
        assert project_of(row) == project


def test_what_belongs_to_no_project_says_so():
    for row in (make_user(), Checkpoint.objects.create(name="sd", source="owner/name")):
        with pytest.raises(LookupError, match=f"{row._meta.label} belongs to no project"):
            project_of(row)


def test_a_row_that_leads_nowhere_says_so():
    report = apps.get_model("evaluation", "report")(analysis="opinion")
    with pytest.raises(LookupError, match="belongs to no project"):
        project_of(report)


def test_a_permission_is_named_as_django_does():
    assert permission("change", Project) == "projects.change_project"
    assert permission("view", Checkpoint(name="sd")) == "generation.view_checkpoint"


def test_a_model_is_a_projects_or_the_sites_and_never_both():
    for model in apps.get_models():
        assert not (project_paths(model) and is_shared(model)), model
    assert (is_shared(Checkpoint), is_shared(User)) == (True, False)
