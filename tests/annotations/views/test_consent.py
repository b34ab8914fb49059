"""What people are told before they agree."""

import pytest

from tests.annotations.views.visits import address, held, join
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


def test_minutes_pay_and_contact_are_said(client):
    study = make_open_study(minutes=12, pay="<b>3 €</b>", contact="Ada Lovelace, ada@example.org")
    page = client.get(address("start", study)).text
    assert "<dd>About 12 minutes.</dd>" in page
    assert '<dd lang="en" dir="ltr">&lt;b&gt;3 €&lt;/b&gt;</dd>' in page
    assert '<dd dir="auto">Ada Lovelace, ada@example.org</dd>' in page


def test_one_minute_is_said_in_words(client):
    assert "<dd>About one minute.</dd>" in client.get(address("start", make_open_study(minutes=1))).text


def test_of_what_is_not_known_nothing_is_said(client):
    page = client.get(address("start", make_open_study())).text
    assert "<dl" not in page
    assert "width.js" not in page
    assert 'name="code"' not in page


def test_a_least_width_is_looked_at_before_consent_and_at_the_tasks(client):
    study = make_open_study(min_width=900)
    page = client.get(address("start", study)).text
    assert 'data-min-width="900" hidden>This study asks for a window that is at least 900 pixels wide' in page
    assert "js/width.js" in page
    page = client.get(address("assignment", study, held(join(client, study)).pk)).text
    assert 'data-min-width="900" hidden>Your window is narrower than this study asks for.' in page
    assert "js/width.js" in page
