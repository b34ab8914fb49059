"""Answers that do not count stand under their own annotator's name, everywhere but in the numbers."""

from collections.abc import Callable
from datetime import timedelta

import pandas as pd
import pytest
from django.utils import timezone

from annotations.errors import AssignmentNotYoursError
from annotations.models import Assignment, Study
from annotations.services.closings import close_study
from annotations.services.participations import erase_answers, withdraw
from annotations.services.reviews import exclude_annotator, reject_visit, undo_review
from annotations.services.turns import expire_due_turns, return_assignment
from evaluation.frames.responses import response_frame
from evaluation.reports.dropped import WHY
from tests.evaluation.studies import (
    answer_task,
    make_attribution_study,
    make_ticked_study,
    report_of,
    save,
    texts,
)
from tests.factories import (
    answer_turn,
    give_turn,
    make_annotator,
    make_cohyponym_prompt_set,
    make_open_study,
    make_participation,
    make_run,
)

pytestmark = pytest.mark.django_db

BAD = {"choice": 1}
Others = Callable[[], None]


def document(study: Study) -> dict:
    return report_of(study).document()


# --- one story for every reason: somebody's answer, and what others answered at the place after it was free


def excluded(turn: Assignment, others: Others) -> None:
    answer_turn(turn, BAD)
    exclude_annotator(participation=turn.participation, reason="careless")
    others()


def excluded_while_rating(turn: Assignment, others: Others) -> None:
    exclude_annotator(participation=turn.participation, reason="careless")
    answer_turn(turn, BAD)
    others()


def rejected(turn: Assignment, others: Others) -> None:
    answer_turn(turn, BAD)
    reject_visit(visit=turn.visit, reason="careless")
    others()


def withdrawn(turn: Assignment, others: Others) -> None:
    answer_turn(turn, BAD)
    withdraw(participation=turn.participation)
    others()


def replaced(turn: Assignment, others: Others) -> None:
    answer_turn(turn, BAD)
    review = exclude_annotator(participation=turn.participation, reason="careless")
    others()
    undo_review(review=review, reason="it was somebody else")


def expired(turn: Assignment, others: Others) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Assignment.objects.filter(pk=turn.pk).update(lease_expires_at=past)
    expire_due_turns(study=turn.study)
    others()
    answer_turn(turn, BAD)


def returned(turn: Assignment, others: Others) -> None:
    return_assignment(assignment=turn)
    others()
    answer_turn(turn, BAD)


# what happens: (why the answer does not count, how the turn ended)
STORIES = {
    excluded: ("excluded", "submitted"),
    excluded_while_rating: ("excluded", "submitted"),
    rejected: ("rejected", "submitted"),
    withdrawn: ("withdrawn", "submitted"),
    replaced: ("replaced", "submitted"),
    expired: ("late", "expired"),
    returned: ("late", "returned"),
}


@pytest.fixture(params=list(STORIES), ids=lambda story: story.__name__)
def told(request) -> tuple[Assignment, list[str], str]:
    """The turn that does not count, the pseudonyms of those who answered 4 and 5 after it, and why."""
    study = make_attribution_study({"dog": ("NOUN", ())}, replicas=2)
    task = study.tasks.get()
    turn = give_turn(task, make_participation(study))
    second, third = make_annotator(), make_annotator()

    def others() -> None:
        answer_task(task, second, {"choice": 4})
        answer_task(task, third, {"choice": 5})

    request.param(turn, others)
    names = [make_participation(study, annotator).pseudonym for annotator in (second, third)]
    turn.refresh_from_db()
    assert turn.state == STORIES[request.param][1]
    return turn, names, STORIES[request.param][0]


def test_both_answers_at_a_place_stand_under_their_own_names(told):
    turn, (second, third), why = told
    rows = {row.annotator: row for row in response_frame(turn.study).itertuples()}
    assert {name: (row.choice, row.dropped, row.ended) for name, row in rows.items()} == {
        turn.participation.pseudonym: (1, why, turn.state),
        second: (4, "", "submitted"),
        third: (5, "", "submitted"),
    }
    assert rows[turn.participation.pseudonym].place == rows[second].place != rows[third].place


def test_the_file_has_them_all_and_says_why(told, tmp_path):
    turn, (second, third), why = told
    save(turn.study, tmp_path / "responses.csv")
    read = pd.read_csv(tmp_path / "responses.csv", keep_default_na=False).set_index("annotator")
    assert read["choice"].to_dict() == {turn.participation.pseudonym: 1, second: 4, third: 5}
    assert read["dropped"].to_dict() == {turn.participation.pseudonym: why, second: "", third: ""}


def test_the_report_counts_it_as_not_counting_and_analyses_the_others(told):
    turn, others, why = told
    shown = document(turn.study)
    flow = dict(texts(shown, "flow"))
    assert (flow["responses collected"], flow["responses analysed"]) == ("3", "2")
    assert {step: count for step, count in flow.items() if "not counting" in step} == {
        f"not counting: {why}": "1"
    }
    assert texts(shown, "not_counting") == [[turn.participation.pseudonym, WHY[why], "item", "1"]]
    assert texts(shown, "items")[0][4:6] == ["4 5", "4.5"]
    annotators = {row[0]: row[1:3] for row in texts(shown, "annotators")}
    assert annotators == {name: ["1", "50.0 %"] for name in others}
    assert dict(texts(shown, "plan"))["answered so far"] == "2 of 2 places"


# --- more than one reason, and taking it back


def dropped_of(turn: Assignment) -> str:
    (dropped,) = response_frame(turn.study)["dropped"]
    return dropped


def test_what_two_verdicts_drop_counts_again_after_both_are_undone_in_either_order():
    for exclusion_first in (True, False):
        study = make_attribution_study({"dog": ("NOUN", ())}, replicas=1)
        turn = answer_task(study.tasks.get(), make_annotator(), BAD).assignment
        exclusion = exclude_annotator(participation=turn.participation, reason="careless")
        rejection = reject_visit(visit=turn.visit, reason="careless")
        assert dropped_of(turn) == "excluded"
        order = (exclusion, rejection) if exclusion_first else (rejection, exclusion)
        undo_review(review=order[0], reason="a mistake")
        assert dropped_of(turn) == ("rejected" if exclusion_first else "excluded")
        undo_review(review=order[1], reason="a mistake")
        assert dropped_of(turn) == ""
        assert dict(texts(document(study), "plan"))["answered so far"] == "1 of 1 places"


def test_checks_of_who_is_excluded_are_no_checks_met():
    study = make_attribution_study({"dog": ("NOUN", ())}, checks={".": ()}, replicas=2)
    careless, careful = make_annotator(), make_annotator()
    for annotator, choice in ((careless, 3), (careful, 7)):
        for task in study.tasks.order_by("role"):
            answer_task(task, annotator, {"choice": choice})
    person = make_participation(study, careless)
    exclude_annotator(participation=person, reason="failed the check")
    shown = document(study)
    assert texts(shown, "not_counting") == [
        [person.pseudonym, WHY["excluded"], "check", "1"],
        [person.pseudonym, WHY["excluded"], "item", "1"],
    ]
    assert dict(texts(shown, "flow"))["to attention checks (never analysed)"] == "1"
    ((name, *_, checks, passed, _, _),) = texts(shown, "annotators")
    assert (name, checks, passed) == (make_participation(study, careful).pseudonym, "1", "1")


def test_after_closing_an_exclusion_leaves_the_place_short_and_is_listed():
    study = make_attribution_study({"dog": ("NOUN", ())}, replicas=2)
    turns = [
        answer_task(study.tasks.get(), make_annotator(), {"choice": choice}).assignment for choice in (4, 5)
    ]
    close_study(study=study)
    excluded = turns[0].participation
    review = exclude_annotator(participation=excluded, reason="careless")
    shown = document(Study.objects.get(pk=study.pk))
    assert dict(texts(shown, "plan"))["answered"] == "1 of 2 places"
    assert texts(shown, "items")[0][4:] == ["5", "undefined", "too few ratings"]
    ((what, _, now),) = texts(shown, "deviations")
    assert what == f"answers of {excluded.pseudonym} dropped after closing (excluded, review {review.pk})"
    assert now == "places left short: 1"


# --- the other kind


def test_a_late_answer_makes_no_image_complete():
    study = make_open_study("object_presence", make_run(make_cohyponym_prompt_set()), replicas=2)
    task = study.tasks.get()
    turn = give_turn(task, make_participation(study))
    return_assignment(assignment=turn)
    give_turn(task, make_participation(study))
    answer_task(task, make_annotator(), {"objects": ["cat", "dog"]})
    assert answer_turn(turn, {"objects": ["cat"]}).late
    shown = document(study)
    assert dict(texts(shown, "flow"))["not counting: late"] == "1"
    assert texts(shown, "images")[0][2:] == ["1", "cat 1, dog 1", "", "incomplete", ""]
    assert texts(shown, "not_counting") == [[turn.participation.pseudonym, WHY["late"], "item", "1"]]


def test_votes_of_who_is_rejected_are_none():
    study = make_ticked_study({("cat", "dog", True): [("cow", "bus"), ("cat", "dog"), ("dog", "cat")]})
    first = study.assignments.order_by("pk").first()
    reject_visit(visit=first.visit, reason="ticked at random")
    assert texts(document(study), "images")[0][2:5] == ["2", "cat 2, dog 2", ""]
    answer_task(study.tasks.get(), make_annotator(), {"objects": ["dog"]})
    assert texts(document(study), "images")[0][2:] == ["3", "cat 2, dog 3", "dog, cat", "scored", "yes"]


# --- erasing


def test_erased_answers_are_nowhere_but_in_a_count():
    study = make_attribution_study({"dog": ("NOUN", ())}, replicas=2)
    turns = [
        answer_task(study.tasks.get(), make_annotator(), {"choice": choice}).assignment for choice in (1, 5)
    ]
    person = turns[0].participation
    erase_answers(participation=person)
    frame = response_frame(study)
    assert list(frame["choice"]) == [5]
    assert person.pseudonym not in frame.to_csv()
    shown = document(study)
    assert dict(texts(shown, "plan"))["answers erased on request"] == "1"
    flow = dict(texts(shown, "flow"))
    assert (flow["responses collected"], flow["responses analysed"]) == ("1", "1")
    assert not any(step.startswith("not counting") for step in flow)
    assert "not_counting" not in {
        table["name"] for section in shown["sections"] for table in section["tables"]
    }


def test_nothing_is_stored_of_somebody_who_was_erased():
    study = make_attribution_study({"dog": ("NOUN", ()), "runs": ("VERB", ())}, replicas=1)
    dog, runs = study.tasks.order_by("payload__word")
    person = make_participation(study)
    stored = answer_turn(give_turn(dog, person), {"choice": 2}).assignment
    turn = give_turn(runs, person)
    erase_answers(participation=person)
    for late in (turn, stored):
        with pytest.raises(AssignmentNotYoursError, match="erased"):
            answer_turn(late, {"choice": 3})
    assert response_frame(study).empty
    shown = document(study)
    assert dict(texts(shown, "plan"))["answers erased on request"] == "1"
