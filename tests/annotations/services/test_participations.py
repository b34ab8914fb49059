import pytest

from annotations.errors import StudyNotOpenError
from annotations.models import Annotator, Participation, Visit
from annotations.services.closings import pause_study
from annotations.services.participations import join_by_link, join_study
from tests.annotations.services.rows import four_images
from tests.factories import make_annotator, make_open_study

pytestmark = pytest.mark.django_db


def test_joining_makes_a_person_a_participation_and_a_visit():
    study = four_images(share_cap=0.5)
    participation = join_by_link(study=study, annotator=None)
    assert participation.annotator == Annotator.objects.get()
    assert (participation.visit, participation.visit.unit_id) == (Visit.objects.get(), study.slug)
    assert participation.item_cap == 4


def test_joining_twice_is_one_participation_and_one_visit():
    study = four_images()
    first = join_by_link(study=study, annotator=None)
    assert join_by_link(study=study, annotator=first.annotator) == first
    assert Participation.objects.count() == Visit.objects.count() == 1


def test_a_platform_brings_one_person_through_several_visits_of_one_participation():
    study, annotator = four_images(), make_annotator()
    first = join_study(study=study, annotator=annotator, unit_id="session 1")
    second = join_study(study=study, annotator=annotator, unit_id="session 1", number=2)
    assert first == second
    assert second.visit.number == 2
    assert Visit.objects.count() == 2


def test_people_are_numbered_and_begin_where_the_golden_ratio_says():
    study = four_images()
    # floor(4 · frac(n / golden ratio)): 0, 0.618, 0.236
    assert [join_by_link(study=study, annotator=None).cursor for _ in range(3)] == [0, 2, 0]
    assert [each.ordinal for each in Participation.objects.order_by("pk")] == [0, 1, 2]


def test_pseudonyms_differ_from_study_to_study_and_lead_to_nobody():
    annotator = make_annotator()
    names = [
        join_study(study=make_open_study(), annotator=annotator, unit_id="unit").pseudonym for _ in range(2)
    ]
    assert names[0] != names[1]
    assert all(len(name) == 12 and annotator.external_id not in name for name in names)


def test_a_paused_study_takes_nobody_new_and_makes_nobody():
    study = four_images()
    pause_study(study=study)
    with pytest.raises(StudyNotOpenError):
        join_by_link(study=study, annotator=None)
    assert not Annotator.objects.exists()
