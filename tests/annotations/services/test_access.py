"""Who takes part, what they are told, how many places strangers may hold: decided before a study opens."""

import math

import pytest

from annotations.errors import StudyError
from annotations.models import Plan, Study
from annotations.services.plans import make_plan, plan_settings
from annotations.services.verifications import verify_study
from tests.factories import make_open_study, make_study

pytestmark = pytest.mark.django_db
DECIDED = {
    "access": "codes", "contact": "Ada, ada@example.org", "minutes": 12, "pay": "3 €", "min_width": 800,
    "min_seconds": 1.5, "painted_only": True, "join_at_once": 40, "join_per_second": 0.5,
    "unanswered_at_most": 30, "unanswered_share": 0.1, "unanswered_minutes": 3,
}  # fmt: skip


def test_what_is_decided_is_stored_and_frozen():
    study = make_open_study(**DECIDED)
    study.refresh_from_db()
    assert {name: getattr(study, name) for name in DECIDED} == DECIDED
    assert {name: study.plan.settings[name] for name in DECIDED} == DECIDED
    assert plan_settings(study) == study.plan.settings


def test_by_default_whoever_has_the_link_takes_part():
    settings = make_open_study(unanswered_share=0.2).plan.settings
    assert {name: settings[name] for name in DECIDED} == {
        "access": "link", "contact": "", "minutes": None, "pay": "", "min_width": None, "min_seconds": None,
        "painted_only": False, "join_at_once": 250, "join_per_second": 1.0, "unanswered_at_most": 250,
        "unanswered_share": 0.2, "unanswered_minutes": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access", "anybody"), ("contact", "x" * 201), ("minutes", 0), ("pay", "x" * 201), ("min_width", 199),
        ("min_seconds", 0), ("min_seconds", math.nan), ("join_at_once", 0), ("join_per_second", 0),
        ("join_per_second", math.inf), ("unanswered_at_most", 0), ("unanswered_share", 0),
        ("unanswered_share", 1.1), ("unanswered_minutes", 0), ("lease_minutes", 14),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_name(name, value):
    with pytest.raises(StudyError, match=f"{name}: "):
        make_study(**{name: value})
    assert not Study.objects.exists()


@pytest.mark.breaks_rows
def test_a_plan_of_before_says_nothing_of_it_and_is_no_deviation_unless_somebody_changes_it():
    study = make_open_study(unanswered_share=0.2)
    settings = {name: value for name, value in study.plan.settings.items() if name not in DECIDED}
    Plan.objects.update(settings=settings)
    study = Study.objects.get()
    assert make_plan(study).settings == settings
    whats = {difference.what for difference in verify_study(study, files=False)}
    assert whats & set(DECIDED) == set()
    Study.objects.update(access="codes")
    whats = {difference.what for difference in verify_study(Study.objects.get(), files=False)}
    assert whats & set(DECIDED) == {"access"}


def test_a_study_whose_lease_is_shorter_goes_on():
    study = make_open_study()
    Study.objects.update(lease_minutes=5)
    study.refresh_from_db()
    assert study.lease_minutes == 5
