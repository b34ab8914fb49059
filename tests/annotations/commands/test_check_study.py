import pytest
from django.core.management import CommandError, call_command

from annotations.management.commands import check_study
from annotations.models import Deviation, Place, Study
from tests.annotations.commands.progress import record_progress
from tests.factories import answer_next, make_annotator, make_open_study, make_study

pytestmark = pytest.mark.django_db


def check(study: Study) -> None:
    call_command("check_study", study.name)


def test_a_sound_study_is_as_it_should_be(capsys):
    study = make_open_study()
    answer_next(study, make_annotator(), {"choice": 3})
    for each in (make_study(), study):
        check(each)
        assert capsys.readouterr().out == f"'{each.name}': everything is as it should be.\n"
    study.plan.refresh_from_db()
    assert study.plan.verified_at is not None
    assert not Deviation.objects.exists()


def test_what_was_changed_since_opening_is_printed_and_listed_once():
    study = make_open_study(title="What is red?")
    Study.objects.filter(pk=study.pk).update(title="What is blue?")
    image = study.tasks.first().generation.image
    with image.open("wb") as file:
        file.write(b"another picture")
    for _ in range(2):
        with pytest.raises(CommandError) as caught:
            check(study)
    first, *lines = str(caught.value).splitlines()
    assert first == f"'{study.name}' is not as it should be:"
    assert 'title: frozen "What is red?", now "What is blue?"' in lines
    (line,) = [line for line in lines if image.name in line]
    assert f"frozen {study.tasks.first().generation.image_sha256}" in line
    assert {found.what for found in Deviation.objects.all()} == {"title", f"file {image.name} (image)"}


@pytest.mark.breaks_rows
def test_rows_that_do_not_fit_together_are_counted():
    study = make_open_study()
    Place.objects.filter(study=study, replica=2).delete()
    with pytest.raises(CommandError, match="rows: an opened study has more or fewer places than it asks for"):
        check(study)


@pytest.mark.breaks_rows
def test_a_drafts_rows_are_held_against_each_other():
    study = make_study()
    other = make_open_study().tasks.first()
    Place.objects.create(study=study, task=other, replica=7, order=0)
    with pytest.raises(CommandError, match="a place is in another study than its task: 1 rows"):
        check(study)
    assert not Deviation.objects.exists()


def test_the_progress_is_drawn(monkeypatch):
    drawn = record_progress(monkeypatch, check_study)
    check(make_open_study())
    assert drawn == [6, 6]  # the rows of three tasks, then their files


def test_an_unknown_name_is_refused():
    with pytest.raises(CommandError, match="no study named 'no such'"):
        call_command("check_study", "no such")
