import pytest

from annotations.models import Study


@pytest.mark.parametrize(
    ("cap", "places", "share"),
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
def test_the_share_cap_in_whole_places(cap, places, share):
    assert Study(share_cap=cap).share_in_places(places) == share
