"""A study is deleted whole, in slices, also by a worker that is killed and one that goes on."""

import pytest
from django.apps import apps
from django.db.models import Model

from annotations.models import Annotator, Study
from annotations.services import erasing
from annotations.services.closings import close_study
from annotations.services.erasing import erase_study, running_studies, set_study_aside
from annotations.services.reviews import exclude_annotator, undo_review
from daamweb.projects.errors import ProjectError
from evaluation.models import Report
from tests.annotations.arabic import add_arabic
from tests.annotations.services.rows import again, claim, four_images, person, submit
from tests.factories import make_annotator, make_participation, make_study
from tests.work.rows import make_operation

pytestmark = pytest.mark.django_db
APPS = ("annotations", "evaluation")


def rows() -> dict[str, int]:
    models: list[type[Model]] = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    return {model._meta.label: model._base_manager.count() for model in models}


def lived_in_study() -> Study:
    """With a row of every kind: answers, corrections, verdicts and their undoing, operations, reports."""
    study = four_images()
    add_arabic(study)
    for _ in range(3):
        each = person(study)
        turn = claim(each)
        submit(turn)
        submit(again(turn), base=0)
        review = exclude_annotator(participation=each, reason="a test")
    undo_review(review=review, reason="a mistake")
    claim(person(study))
    make_operation(study)
    close_study(study=study, at_once=True)
    Report.objects.create(study=study, analysis="cohyponyms")
    return study


def test_nothing_of_an_erased_study_is_left_and_nothing_of_another_is_gone():
    lived_in_study()
    before = rows()
    study = lived_in_study()
    gone: list[int] = []
    erase_study(study, gone.append)
    assert rows() == before
    # 6 answers, 4 turns, 8 places, 3 verdicts, an undoing, an operation, 4 visits, 4 people, 4 tasks, itself
    assert sum(gone) == 36


def test_an_erasing_killed_after_any_slice_goes_on(monkeypatch):
    monkeypatch.setattr(erasing, "AT_ONCE", 2)
    before = rows()
    study = lived_in_study()

    class Killed(Exception):
        pass

    def killed(rows_gone: int) -> None:
        raise Killed

    slices = 0
    while Study.objects.filter(pk=study.pk).exists():
        slices += 1
        try:
            erase_study(Study.objects.get(pk=study.pk), killed)
        except Killed:
            continue
    assert slices > 15
    assert rows() == before


def test_who_took_part_in_another_study_too_stays():
    first, second = four_images(), four_images()
    both, one = make_annotator(), make_annotator()
    for study, annotator in ((first, both), (second, both), (first, one)):
        submit(claim(make_participation(study, annotator)))
    close_study(study=first)
    erase_study(first, lambda rows_gone: None)
    assert list(Annotator.objects.all()) == [both]
    assert second.participations.get().annotator == both


@pytest.mark.parametrize("state", ["open", "paused", "opening"])
def test_a_study_that_runs_is_not_erased(state):
    study = four_images() if state != "opening" else make_study()
    Study.objects.filter(pk=study.pk).update(state=state)
    assert list(running_studies(Study.objects.all())) == [study]
    with pytest.raises(ProjectError, match="only a draft or a closed study can be erased"):
        set_study_aside(study)
    Study.objects.filter(pk=study.pk).update(state="draft" if state == "opening" else "open")


def test_a_study_set_aside_is_not_shown_to_annotators_and_not_reported(client):
    study = lived_in_study()
    assert client.get(study.get_absolute_url()).status_code == 410
    set_study_aside(study)
    assert client.get(study.get_absolute_url()).status_code == 404
    assert not Report.objects.exists()
    assert list(running_studies(Study.objects.all())) == []
