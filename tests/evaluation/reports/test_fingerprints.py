"""What the name of a report's data changes with, and what it does not."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from annotations.models import Participation, Study
from annotations.services.claims import claim_assignment
from annotations.services.closings import close_study, pause_study
from annotations.services.openings import open_study
from annotations.services.participations import erase_answers, withdraw
from annotations.services.reviews import accept_visit, exclude_annotator, reject_visit, undo_review
from annotations.services.turns import return_assignment
from annotations.services.verifications import verify_study
from evaluation.reports import gather
from evaluation.reports.gather import study_fingerprint
from tests.evaluation.studies import analysis_of, answer_task, make_attribution_study, make_rated_study
from tests.factories import answer_turn, give_turn, make_annotator, make_open_study, make_participation

pytestmark = pytest.mark.django_db


def name_of(study: Study) -> str:
    return study_fingerprint(Study.objects.get(pk=study.pk), analysis_of(study))


def test_it_changes_with_a_response_and_with_a_correction():
    study = make_attribution_study()
    seen = [name_of(study)]
    response = answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
    seen.append(name_of(study))
    answer_turn(response.assignment, {"choice": 4})
    seen.append(name_of(study))
    assert len(set(seen)) == 3


def test_it_changes_with_a_late_answer():
    study = make_attribution_study()
    turn = give_turn(study.tasks.first(), make_participation(study))
    return_assignment(assignment=turn)
    answer_task(turn.task, make_annotator(), {"choice": 3})
    before = name_of(study)
    answer_turn(turn, {"choice": 4})
    assert name_of(study) != before


def exclude(person: Participation) -> None:
    exclude_annotator(participation=person, reason="careless")


def reject(person: Participation) -> None:
    reject_visit(visit=person.visit, reason="careless")


def withdraw_person(person: Participation) -> None:
    withdraw(participation=person)


def erase(person: Participation) -> None:
    erase_answers(participation=person)


@pytest.mark.parametrize("happen", [exclude, reject, withdraw_person, erase])
def test_it_changes_with_what_becomes_of_answers(happen: Callable[[Participation], None]):
    study = make_rated_study()
    before = name_of(study)
    happen(study.participations.first())
    assert name_of(study) != before


def test_it_changes_when_a_verdict_is_undone():
    study = make_rated_study()
    person = study.participations.first()
    seen = [name_of(study)]
    for happen in (exclude, reject):
        happen(person)
        seen.append(name_of(study))
        undo_review(review=person.reviews.last(), reason="a mistake")
        seen.append(name_of(study))
    assert len(set(seen)) == 5


def test_it_changes_with_nothing_that_the_report_does_not_show():
    study, other = make_rated_study(), make_open_study()
    before = name_of(study)
    newcomer = make_participation(study)
    Participation.objects.filter(pk=newcomer.pk).update(began_at=timezone.now(), finished_at=timezone.now())
    turn = claim_assignment(participation=make_participation(other)).turn
    return_assignment(assignment=turn)
    answer_task(other.tasks.first(), make_annotator(), {"choice": 3})
    accept_visit(visit=study.participations.first().visit, reason="careful")
    pause_study(study=study)
    open_study(study=study)
    assert name_of(study) == before
    assert name_of(other) != before


def test_it_is_the_same_before_and_after_the_first_person_comes_to_look():
    study = make_open_study()
    before = name_of(study)
    person = make_participation(study)
    assert claim_assignment(participation=person).turn is not None
    assert name_of(study) == before


def test_it_changes_with_a_deviation_that_was_found_and_when_the_study_closes():
    study = make_rated_study()
    before = name_of(study)
    Study.objects.filter(pk=study.pk).update(title="Reworded")
    assert name_of(study) == before  # nobody has looked yet
    verify_study(Study.objects.get(pk=study.pk), files=False)
    reworded = name_of(study)
    verify_study(Study.objects.get(pk=study.pk), files=False)
    assert name_of(study) == reworded  # found again
    close_study(study=study)
    assert len({before, reworded, name_of(study)}) == 3


def test_it_changes_when_files_were_held_against_the_plan():
    study = make_open_study()
    before = name_of(study)
    assert verify_study(study, files=True) == ()
    assert name_of(study) != before  # the report says when


def test_it_changes_with_the_versions_of_report_and_analysis(monkeypatch):
    study = make_open_study()
    before = name_of(study)
    monkeypatch.setattr(gather, "REPORT_VERSION", gather.REPORT_VERSION + 1)
    changed = name_of(study)
    analysis = analysis_of(study)
    monkeypatch.setattr(analysis, "version", analysis.version + 1)
    assert len({before, changed, name_of(study)}) == 3


def test_it_reads_counters_alone(django_assert_num_queries):
    study = Study.objects.select_related("plan").get(pk=make_rated_study().pk)
    with django_assert_num_queries(2) as queries:
        study_fingerprint(study, analysis_of(study))
    assert not any("annotations_response" in query["sql"] for query in queries)
