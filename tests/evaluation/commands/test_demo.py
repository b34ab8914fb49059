import socket

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Study


@pytest.mark.django_db
def test_a_port_in_use_is_said_before_anything_is_made():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"port {port}.*make demo PORT="):
            call_command("demo", port=port)
    assert not Study.objects.exists()


@pytest.mark.django_db
def test_a_port_that_is_none_is_refused():
    with pytest.raises(CommandError, match="port 70000"):
        call_command("demo", port=70000)
