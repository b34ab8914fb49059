"""From the link to the completion code, and coming back in between."""

import pytest
from django.test import Client

from annotations.models import Annotator, Participation, Response, Visit
from tests.annotations.views.visits import (
    address,
    begin_earlier,
    held,
    join,
    make_study_of_one_place,
    page_fields,
    send,
)
from tests.factories import (
    DOG,
    answer_next,
    make_annotator,
    make_cohyponym_prompt_set,
    make_open_study,
    make_prompt_set,
    make_run,
)

pytestmark = pytest.mark.django_db

# Three words to rate, and a check.
WITH_CHECK = (
    "A red dog sat.",
    [
        ("A", "DET", "target"),
        ("red", "ADJ", "target"),
        ("dog", "NOUN", "target"),
        (".", "PUNCT", "attention_check"),
    ],
)


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
        turn = held(participation)
        assert page.redirect_chain[-1] == (address("assignment", study, turn.pk), 302)
        begin_earlier(turn, seconds=20)
        page = client.post(
            address("assignment", study, turn.pk),
            {**page_fields(answered=2250), "choice": choice},
            follow=True,
        )
    assert page.redirect_chain == [(address("thanks", study), 302)]
    assert participation.completion_code in page.text
    assert "Tasks that you answered: 3." in page.text
    assert list(Response.objects.order_by("pk").values_list("answer", "milliseconds", "revision")) == [
        ({"choice": 5}, 2250, 0), ({"choice": 1}, 2250, 0), ({"choice": 7}, 2250, 0),
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


def test_consent_makes_a_participation_and_its_visit_and_claims_nothing(client):
    study = make_open_study()
    client.post(address("start", study))
    participation = Participation.objects.get()
    visit = Visit.objects.get()
    assert participation.annotator.platform == Annotator.Platform.LINK
    assert participation.consented_at is not None
    assert participation.visit == visit
    assert (visit.participation, visit.annotator) == (participation, participation.annotator)
    assert (visit.platform, visit.unit_id, visit.number) == (Annotator.Platform.LINK, study.slug, 1)
    assert held(participation) is None


def test_consenting_twice_is_one_participation_and_one_visit(client):
    study = make_open_study()
    client.post(address("start", study))
    client.post(address("start", study))
    assert Participation.objects.count() == Annotator.objects.count() == Visit.objects.count() == 1


def test_one_browser_is_one_annotator_in_every_study(client):
    first, second = make_open_study(), make_open_study()
    assert join(client, first).annotator == join(client, second).annotator


@pytest.mark.parametrize("page", ["instructions", "waiting", "thanks"])
def test_without_consent_every_page_leads_to_the_start(client, page):
    study = make_open_study()
    assert client.get(address(page, study)).url == address("start", study)
    assert client.post(address("next", study)).url == address("start", study)


def test_coming_back_leads_to_where_one_was(client):
    study = make_open_study(replicas=1)
    client.post(address("start", study))
    assert client.get(address("start", study)).url == address("instructions", study)
    client.post(address("next", study))
    participation = Participation.objects.get()
    assert client.get(address("start", study)).url == address("assignment", study, held(participation).pk)
    while turn := held(participation):
        send(client, turn, {"choice": 3})
    assert client.get(address("start", study)).url == address("thanks", study)


def test_asking_for_the_next_task_in_two_tabs_is_one_turn(client):
    study = make_open_study()
    participation = join(client, study)
    turn = held(participation)
    assert client.post(address("next", study)).url == address("assignment", study, turn.pk)
    assert participation.assignments.get() == turn


def test_the_page_marks_the_word_where_it_stands(client):
    words = [("dog", "NOUN", ""), ("dog", "NOUN", "target")]
    study = make_open_study(run=make_run(make_prompt_set([("a dog <b>and</b> a dog!", words)])))
    page = client.get(address("assignment", study, held(join(client, study)).pk))
    assert 'a dog &lt;b&gt;and&lt;/b&gt; a <mark class="target-word" data-word>dog</mark>!' in page.text


def test_the_prompt_is_shown_as_it_was_frozen(client):
    study = make_open_study(run=make_run(make_prompt_set([DOG])))
    turn = held(join(client, study))
    prompt = turn.task.generation.prompt
    prompt.text = "changed later"
    prompt.save()
    assert "changed later" not in client.get(address("assignment", study, turn.pk)).text


def test_words_of_the_prompt_cannot_smuggle_markup_into_the_page(client):
    hostile = '<script>alert("x")</script>'
    words = [(hostile, "X", "")]
    study = make_open_study(run=make_run(make_prompt_set([(f"a {hostile} b", words)])), title=hostile)
    page = client.get(address("assignment", study, held(join(client, study)).pk))
    assert page.status_code == 200
    assert hostile not in page.text


# --- progress ---------------------------------------------------------------------------------------------


def test_progress_counts_ones_own_answers_alone_where_nobody_knows_how_many_are_left(client):
    study = make_open_study()
    participation = join(client, study)
    answer_next(study, make_annotator(), {"choice": 3})
    page = client.get(address("assignment", study, held(participation).pk))
    assert "0 answered" in page.text
    assert "<progress" not in page.text
    page = client.get(send(client, held(participation), {"choice": 3}).url)
    assert "1 answered" in page.text
    assert "tasks are meant for you" not in client.get(address("instructions", study)).text


def test_progress_knows_the_share_that_the_cap_leaves(client):
    study = make_open_study(replicas=3, share_cap=0.25)  # of 9 places: 2.25, so 2
    participation = join(client, study)
    assert "2 tasks are meant for you." in client.get(address("instructions", study)).text
    for answered in (0, 1):
        page = client.get(address("assignment", study, held(participation).pk))
        assert f"{answered} of 2 answered" in page.text
        assert f'<progress id="progress" value="{answered}" max="2">' in page.text
        page = send(client, held(participation), {"choice": 3})
    assert page.url == address("thanks", study)


def test_checks_come_on_top_of_the_share(client):
    study = make_open_study(run=make_run(make_prompt_set([WITH_CHECK])), share_cap=0.25)  # 2 of 9 places
    client.post(address("start", study))
    participation = Participation.objects.get()
    # The seed 0 has its first check second: 2 + hash % 4, and the hash of 0 is 0.
    Participation.objects.update(seed=0)
    client.post(address("next", study))
    roles = []
    for answered in range(3):
        page = client.get(address("assignment", study, held(participation).pk))
        assert f"{answered} of 3 answered" in page.text
        roles.append(held(participation).task.role)
        page = send(client, held(participation), {"choice": 7})
    assert page.url == address("thanks", study)
    assert roles == ["item", "check", "item"]


def test_a_cap_above_the_number_of_tasks_leaves_every_task_once(client):
    study = make_open_study(replicas=3, share_cap=1)  # 9 of 9 places, of 3 tasks
    page = client.get(address("assignment", study, held(join(client, study)).pk))
    assert "0 of 3 answered" in page.text


# --- the end ----------------------------------------------------------------------------------------------


def test_thanks_waits_until_nothing_is_left(client):
    study = make_open_study()
    participation = join(client, study)
    page = client.get(address("thanks", study), follow=True)
    assert page.redirect_chain[-1][0] == address("assignment", study, held(participation).pk)


def test_who_finds_nothing_to_do_gets_no_completion_code(client):
    study = make_study_of_one_place()
    answer_next(study, make_annotator(), {"choice": 3})
    participation = join(client, study)
    page = client.get(address("thanks", study))
    assert "Every task is taken" in page.text
    assert participation.completion_code not in page.text


def test_others_cookies_show_nothing_of_this_person(client):
    study = make_study_of_one_place()
    participation = join(client, study)
    send(client, held(participation), {"choice": 3})
    other = Client()
    join(other, study)
    assert participation.completion_code in client.get(address("thanks", study)).text
    assert participation.completion_code not in other.get(address("thanks", study)).text
