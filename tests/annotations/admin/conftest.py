import pytest
from django.contrib.auth.models import User


@pytest.fixture
def staff(client, django_user_model) -> User:
    """Logged in, may enter the admin, and nothing more."""
    user = django_user_model.objects.create_user(username="staff", password="password", is_staff=True)
    client.force_login(user)
    return user


@pytest.fixture
def press(researcher_client, pokes, django_capture_on_commit_callbacks):
    """Press a button; `pokes` are those of this button."""

    def press(address: str, **fields):
        del pokes[:]
        with django_capture_on_commit_callbacks(execute=True):
            return researcher_client.post(address, fields, follow=True)

    return press
