"""Erase a person, a study; say how long it is known who took part."""

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Response, Study
from annotations.services.closings import close_study
from daamweb.projects.jobs import run_erasure
from tests.annotations.services.rows import claim, four_images, submit
from tests.factories import make_participation

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("known_by", ["pseudonym", "completion_code"])
def test_a_person_is_erased_by_pseudonym_or_code(known_by, capsys):
    study = four_images()
    person = make_participation(study)
    submit(claim(person))
    call_command("erase_annotator", getattr(person, known_by), "--study", study.name)
    assert f"1 answers of {person.pseudonym}" in capsys.readouterr().out
    assert not Response.objects.exclude(answer=None).exists()


def test_somebody_who_is_not_in_the_study_is_not_erased():
    study, other = four_images(), four_images()
    person = make_participation(other)
    with pytest.raises(CommandError, match="Nobody with the pseudonym or completion code"):
        call_command("erase_annotator", person.pseudonym, "--study", study.name)


def test_a_closed_study_is_erased(pokes, django_capture_on_commit_callbacks):
    study = four_images()
    with pytest.raises(CommandError, match="type its name as it is"):
        call_command("erase_study", study.name, "--yes", "another")
    with pytest.raises(CommandError, match="only a draft or a closed study"):
        call_command("erase_study", study.name, "--yes", study.name)
    close_study(study=study)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("erase_study", study.name, "--yes", study.name)
    for _, (pk,) in pokes:
        run_erasure(pk)
    assert not Study.objects.exists()


def test_how_long_people_are_known_is_said_in_days():
    study = four_images()
    call_command("keep_identities", study.name, "--days", "30")
    assert Study.objects.get().keep_identities_days == 30
    call_command("keep_identities", study.name, "--for-good")
    assert Study.objects.get().keep_identities_days is None
    with pytest.raises(CommandError, match="--days is from 0"):
        call_command("keep_identities", study.name, "--days", "-1")
