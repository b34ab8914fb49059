import pytest

PASSWORD = "a sentence of mine"


@pytest.fixture
def anna(django_user_model):
    """A researcher with a password and no second factor."""
    return django_user_model.objects.create_user("anna", password=PASSWORD, is_staff=True)


@pytest.fixture
def still(monkeypatch) -> list[float]:
    """Codes do not change between two lines of a test; the first number is the time."""
    now = [1_800_014_400.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    return now
