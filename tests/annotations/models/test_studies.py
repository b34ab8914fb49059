import math
from fractions import Fraction

import pytest

from annotations.errors import StudyError
from annotations.models import Study
from tests.factories import make_open_study, make_study


@pytest.mark.parametrize(
    ("cap", "items", "share"),
    [
        (None, 100, None),
        (1.0, 7, 7),
        (0.16, 100, 16),
        (0.29, 100, 29),  # as binary floats: 28.999…
        (0.57, 100, 57),
        (0.1, 9, 0),
        (1 / 3, 9, 2),
    ],
)
def test_the_share_cap_in_whole_places_of_items(cap, items, share):
    study = Study(share_cap=cap, items=items, controls=50, checks=50, replicas=1)
    assert study.item_cap == share
    assert Study(share_cap=cap, items=items, replicas=2).item_cap == (
        None if cap is None else math.floor(2 * items * Fraction(str(cap)))
    )


@pytest.mark.django_db
def test_the_plan_of_a_study_that_was_never_opened_is_an_error_that_says_so():
    study = make_study()
    with pytest.raises(StudyError, match=f"'{study.name}' was never opened, so it has no plan yet"):
        _ = study.frozen_plan
    opened = make_open_study()
    assert opened.frozen_plan == opened.plan
