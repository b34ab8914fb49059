import pytest
from django.db import IntegrityError

from annotations.models import Verification
from daamweb.work.asking import TRIES, find_or_create
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


def test_what_waits_is_found_and_what_does_not_is_made():
    study = make_open_study()
    waiting = Verification.objects.filter(study=study)
    made = find_or_create(waiting.first, lambda: Verification.objects.create(study=study))
    assert find_or_create(waiting.first, lambda: pytest.fail("there is one")) == made


def test_who_asks_second_is_given_the_first_ones():
    study = make_open_study()
    first = Verification.objects.create(study=study)
    looks = iter([None, first])  # it came between the look and the making
    assert find_or_create(lambda: next(looks), lambda: Verification.objects.create(study=study)) == first


def test_what_is_refused_again_and_again_is_not_tried_for_ever():
    tried = []

    def create():
        tried.append(1)
        raise IntegrityError("a foreign key leads nowhere")

    with pytest.raises(IntegrityError, match="leads nowhere"):
        find_or_create(lambda: None, create)
    assert len(tried) == TRIES
