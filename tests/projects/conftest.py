"""People who work on one site."""

import pytest

from daamweb.projects.models import Role
from tests.factories import make_member, make_user


@pytest.fixture
def anna():
    return make_member(Role.OWNER, username="anna")


@pytest.fixture
def bob():
    return make_member(Role.OWNER, username="bob")


@pytest.fixture
def root():
    return make_user("root", is_superuser=True, is_staff=True)
