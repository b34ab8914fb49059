"""Who waits for whom on PostgreSQL, and who must not. SQLite has one writer at a time."""

import json

import pytest

from tests.annotations.services.contention import ROUNDS
from tests.site import Site

pytestmark = pytest.mark.services


@pytest.fixture
def site(tmp_path, postgres_database) -> Site:
    site = Site(tmp_path, DATABASE_URL=postgres_database)
    site.migrate()
    return site


def printed_by(site: Site, call: str) -> list:
    program = f"from tests.annotations.services import contention; contention.{call}"
    return json.loads(site.manage("shell", "--verbosity", "0", "--command", program))


def test_whoever_wants_a_study_alone_is_not_overtaken_by_those_who_share_it(site):
    assert printed_by(site, "queue()") == ["first", "first ends", "alone", "last"]


def test_closing_waits_for_the_answer_that_is_being_stored(site):
    done = printed_by(site, "close_while_an_answer_is_stored()")
    assert done == ["answered", "first ends", "closed", "closed", True]


def test_an_answer_waits_for_the_closing_and_is_refused(site):
    assert printed_by(site, "answer_while_it_closes()") == ["closed", "first ends", "refused", 0]


def test_a_turn_is_either_declined_or_answered(site):
    for declined, is_declined, is_late in printed_by(site, "decline_twice_and_answer_together()"):
        assert declined == is_declined == is_late


def test_no_answer_makes_it_unsaid_that_its_person_was_interrupted(site):
    assert printed_by(site, "stop_everybody_while_somebody_answers()") == ROUNDS * ["interrupted"]


def test_two_people_whose_places_are_reserved_for_each_other_both_get_theirs_back(site):
    assert printed_by(site, "revive_together()") == ROUNDS * [[2, 0]]


def test_people_of_one_address_who_begin_at_once_hold_no_more_than_one_after_the_other(site):
    assert printed_by(site, "begin_together()") == [8, 22, 42]


def test_one_code_entered_in_four_browsers_at_once_is_one_participation_and_one_device(site):
    assert printed_by(site, "enter_together()") == ROUNDS * [[4, 1]]
