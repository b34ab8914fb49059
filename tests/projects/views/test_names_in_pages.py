"""Names of people's own making stand in pages as text, in their own direction."""

import pytest
from django.test import Client

from annotations.models import Study
from daamweb.projects.models import Role
from daamweb.projects.services.invitations import invite
from daamweb.projects.services.memberships import add_member
from daamweb.projects.shown import shown_of
from tests.factories import make_member, make_open_study, make_project, make_prompt_set, make_run

pytestmark = pytest.mark.django_db

MARKUP = '"><script>alert("Zoë")</script>'
NAMES = [MARKUP, "{{ settings.SECRET_KEY }}{% now 'Y' %}", "مشروع الخرائط", "עברית - English", "🦄" * 100]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_text_on_every_page_of_projects(name):
    project = make_project(name)
    user = make_member(Role.OWNER, project)
    add_member(project=make_project("Other"), user=user, role=Role.OWNER, by=None)
    study = make_open_study(run=make_run(make_prompt_set(project=project)))
    Study.objects.filter(pk=study.pk).update(name=name)
    _, token = invite(project=project, role=Role.OWNER, note=name, by=user)
    client = Client()
    client.force_login(user)
    pages = [
        "/",
        "/projects/",
        f"/projects/{project.pk}/",
        f"/projects/{project.pk}/history/",
        f"/projects/{project.pk}/stored/",
        f"/projects/{project.pk}/erase/",
        f"/projects/invitations/{token}/",
        f"/studies/{study.pk}/data/",
        f"/evaluation/studies/{study.pk}/report/",
        f"/admin/annotations/study/{study.pk}/change/",
        "/admin/annotations/study/",
        "/admin/generation/promptset/build-cohyponyms/",
    ]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "<script>alert(" not in answer.text, page
        if name is not MARKUP:
            assert name in answer.text or name.replace("'", "&#x27;") in answer.text, page


def test_a_name_in_a_message_is_text():
    user = make_member(Role.OWNER, project := make_project("Plain"))
    client = Client()
    client.force_login(user)
    renamed = {"name": MARKUP, "shown": str(shown_of(project, ["name"]))}
    client.post(f"/projects/{project.pk}/rename/", renamed)
    page = client.post(f"/projects/{project.pk}/archive/", follow=True).text
    assert "is archived: it can be looked at" in page
    assert "<script>alert(" not in page
    assert "&lt;script&gt;alert(&quot;Zoë&quot;)" in page
