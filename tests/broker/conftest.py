from pathlib import Path

import pytest
from kombu.transport import filesystem
from kombu.transport.virtual import BrokerState

from tests.broker.folders import connect


@pytest.fixture(autouse=True)
def other_process(monkeypatch):
    """Kombu remembers for a whole process what is bound."""
    monkeypatch.setattr(filesystem.Transport, "global_state", BrokerState())


@pytest.fixture
def queue(tmp_path):
    with connect(tmp_path) as connection:
        yield connection.SimpleQueue("default")


@pytest.fixture
def messages(tmp_path) -> Path:
    return tmp_path / "messages" / "default"
