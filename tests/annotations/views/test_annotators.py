import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from annotations.models import Annotator, Assignment, Participation, Response, Study
from annotations.models.studies import new_slug
from annotations.selectors import held_assignment
from annotations.services.studies import close_study, pause_study
from tests.annotations.views.visits import address, join, page_fields, send
from tests.factories import (
    DOG,
    answer_next,
    make_annotator,
    make_cohyponym_prompt_set,
    make_open_study,
    make_prompt_set,
    make_run,
    make_study,
)

pytestmark = pytest.mark.django_db


def held(participation: Participation) -> Assignment | None:
    return held_assignment(participation.study, participation.annotator)


def test_an_attribution_study_from_the_link_to_the_completion_code(client):
    study = make_open_study()
    page = client.get(address("start", study))
    assert page.status_code == 200
    assert study.title in page.text

    page = client.post(address("start", study), follow=True)
    assert page.redirect_chain == [(address("instructions", study), 302)]
    participation = Participation.objects.get()
    assert participation.began_at is None

    page = client.post(address("next", study), follow=True)
    for choice in (5, 1, 7):
        place = held(participation)
        assert page.redirect_chain[-1] == (address("assignment", study, place.pk), 302)
        page = client.post(
            address("assignment", study, place.pk),
            {**page_fields(seconds=2.25), "choice": choice},
            follow=True,
        )
    assert page.redirect_chain == [(address("thanks", study), 302)]
    assert participation.completion_code in page.text
    assert list(Response.objects.order_by("pk").values_list("answer", "seconds", "revision")) == [
        ({"choice": 5}, 2.25, 0), ({"choice": 1}, 2.25, 0), ({"choice": 7}, 2.25, 0),
    ]  # fmt: skip
    participation.refresh_from_db()
    assert participation.began_at is not None
    assert participation.finished_at is not None


def test_an_object_presence_study_from_the_link_to_the_completion_code(client):
    prompt_set = make_cohyponym_prompt_set([("cat", "dog", True), ("cat", "bus", False)])
    study = make_open_study(
        "object_presence", make_run(prompt_set), options={"objects": ["bus", "cat", "dog"]}
    )
    participation = join(client, study)
    page = client.get(address("assignment", study, held(participation).pk))
    assert "a cat and a" not in page.text, "the prompt would give the answer away"
    assert send(client, held(participation), {"objects": ["dog", "bus"]}).status_code == 302
    page = send(client, held(participation), {"none": "on"})
    assert page.url == address("thanks", study)
    answers = Response.objects.order_by("pk").values_list("answer", flat=True)
    assert list(answers) == [{"objects": ["dog", "bus"]}, {"objects": []}]


def test_the_page_marks_the_word_where_it_stands(client):
    words = [("dog", "NOUN", ""), ("dog", "NOUN", "target")]
    study = make_open_study(run=make_run(make_prompt_set([("a dog <b>and</b> a dog!", words)])))
    page = client.get(address("assignment", study, held(join(client, study)).pk))
    assert 'a dog &lt;b&gt;and&lt;/b&gt; a <mark class="target-word">dog</mark>!' in page.text


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"choice": "0"}, "“0” is not one of the seven answers"),
        ({"choice": "8"}, "“8” is not one of the seven answers"),
        ({}, "Choose one of the seven answers."),
    ],
)
def test_a_rating_that_is_none_is_sent_back(client, answer, message):
    place = held(join(client, make_open_study()))
    page = send(client, place, answer)
    assert page.status_code == 422
    assert message in page.text
    place.refresh_from_db()
    assert place.state == Assignment.State.CLAIMED
    assert not Response.objects.exists()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"objects": ["cat", "zebra-unicorn"]}, "“zebra-unicorn” is not on the list"),
        ({"objects": ["cat", "cat"]}, "this came twice: cat"),
        ({"objects": ["cat"], "none": "on"}, "only one of the two can be right"),
        ({}, "Tick every object you see"),
    ],
)
def test_objects_that_cannot_be_are_sent_back_with_what_was_ticked(client, answer, message):
    place = held(join(client, make_open_study("object_presence")))
    page = send(client, place, answer)
    assert page.status_code == 422
    assert message in page.text
    assert page.context["form"]["objects"].value() == answer.get("objects", [])
    assert not Response.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"page-token": "x"},
        {"page-token": ""},
        {"page-shown_at": ""},
        {"page-seconds": "-1"},
        {"page-seconds": "nan"},
    ],
)
def test_a_damaged_page_is_sent_back_with_the_choice(client, changes):
    place = held(join(client, make_open_study()))
    page = send(client, place, {"choice": "4"}, **changes)
    assert page.status_code == 422
    assert "reached us damaged" in page.text
    assert page.context["form"]["choice"].value() == "4"
    uuid.UUID(str(page.context["page"]["token"].value()))
    assert not Response.objects.exists()


def test_without_the_pages_script_the_time_since_the_page_was_made_is_stored(client):
    place = held(join(client, make_open_study()))
    shown_at = (timezone.now() - timedelta(seconds=30)).timestamp()
    send(client, place, {"choice": 2}, **{"page-seconds": "", "page-shown_at": str(shown_at)})
    assert 30 <= Response.objects.get().seconds < 60


def test_time_spent_before_a_page_was_sent_back_counts(client):
    place = held(join(client, make_open_study()))
    page = send(client, place, {"choice": "9"}, **{"page-seconds": "12.5"})
    assert page.context["page"]["seconds"].value() == 12.5


def test_sending_a_page_twice_stores_once_and_answers_the_same(client):
    place = held(join(client, make_open_study()))
    fields = {**page_fields(), "choice": 4}
    first, second = (client.post(address("assignment", place.study, place.pk), fields) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.url == second.url
    assert Response.objects.count() == 1


def test_the_same_page_with_another_answer_is_not_dropped_in_silence(client):
    place = held(join(client, make_open_study()))
    token = uuid.uuid4()
    client.post(address("assignment", place.study, place.pk), {**page_fields(token), "choice": 4})
    page = client.post(address("assignment", place.study, place.pk), {**page_fields(token), "choice": 2})
    assert page.status_code == 409
    assert "Your first answer to this task is stored" in page.text
    assert page.context["form"]["choice"].value() == "2"
    assert str(page.context["page"]["token"].value()) != str(token)


def test_the_pages_script_is_told_where_to_go(client):
    participation = join(client, make_open_study())
    place = held(participation)
    answer = client.post(
        address("assignment", place.study, place.pk),
        {**page_fields(), "choice": 4},
        headers={"X-Requested-With": "fetch"},
    )
    assert answer.json() == {"next": address("assignment", place.study, held(participation).pk)}


def test_going_back_shows_the_stored_answer_and_appends_a_correction(client):
    study = make_open_study()
    participation = join(client, study)
    first = held(participation)
    send(client, first, {"choice": 4})
    second = held(participation)
    page = client.get(address("assignment", study, second.pk))
    assert page.context["previous"] == first

    page = client.get(address("assignment", study, first.pk))
    assert page.context["form"]["choice"].value() == 4
    assert page.context["previous"] is None
    answer = send(client, first, {"choice": 1})
    assert answer.url == address("assignment", study, second.pk)
    assert list(first.responses.values_list("revision", "answer")) == [(0, {"choice": 4}), (1, {"choice": 1})]
    assert client.get(address("assignment", study, first.pk)).context["form"]["choice"].value() == 1


def test_previous_leads_through_everything_that_was_answered(client):
    study = make_open_study()
    participation = join(client, study)
    places = []
    for _ in range(2):
        places.append(held(participation))
        send(client, places[-1], {"choice": 4})
    page = client.get(address("assignment", study, places[1].pk))
    assert page.context["previous"] == places[0]


def test_progress_counts_what_is_answered_and_what_is_left(client):
    study = make_open_study(replicas=1)
    participation = join(client, study)
    answer_next(study, make_annotator(), {"choice": 3})
    page = client.get(address("assignment", study, held(participation).pk))
    assert "0 of 2 answered" in page.text
    page = send(client, held(participation), {"choice": 3})
    page = client.get(page.url)
    assert "1 of 2 answered" in page.text


def test_progress_respects_the_share_cap(client):
    study = make_open_study(replicas=3, share_cap=0.25)  # 2 of 9 places
    participation = join(client, study)
    page = client.get(address("assignment", study, held(participation).pk))
    assert "0 of 2 answered" in page.text
    for _ in range(2):
        page = send(client, held(participation), {"choice": 3})
    assert page.url == address("thanks", study)


def test_the_next_picture_is_named_without_being_claimed(client):
    study = make_open_study()
    participation = join(client, study)
    place = held(participation)
    page = client.get(address("assignment", study, place.pk))
    following = page.context["likely_next"]
    assert address("overlay", study, following.pk) in page.text
    assert Assignment.objects.filter(annotator=participation.annotator).get() == place
    send(client, place, {"choice": 3})
    assert held(participation).task == following


def test_get_changes_nothing(client):
    study = make_open_study()
    participation = join(client, study)
    first = held(participation)
    send(client, first, {"choice": 3})
    second = held(participation)
    pages = [
        address("start", study),
        address("instructions", study),
        address("assignment", study, first.pk),
        address("assignment", study, second.pk),
        address("thanks", study),
        address("image", study, second.task_id),
        address("overlay", study, second.task_id),
    ]
    for visitor in (client, Client()):
        for page in pages:
            for method in (visitor.get, visitor.head):
                with CaptureQueriesContext(connection) as queries:
                    assert method(page).status_code in (200, 302, 404)
                assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []
    assert client.get(address("next", study)).status_code == 405


def test_coming_back_leads_to_where_one_was(client):
    study = make_open_study(replicas=1)
    client.post(address("start", study))
    assert client.get(address("start", study)).url == address("instructions", study)
    client.post(address("next", study))
    participation = Participation.objects.get()
    place = held(participation)
    assert client.get(address("start", study)).url == address("assignment", study, place.pk)
    while place := held(participation):
        send(client, place, {"choice": 3})
    assert client.get(address("start", study)).url == address("thanks", study)


def test_consenting_twice_is_one_participation(client):
    study = make_open_study()
    client.post(address("start", study))
    client.post(address("start", study))
    assert Participation.objects.count() == 1
    assert Annotator.objects.count() == 1


def test_one_browser_is_one_annotator_in_every_study(client):
    first, second = make_open_study(), make_open_study()
    assert join(client, first).annotator == join(client, second).annotator


@pytest.mark.parametrize("page", ["instructions", "thanks"])
def test_without_consent_every_page_leads_to_the_start(client, page):
    study = make_open_study()
    assert client.get(address(page, study)).url == address("start", study)
    assert client.post(address("next", study)).url == address("start", study)


def test_thanks_waits_until_nothing_is_left(client):
    study = make_open_study()
    participation = join(client, study)
    page = client.get(address("thanks", study), follow=True)
    assert page.redirect_chain[-1][0] == address("assignment", study, held(participation).pk)


def test_who_finds_nothing_to_do_gets_no_completion_code(client):
    study = make_open_study(run=make_run(make_prompt_set([("A dog", [("dog", "NOUN", "")])])), replicas=1)
    answer_next(study, make_annotator(), {"choice": 3})
    participation = join(client, study)
    page = client.get(address("thanks", study))
    assert "Every task is taken" in page.text
    assert participation.completion_code not in page.text


def test_a_task_that_became_free_can_be_taken_after_the_end(client):
    study = make_open_study(run=make_run(make_prompt_set([("A dog", [("dog", "NOUN", "")])])), replicas=1)
    other = Client()
    lost = held(join(other, study))
    participation = join(client, study)
    assert held(participation) is None
    expire(lost)
    page = client.get(address("thanks", study))
    assert "1 task became free" in page.text
    client.post(address("next", study))
    assert held(participation) == lost


def expire(place: Assignment) -> None:
    Assignment.objects.filter(pk=place.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_task_that_went_to_someone_else_says_so_and_leads_on(client):
    study = make_open_study(replicas=1)
    place = held(join(client, study))
    expire(place)
    taken_by = join(Client(), study)
    assert held(taken_by) == place
    for page in (client.get(address("assignment", study, place.pk)), send(client, place, {"choice": 4})):
        assert page.status_code == 409
        assert "went to someone else" in page.text
        assert f'action="{address("next", study)}"' in page.text
    assert not Response.objects.exists()
    answer_next(study, taken_by.annotator, {"choice": 4})
    assert send(client, place, {"choice": 5}).status_code == 409
    assert Response.objects.get().answer == {"choice": 4}


def test_an_old_tab_is_told_that_its_task_went_to_someone_else_after_the_annotator_went_on(client):
    study = make_open_study(replicas=1)
    participation = join(client, study)
    place = held(participation)
    expire(place)
    join(Client(), study)
    client.post(address("next", study))
    assert held(participation) not in (None, place)
    assert send(client, place, {"choice": 4}).status_code == 409
    assert client.get(address("assignment", study, place.pk)).status_code == 409
    assert not Response.objects.exists()


def test_another_place_on_a_task_that_one_has_answered_is_not_found(client):
    study = make_open_study()
    place = held(join(client, study))
    send(client, place, {"choice": 4})
    other = Assignment.objects.get(task=place.task, replica=1)
    assert client.get(address("assignment", study, other.pk)).status_code == 404


def test_a_task_whose_time_ran_out_is_still_taken_while_nobody_else_has_it(client):
    place = held(join(client, make_open_study()))
    expire(place)
    assert send(client, place, {"choice": 4}).status_code == 302
    assert Response.objects.get().assignment == place


def test_someone_elses_place_is_not_found(client):
    study = make_open_study()
    place = held(join(Client(), study))
    join(client, study)
    assert client.get(address("assignment", study, place.pk)).status_code == 404
    assert send(client, place, {"choice": 4}).status_code == 404
    assert not Response.objects.exists()


def test_a_place_of_another_study_is_not_found(client):
    study, other = make_open_study(), make_open_study()
    place = held(join(client, study))
    join(client, other)
    assert client.get(address("assignment", other, place.pk)).status_code == 404


def test_an_answer_of_an_unknown_browser_is_refused_with_a_way_on():
    study = make_open_study()
    place = held(join(Client(), study))
    stranger = Client()
    page = send(stranger, place, {"choice": 4})
    assert page.status_code == 403
    assert "do not recognise this browser" in page.text
    assert stranger.get(address("assignment", study, place.pk)).url == address("start", study)


@pytest.mark.parametrize("page", ["start", "instructions", "thanks"])
def test_a_draft_and_a_wrong_address_are_not_found(client, page):
    draft = make_study()
    assert client.get(address(page, draft)).status_code == 404
    missing = client.get(address(page, Study(slug="nowhere")))
    assert missing.status_code == 404
    assert "There is nothing here" in missing.text


def test_an_address_that_no_study_can_have_is_not_looked_up(client, django_assert_num_queries):
    with django_assert_num_queries(0):  # PostgreSQL fails at a NUL in a text
        assert client.get("/s/%00/").status_code == 404
        assert client.get("/s/a%20b/").status_code == 404
    for _ in range(50):
        resolve(address("start", Study(slug=new_slug())))


@pytest.mark.parametrize(
    ("change", "status", "text"), [(pause_study, 403, "takes a break"), (close_study, 410, "is closed")]
)
def test_a_study_that_is_not_open_says_so(client, change, status, text):
    study = change(study=make_open_study())
    for page in (client.get(address("start", study)), client.post(address("start", study))):
        assert page.status_code == status
        assert text in page.text
    assert not Participation.objects.exists()


@pytest.mark.parametrize(("change", "status"), [(pause_study, 403), (close_study, 410)])
def test_who_took_part_still_finds_the_completion_code(client, change, status):
    study = make_open_study()
    participation = join(client, study)
    send(client, held(participation), {"choice": 4})
    change(study=study)
    for page in ("start", "instructions", "thanks"):
        answer = client.get(address(page, study))
        assert answer.status_code == status
        assert participation.completion_code in answer.text


def test_who_only_consented_has_no_completion_code_when_the_study_closes(client):
    study = make_open_study()
    participation = join(client, study)
    close_study(study=study)
    assert participation.completion_code not in client.get(address("start", study)).text


def test_who_finished_finds_the_completion_code_after_the_study_closed(client):
    study = make_open_study()
    participation = join(client, study)
    while place := held(participation):
        send(client, place, {"choice": 4})
    close_study(study=study)
    page = client.get(address("thanks", study))
    assert page.status_code == 200
    assert participation.completion_code in page.text


def test_a_closed_study_takes_no_answer(client):
    study = make_open_study()
    place = held(join(client, study))
    close_study(study=study)
    assert send(client, place, {"choice": 4}).status_code == 410
    assert client.get(address("assignment", study, place.pk)).status_code == 410
    assert not Response.objects.exists()


def test_a_paused_study_takes_the_answer_that_is_being_given_and_nothing_more(client):
    study = make_open_study()
    participation = join(client, study)
    place = held(participation)
    pause_study(study=study)
    assert client.get(address("assignment", study, place.pk)).status_code == 200
    page = send(client, place, {"choice": 4})
    assert page.url == address("start", study)
    assert Response.objects.get().assignment == place
    assert held(participation) is None


def test_a_page_without_the_csrf_token_is_refused_and_explained():
    study = make_open_study()
    strict = Client(enforce_csrf_checks=True)
    page = strict.post(address("start", study))
    assert page.status_code == 403
    assert "Allow cookies" in page.text
    assert not Participation.objects.exists()


def test_words_of_the_prompt_cannot_smuggle_markup_into_the_page(client):
    hostile = '<script>alert("x")</script>'
    words = [(hostile, "X", "")]
    study = make_open_study(run=make_run(make_prompt_set([(f"a {hostile} b", words)])), title=hostile)
    page = client.get(address("assignment", study, held(join(client, study)).pk))
    assert page.status_code == 200
    assert hostile not in page.text


def test_the_prompt_is_shown_as_it_was_frozen(client):
    study = make_open_study(run=make_run(make_prompt_set([DOG])))
    place = held(join(client, study))
    prompt = place.task.generation.prompt
    prompt.text = "changed later"
    prompt.save()
    assert "changed later" not in client.get(address("assignment", study, place.pk)).text
