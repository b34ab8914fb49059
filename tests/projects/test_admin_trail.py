"""The admin writes what it does into the one trail, and shows it on every row's page."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.urls import reverse

from annotations.services.closings import pause_study
from annotations.services.openings import open_study
from annotations.services.reviews import exclude_annotator
from daamweb.projects.models import Action, Erasure, Event, Role
from daamweb.projects.services.erasures import run_erasure
from daamweb.projects.services.events import record
from daamweb.projects.services.projects import rename_project
from generation.models import Checkpoint, GenerationRun, PromptSet
from tests.events import written
from tests.factories import (
    main_project,
    make_open_study,
    make_participation,
    make_project,
    make_prompt_set,
    make_run,
    make_study,
)
from tests.projects.views.forms import browser_of, change_page, form_of, text_of

pytestmark = pytest.mark.django_db


def trail_on(page: str) -> list[str]:
    """Who did what, as the page lists it."""
    table = page[page.index("Did what</th>") :]
    table = table[: table.index("</table>")]
    return [re.sub(r"<[^>]+>", " ", row).split("UTC")[-1].strip() for row in table.split("<tr>")[1:]]


def history(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_history", args=[row.pk])


def test_a_studys_page_shows_what_was_done_last_and_leads_to_all_of_it(anna):
    study = make_open_study()
    client = browser_of(anna)
    assert len(trail_on(client.get(change_page(study)).text)) == 3
    assert history(study) not in client.get(change_page(study)).text.split('id="trail"')[1]
    for _ in range(5):
        pause_study(study=study, by=anna)
        open_study(study=study, by=anna)
    page = client.get(change_page(study)).text
    assert len(trail_on(page)) == 10
    assert "opened again" in trail_on(page)[0]
    assert f'<a href="{history(study)}">All of it</a>' in page
    assert len(trail_on(client.get(history(study)).text)) == 13


def test_the_history_goes_on_by_keyed_pages(anna, monkeypatch):
    monkeypatch.setattr("daamweb.projects.history.ON_A_PAGE", 2)
    study = make_open_study()
    client, address, found = browser_of(anna), history(study), []
    while address:
        page = client.get(address).text
        found += trail_on(page)
        earlier = re.search(r'href="(\?before=\d+)"', page)
        address = earlier and history(study) + earlier[1]
    assert len(found) == len(set(found)) == 3
    for before in ("x", "-1", "9" * 40, "٣"):
        assert client.get(history(study), {"before": before}).status_code == 200


def test_names_are_escaped(anna):
    study = make_study()
    details = {"<b>": "<i>"}
    record(Action.EDITED, subject=study, project=study.project, by=anna, name="<script>", details=details)
    for address in (change_page(study), history(study), study.project.get_absolute_url()):
        page = browser_of(anna).get(address).text
        assert "&lt;script&gt;" in page
        assert "<script>" not in page.split("Did what</th>")[1].split("</table>")[0]
        assert "<i>" not in page


@pytest.mark.parametrize("role", Role)
def test_observers_read_nothing_of_single_persons(role, member_client):
    study = make_open_study()
    person = make_participation(study)
    exclude_annotator(participation=person, reason="careless")
    client = member_client(role)
    for address in (
        change_page(study),
        history(study),
        study.project.get_absolute_url(),
        f"/projects/{study.project_id}/history/",
    ):
        assert (person.pseudonym in client.get(address).text) == (role != Role.OBSERVER)


def test_who_is_in_another_project_reads_nothing(member_client):
    study = make_open_study()
    stranger = member_client(Role.OWNER, make_project())
    for address in (change_page(study), history(study)):
        answer = stranger.get(address, follow=True)
        assert study.name not in answer.text
        assert "began to open" not in answer.text


def test_what_was_done_with_a_checkpoint_is_for_superusers(root, anna):
    client = browser_of(root)
    client.post("/admin/generation/checkpoint/add/", {"name": "sd", "source": "a/b", "data_type": "float32"})
    checkpoint = Checkpoint.objects.get()
    event = Event.objects.get(subject_type="generation.checkpoint")
    assert (event.actor, event.action, event.project) == (root, "made", None)
    assert trail_on(client.get(change_page(checkpoint)).text) == [
        trail_on(client.get(history(checkpoint)).text)[0]
    ]
    annas = browser_of(anna)
    assert "What was done" not in annas.get(change_page(checkpoint)).text
    assert annas.get(history(checkpoint)).status_code == 403
    assert history(checkpoint) not in annas.get(change_page(checkpoint)).text
    assert history(checkpoint) in client.get(change_page(checkpoint)).text


def test_deleting_is_written_down_once(root):
    client = browser_of(root)
    run = make_run(finished=False)
    rows = [make_study(), make_prompt_set(), run.generations.get(), run, run.prompt_set.prompts.get()]
    rows += [run.checkpoint]
    for row in rows:
        address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_delete", args=[row.pk])

        def delete(address=address) -> None:
            client.post(address, {"post": "yes"})
            for erasure in Erasure.objects.unfinished():  # what is large is a worker's
                run_erasure(erasure=erasure)

        action = "erased" if isinstance(row, PromptSet | GenerationRun) else "deleted"
        assert written(delete) == [("root", action, str(row))]
        assert written(delete) == []
        assert not type(row).objects.filter(pk=row.pk).exists()


def test_users_are_accounted_for_and_their_passwords_are_not_told(root):
    client = browser_of(root)
    secret = "a long and fresh password 4711"
    new = {"username": "carla", "password1": secret, "password2": secret, "usable_password": "true"}
    add = {"path": "/admin/auth/user/add/", "data": new}
    assert written(client.post, **add) == [("root", "made", "carla")]
    carla = User.objects.get(username="carla")
    typed = {**form_of(client, change_page(carla)), "is_superuser": "on", "email": "carla@example.org"}
    edit = {"path": change_page(carla), "data": typed}
    assert written(client.post, **edit) == [("root", "edited", "carla")]
    assert Event.objects.first().details == {"email": "changed", "is_superuser": [False, True]}
    carla.refresh_from_db()
    assert (carla.is_superuser, carla.is_staff, carla.email) == (True, True, "carla@example.org")
    another = {"password1": f"{secret}0", "password2": f"{secret}0", "usable_password": "true"}
    change = {"path": f"/admin/auth/user/{carla.pk}/password/", "data": {**another, "set-password": "Change"}}
    assert written(client.post, **change) == [("root", "edited", "carla")]
    assert Event.objects.first().details == {"password": "changed"}
    carla.refresh_from_db()
    assert carla.check_password(f"{secret}0")
    told = "".join(str(event.__dict__) for event in Event.objects.all())
    assert secret not in told
    assert carla.password not in told
    assert "carla@" not in told


def test_a_password_that_is_refused_is_not_written_down(root, anna):
    change = {"path": f"/admin/auth/user/{anna.pk}/password/", "data": {"password1": "a", "password2": "b"}}
    assert written(browser_of(root).post, **change) == []


def test_django_keeps_no_second_account(root):
    client = browser_of(root)
    study = make_study()
    client.post(change_page(study), {**form_of(client, change_page(study)), "title": "New"})
    client.post(reverse("admin:annotations_study_delete", args=[study.pk]), {"post": "yes"})
    client.post("/admin/generation/checkpoint/add/", {"name": "sd", "source": "a/b", "data_type": "float32"})
    assert Event.objects.filter(actor=root).count() == 3
    assert not LogEntry.objects.exists()


def test_the_projects_page_leads_to_all_that_was_done(anna, monkeypatch):
    monkeypatch.setattr("daamweb.projects.views.projects.EVENTS_ON_PAGE", 2)
    project = main_project()
    for name in ("One", "Two", "Three"):
        rename_project(project=project, name=name, by=anna)
    client = browser_of(anna)
    page = client.get(project.get_absolute_url()).text
    assert len(trail_on(page)) == 2
    assert f'<a href="/projects/{project.pk}/history/">All of it</a>' in page
    everything = trail_on(client.get(f"/projects/{project.pk}/history/").text)
    assert ["edited" in each for each in everything] == [True, True, True, False]
    assert "took in" in everything[-1]


def test_who_has_no_right_to_change_is_given_no_form_to_send(member_client):
    study = make_study()
    page = member_client(Role.OBSERVER).get(change_page(study)).text
    assert 'name="shown"' not in page
    assert "What was done" in page


def test_observers_who_send_one_all_the_same_are_refused(member_client):
    study = make_study()
    answer = member_client(Role.OBSERVER).post(change_page(study), {"title": "New", "shown": "{}"})
    assert "You may look at what you edited" in text_of(answer, 403)
    study.refresh_from_db()
    assert study.title != "New"
