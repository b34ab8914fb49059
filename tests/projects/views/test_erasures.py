import html

import pytest

from annotations.models import Study
from annotations.services.closings import close_study
from daamweb.projects.jobs import run_erasure
from daamweb.projects.models import Erasure, Project
from daamweb.projects.services.projects import archive_project
from tests.annotations.services.rows import claim, four_images, submit
from tests.edits import shown_on
from tests.factories import main_project, make_member, make_participation

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    owner = make_member("owner")
    client.force_login(owner)
    return owner


def text(answer, status: int = 200) -> str:
    assert answer.status_code == status
    return html.unescape(answer.content.decode())


def test_the_page_says_what_is_stored_of_whom(client, owner):
    make_participation(four_images())
    page = text(client.get(f"/projects/{main_project().pk}/stored/"))
    for said in ("Their answers with every correction", "hash of the password", "Half a year."):
        assert said in page


def test_a_project_is_erased_by_its_typed_name(client, owner, pokes, django_capture_on_commit_callbacks):
    project = main_project()
    address = f"/projects/{project.pk}/erase/"
    assert "Archive it first" in text(client.get(address))
    archive_project(project=project, by=owner)
    assert "Nothing was erased" in text(client.post(address, {"typed_name": "main"}), 422)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(address, {"typed_name": "Main"}).status_code == 302
    assert "A worker is erasing it: 0 rows" in text(client.get(address))
    for _, (pk,) in pokes:
        run_erasure(pk)
    assert not Project.objects.exists()
    assert client.get(f"/projects/{project.pk}/").status_code == 302  # nobody's staff any more


def test_who_does_not_own_it_erases_nothing(client):
    study = four_images()
    close_study(study=study)
    person = make_member("researcher")
    client.force_login(person)
    for address in (f"/projects/{study.project.pk}/erase/", f"/studies/{study.pk}/erase/"):
        assert client.post(address, {"typed_name": study.name}).status_code == 403
    assert "Erase the study" not in text(client.get(f"/studies/{study.pk}/data/"))
    assert not Erasure.objects.exists()


def test_a_closed_study_is_erased_from_its_page(client, owner, pokes, django_capture_on_commit_callbacks):
    study = four_images()
    address = f"/studies/{study.pk}/erase/"
    answer = text(client.post(address, {"typed_name": study.name}), 422)
    assert "only a draft or a closed study can be erased" in answer
    close_study(study=study)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address, {"typed_name": study.name})
    assert "It is being erased" in text(client.get(f"/studies/{study.pk}/data/"))
    for _, (pk,) in pokes:
        run_erasure(pk)
    assert not Study.objects.exists()
    assert client.get(f"/studies/{study.pk}/data/").status_code == 404


def test_how_long_people_are_known_is_set_on_the_studys_page(client, owner):
    study = four_images()
    address = f"/studies/{study.pk}/retention/"
    for bad in ("-1", "a year", "99999999999"):
        assert client.post(address, {"days": bad}).status_code == 422
    for days in ("30", ""):
        page = text(client.get(f"/studies/{study.pk}/data/"))
        client.post(address, {"days": days, "shown": shown_on(page)})
        assert 'value="30"' in text(client.get(f"/studies/{study.pk}/data/")) or not days
    study.refresh_from_db()
    assert study.keep_identities_days is None


def test_a_person_is_erased_after_a_page_that_says_what_goes(client, owner):
    study = four_images()
    person = make_participation(study)
    submit(claim(person))
    address = f"/people/{person.pk}/erase/"
    assert f"{study.name}: 1 answer" in " ".join(
        text(client.get(address)).replace("<bdi>", "").replace("</bdi>", "").split()
    )
    person.refresh_from_db()
    assert person.erased_at is None
    assert "Erased: 1 answer of" in text(client.post(address, follow=True))
    person.refresh_from_db()
    assert person.erased_at is not None
    change = f"/admin/annotations/participation/{person.pk}/change/"
    assert f'href="{address}"' in text(client.get(change))
    client.force_login(make_member("researcher"))
    assert f'href="{address}"' not in text(client.get(change))
