"""Addresses of buttons, opened by hand."""

import pytest

pytestmark = pytest.mark.django_db


def test_the_address_of_a_button_says_what_it_is_and_does_nothing(researcher_client):
    answer = researcher_client.get("/admin/logout/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")
    assert "This is the address of a button" in answer.text
    assert researcher_client.get("/admin/").status_code == 200


def test_other_methods_are_answered_shortly(client):
    answer = client.put("/account/")
    assert (answer.status_code, answer.content) == (405, b"")
