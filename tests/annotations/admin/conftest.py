import pytest


@pytest.fixture
def press(researcher_client, pokes, django_capture_on_commit_callbacks):
    """Press a button; `pokes` are those of this button."""

    def press(address: str, **fields):
        del pokes[:]
        with django_capture_on_commit_callbacks(execute=True):
            return researcher_client.post(address, fields, follow=True)

    return press
