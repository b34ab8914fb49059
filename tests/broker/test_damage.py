"""Nothing that lies in the broker of files, and nothing that is raised by a message, ends a worker."""

import logging
import os
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock

import pytest
from kombu import Connection, Consumer
from kombu.exceptions import ChannelError

from daamweb.broker import DAMAGED
from daamweb.messages import read_message
from tests.broker.folders import DAMAGE, HEADERS, connect, send, take_all


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_what_cannot_be_read_is_put_aside_and_the_next_one_comes(queue, messages, caplog, content):
    send(queue, 1)
    (messages / "00000000000000000000-x.msg").write_bytes(content)
    send(queue, 2)
    assert take_all(queue) == [1, 2]
    assert (messages / DAMAGED / "00000000000000000000-x.msg").read_bytes() == content
    [record] = [each for each in caplog.records if each.name == "daamweb.broker"]
    assert record.levelno == logging.WARNING
    assert "It was put aside: " in record.getMessage()
    assert queue.qsize() == 0


class FailingConsumer:
    """A worker that cannot handle the number 1, and has one message in hand at a time."""

    def __init__(self, connection: Connection, error: Exception) -> None:
        self.taken: list[int] = []
        self._error = error
        channel = connection.channel()
        self.consumer = Consumer(channel, [connection.SimpleQueue("default").queue], on_message=self.take)
        self.consumer.qos(prefetch_count=1)

    def take(self, message) -> None:
        [number] = message.decode()[0]
        if number == 1:
            raise self._error
        message.ack()
        self.taken.append(number)


@pytest.mark.parametrize("error", [KeyError("id"), TypeError("unhashable type: 'list'"), RuntimeError()])
def test_a_message_whose_handling_fails_is_put_aside_and_the_next_one_comes(
    tmp_path, queue, messages, caplog, error
):
    for number in range(3):
        send(queue, number)
    with connect(tmp_path) as connection:
        failing = FailingConsumer(connection, error)
        with failing.consumer:
            for _ in range(3):
                connection.drain_events(timeout=1)
    assert failing.taken == [0, 2]
    assert take_all(queue) == []  # it does not come again
    [aside] = (messages / DAMAGED).iterdir()
    assert read_message(aside.read_bytes())["headers"] == HEADERS
    assert "Handling a message of default failed." in caplog.text
    assert f"A message cannot be handled ({type(error).__name__}" in caplog.text
    assert f"It was put aside: {aside}" in caplog.text


def test_a_message_during_whose_handling_the_connection_is_lost_comes_again(tmp_path, queue, messages):
    for number in range(3):
        send(queue, number)
    with connect(tmp_path) as connection:
        failing = FailingConsumer(connection, BrokenPipeError())
        with failing.consumer:
            connection.drain_events(timeout=1)
            with pytest.raises(BrokenPipeError):
                connection.drain_events(timeout=1)
    assert sorted(take_all(queue)) == [1, 2]
    assert not (messages / DAMAGED).exists()


def test_a_worker_looks_again_whatever_came_of_the_last_look(tmp_path, queue, monkeypatch):
    """Kombu's loop logs what is raised in it and goes on; nobody else would look."""
    loop = Mock()
    with connect(tmp_path) as connection:
        connection.connect()
        transport = connection.transport
        transport.register_with_event_loop(connection, loop)
        [look] = loop.call_soon.call_args.args
        for error in (None, ValueError, ChannelError, OSError):
            monkeypatch.setattr(transport, "_look", Mock(side_effect=error))
            loop.call_later.reset_mock()
            with pytest.raises(error) if error else nullcontext():
                look()
            assert loop.call_later.call_args.args[1] is look
    loop.call_later.reset_mock()
    look()  # the connection is closed
    assert not loop.call_later.called


def test_of_what_was_put_aside_the_newest_are_kept(queue, messages, caplog, monkeypatch):
    monkeypatch.setattr("daamweb.broker.KEPT_DAMAGED", 3)
    send(queue, 1)
    for number in range(5):
        path = messages / f"0{number}.msg"
        if number == 1:
            path.mkdir()
        else:
            path.touch()
        os.utime(path, (number, number))
    assert take_all(queue) == [1]
    assert sorted(path.name for path in (messages / DAMAGED).iterdir()) == ["02.msg", "03.msg", "04.msg"]


def test_what_nobody_may_read_is_put_aside(queue, messages, caplog, monkeypatch):
    send(queue, 1)
    send(queue, 2)
    read = Path.read_bytes

    def may_not(path: Path) -> bytes:
        monkeypatch.setattr(Path, "read_bytes", read)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", may_not)  # the superuser may
    assert take_all(queue) == [2]
    assert "Permission denied" in caplog.text
    assert len(list((messages / DAMAGED).iterdir())) == 1


def test_what_can_neither_be_read_nor_put_aside_is_said_once(queue, messages, caplog, monkeypatch):
    send(queue, 1)
    (messages / "00.msg").write_bytes(b"[]")
    rename = Path.rename

    def may_not(path: Path, target: Path) -> Path:
        if path.name.startswith("00."):
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", may_not)
    assert take_all(queue) == [1]
    assert take_all(queue) == []
    assert caplog.text.count("nobody reads it any more") == 1


def test_a_file_that_is_too_large_to_be_a_message_is_not_read(queue, messages, caplog):
    with (tmp := messages.parent / "large").open("wb") as file:
        file.truncate(1024**3)
    send(queue, 1)
    tmp.rename(messages / "00.msg")
    assert take_all(queue) == [1]
    assert "it has 1073741824 bytes" in caplog.text
