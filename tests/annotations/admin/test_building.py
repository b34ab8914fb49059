import re

import pytest
from django.db import connection

from annotations.kinds.registry import get_kind
from annotations.models import Study
from daamweb.projects.models import Role
from generation.daam import GlobalHeatMap
from tests.annotations.admin.pages import change_page
from tests.factories import (
    make_cohyponym_prompt_set,
    make_generation,
    make_project,
    make_prompt_set,
    make_run,
    typed_access,
)

pytestmark = pytest.mark.django_db

BUILD = "/admin/annotations/study/build/"


def design(_run, **changes) -> dict:
    """What the build form sends."""
    return {
        "kind": "attribution", "name": "likert", "run": _run.pk, "title": "", "replicas": "3",
        "share_cap": "", "expected_annotators": "", "check_every": "10", "lease_minutes": "30",
        "parts_of_speech": "", "words_per_image": "", "display": "veil", "objects": "", "seed": "0",
        **typed_access(),
        **changes,
    }  # fmt: skip


def errors_of(answer) -> dict:
    return answer.context["form"].errors


def test_an_attribution_study_is_built_with_its_options(researcher_client):
    run = make_run()
    answer = researcher_client.post(
        BUILD,
        design(
            run, title="What is red?", replicas="4", share_cap="0.5", expected_annotators="12",
            check_every="7", lease_minutes="19", seed="3", parts_of_speech="noun, ADJ", words_per_image="1",
            display="spotlight", exclude_failed_checks="on",
        ),
    )  # fmt: skip
    study = Study.objects.get()
    assert answer.headers["Location"] == change_page(study)
    assert (study.kind, study.name, study.run, study.title) == ("attribution", "likert", run, "What is red?")
    assert (study.replicas, study.share_cap, study.lease_minutes) == (4, 0.5, 19)
    assert (study.expected_annotators, study.check_every) == (12, 7)
    assert study.options == {
        "parts_of_speech": ["ADJ", "NOUN"], "words_per_image": 1, "display": "spotlight",
        "exclude_failed_checks": True,
    }  # fmt: skip
    assert study.recipe == {"seed": 3, "allow_unfinished": False}
    assert study.tasks.count() == study.items == 1


def test_a_study_of_object_presence_is_built_with_its_objects(researcher_client):
    run = make_run(make_cohyponym_prompt_set())
    researcher_client.post(BUILD, design(run, kind="object_presence", objects="dog, cat, bus"))
    study = Study.objects.get()
    assert study.kind == "object_presence"
    assert study.options == {"objects": ["bus", "cat", "dog"]}
    assert (study.check_every, study.expected_annotators) == (10, None)


def test_a_study_is_built_in_the_languages_that_are_chosen(researcher_client):
    run = make_run()
    page = researcher_client.get(BUILD).text
    assert re.findall(r'name="languages" value="([^"]+)"', page) == ["en", "de", "es", "zh-hans"]
    assert "In one that the kind does not speak, its texts begin in English" in page
    researcher_client.post(
        BUILD,
        design(
            run, language=" DE ", prompt_language="zh-Hans", reviewed_by="Ada", languages=["en", "zh-hans"]
        ),
    )  # fmt: skip
    study = Study.objects.get()
    assert (study.language, study.prompt_language, study.reviewed_by) == ("de", "zh-hans", "Ada")
    assert study.title == get_kind("attribution").translations["de"].texts.title
    assert list(study.translations.values_list("language", flat=True)) == ["en", "zh-hans"]


def test_a_studys_own_language_is_not_beside_its_own(researcher_client):
    answer = researcher_client.post(BUILD, design(make_run(), languages=["en", "de"]))
    assert errors_of(answer)["__all__"] == ["English is the study’s own language."]
    assert re.findall(r'name="languages" value="(\S+)"[^>]*checked', answer.text) == ["en", "de"]
    assert not Study.objects.exists()


@pytest.mark.parametrize(
    ("address", "shown", "hidden"),
    [
        (BUILD, "words_per_image", "objects"),
        (f"{BUILD}?kind=object_presence", "objects", "words_per_image"),
        (f"{BUILD}?kind=riddle", "words_per_image", "objects"),  # the first kind
    ],
)
def test_the_page_shows_the_options_of_the_chosen_kind_and_leads_to_the_others(
    researcher_client, address, shown, hidden
):
    page = researcher_client.get(address)
    fields = page.context["form"].fields
    assert shown in fields
    assert hidden not in fields
    chosen = page.context["chosen"]
    for kind in ("attribution", "object_presence"):
        assert (f'href="?kind={kind}"' in page.text) == (kind != chosen)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"kind": "object_presence", "objects": "dog, dog"}, "objects", "more than once: dog"),
        ({"words_per_image": "0"}, "words_per_image", "greater than or equal to 1"),
        ({"display": "fog"}, "display", "not one of the available choices"),
        ({"display": ""}, "display", "required"),
        ({"name": ""}, "name", "required"),
        ({"run": "999"}, "run", "not one of the available choices"),
        ({"replicas": "0"}, "replicas", "greater than or equal to 1"),
        ({"share_cap": "1.2"}, "share_cap", "less than or equal to 1"),
        ({"share_cap": "nan"}, "share_cap", "Enter a number"),
        ({"expected_annotators": "0"}, "expected_annotators", "greater than or equal to 1"),
        ({"check_every": "1"}, "check_every", "greater than or equal to 2"),
        ({"check_every": "1001"}, "check_every", "less than or equal to 1000"),
        ({"check_every": ""}, "check_every", "required"),
        ({"lease_minutes": "14"}, "lease_minutes", "greater than or equal to 15"),
        ({"access": "anybody"}, "access", "anybody is not one of the available choices"),
        ({"min_width": "5"}, "min_width", "greater than or equal to 200"),
        ({"unanswered_share": "2"}, "unanswered_share", "less than or equal to 1"),
        ({"join_at_once": ""}, "join_at_once", "required"),
        ({"language": "German!"}, "language", "“german!” is no tag of a language"),
        ({"language": ""}, "language", "required"),
        ({"prompt_language": "d"}, "prompt_language", "is no tag of a language"),
        ({"languages": ["ar"]}, "languages", "ar is not one of the available choices"),
        ({"seed": "-1"}, "seed", "greater than or equal to 0"),
    ],
)
def test_a_mistake_is_shown_at_its_field_and_nothing_is_made(researcher_client, changes, field, message):
    answer = researcher_client.post(BUILD, design(make_run(), **changes))
    assert answer.status_code == 200
    assert list(errors_of(answer)) == [field]
    assert message in errors_of(answer)[field][0]
    assert message in answer.content.decode()
    assert not Study.objects.exists()


def test_what_the_service_refuses_is_shown_with_everything_typed_still_there(researcher_client):
    run = make_run(finished=False)
    answer = researcher_client.post(BUILD, design(run, title="Typed with care"))
    assert "1 of 1 images" in errors_of(answer)["__all__"][0]
    assert "Typed with care" in answer.content.decode()
    assert not Study.objects.exists()


def test_unfinished_images_are_left_out_where_that_is_ticked(researcher_client):
    run = make_run()
    make_generation(run, run.prompt_set.prompts.get(), seed=1, finished=False)
    researcher_client.post(BUILD, design(run, allow_unfinished="on"))
    assert {task.generation.seed for task in Study.objects.get().tasks.all()} == {0}


@pytest.mark.django_db(transaction=True)
def test_no_file_is_read_while_the_database_is_locked(researcher_client, monkeypatch):
    locked = []
    original = GlobalHeatMap.load

    def watch(file):
        locked.append(connection.in_atomic_block)
        return original(file)

    monkeypatch.setattr(GlobalHeatMap, "load", watch)
    researcher_client.post(BUILD, design(make_run()))
    assert Study.objects.count() == 1
    assert locked == [False]


@pytest.mark.parametrize("role", [None, Role.OBSERVER])
def test_observers_and_who_is_in_no_project_build_no_study(member_client, role):
    client, run = member_client(role), make_run()
    assert client.get(BUILD).status_code == 403
    assert client.post(BUILD, design(run)).status_code == 403
    assert not Study.objects.exists()


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.OWNER])
def test_researchers_and_owners_build_studies_of_their_projects_runs(member_client, role):
    client, run = member_client(role), make_run()
    elsewhere = make_run(make_prompt_set(project=make_project()))
    page = client.get(BUILD).text
    assert run.name in page
    assert elsewhere.name not in page
    assert "not one of the available choices" in client.post(BUILD, design(elsewhere)).text
    client.post(BUILD, design(run))
    study = Study.objects.get()
    assert (study.run, study.project) == (run, run.project)
