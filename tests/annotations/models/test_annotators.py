import pytest

from annotations.models import Study
from tests.factories import make_annotator, make_study

pytestmark = pytest.mark.django_db


def test_a_pseudonym_outlives_the_sites_secret_key(settings):
    study, annotator = make_study(), make_annotator()
    before = annotator.pseudonym(study)
    settings.SECRET_KEY = "rotated"
    assert annotator.pseudonym(Study.objects.get(pk=study.pk)) == before


def test_every_study_has_a_key_of_its_own_and_so_other_pseudonyms():
    first, second, annotator = make_study(), make_study(), make_annotator()
    assert len(first.pseudonym_key) == 32
    assert first.pseudonym_key != second.pseudonym_key
    assert annotator.pseudonym(first) != annotator.pseudonym(second)


def test_a_pseudonym_does_not_follow_from_what_is_public():
    study, annotator = make_study(), make_annotator()
    before = annotator.pseudonym(study)
    study.pseudonym_key = "another"
    assert annotator.pseudonym(study) != before
