"""The broker of files: nothing is lost, nothing comes twice, nothing that lies there ends a worker."""

import json
import logging
import os
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from kombu import Connection, Consumer
from kombu.exceptions import ChannelError, OperationalError
from kombu.transport import filesystem
from kombu.transport.virtual import BrokerState

from daamweb.broker import DAMAGED
from daamweb.message_files import LEFT_OVER_SECONDS
from daamweb.messages import read_message
from tests.sources import TOP

HEADERS = {"task": "sweep", "id": "a", "timelimit": [None, None], "retries": 0}
JOB = "daamweb.account.jobs.sweep_sessions"


def written(headers: dict, body: object) -> bytes:
    """A message that is sound but for these."""
    return json.dumps({
        "body": b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": {
            "delivery_tag": "a",
            "delivery_info": {"exchange": "", "routing_key": "default"},
            "body_encoding": "base64",
        },
    }).encode()  # fmt: skip


DAMAGE = {
    "empty": b"",
    "cut off": b'{"body": "W10=", "headers": {}, "prop',
    "an empty object": b"{}",
    "an empty list": b"[]",
    "random": bytes(range(128, 256)),
    # What Celery would take for a task, and raise what nobody catches.
    "a task of protocol 1": written({}, {"task": JOB, "args": [], "kwargs": {}}),
    "a task that is a list": written({}, {"task": []}),
    "stamps that are lists": written(
        HEADERS | {"task": JOB, "expires": "2999-01-01T00:00:00+00:00", "stamped_headers": [[1]]},
        [[], {}, {}],
    ),
}


def connect(folder: Path) -> Connection:
    return Connection(
        "filesystem://localhost",
        transport="daamweb.broker:Transport",
        transport_options={
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.01,
        },
    )


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


def send(queue, number: int, **headers) -> None:
    """As Celery sends a task with one argument."""
    queue.put([[number], {}, {}], headers=HEADERS | headers)


def take_all(queue) -> list[int]:
    taken = []
    while True:
        try:
            message = queue.get(timeout=0.1)
        except queue.Empty:
            return taken
        message.ack()
        taken.append(message.payload[0][0])


def test_messages_come_once_and_in_order(queue, messages):
    for number in range(50):
        send(queue, number)
    assert take_all(queue) == list(range(50))
    assert list(messages.iterdir()) == []


def test_a_message_that_was_not_acknowledged_comes_again(tmp_path, queue):
    send(queue, 1)
    with connect(tmp_path) as other:
        other.SimpleQueue("default").get(timeout=1)
    assert take_all(queue) == [1]


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


def test_what_is_over_is_thrown_away_unread(queue, messages):
    send(queue, 1, expires="2020-01-01T00:00:00+00:00")
    send(queue, 2, expires="2999-01-01T00:00:00+00:00")
    queue.put({"method": "shutdown"}, headers={"expires": time.time() - 1})
    assert take_all(queue) == [2]
    assert list(messages.iterdir()) == []


def test_tasks_that_were_over_are_counted_in_one_line(queue, caplog):
    for number in range(3):
        send(queue, number, expires="2020-01-01T00:00:00+00:00")
    queue.put({"method": "ping"}, headers={"expires": time.time() - 1})
    send(queue, 3)
    assert take_all(queue) == [3]
    [record] = [each for each in caplog.records if each.name == "daamweb.broker"]
    assert record.levelno == logging.WARNING
    assert "Nobody took these in time; they are thrown away unread: {'sweep': 3}" in record.getMessage()


def test_a_folder_that_was_deleted_is_made_anew(queue, messages):
    send(queue, 1)
    for path in messages.iterdir():
        path.unlink()
    messages.rmdir()
    assert take_all(queue) == []
    send(queue, 2)
    assert take_all(queue) == [2]


def test_what_this_process_bound_is_bound_again_after_everything_was_deleted(tmp_path, queue):
    send(queue, 1)
    [table] = (tmp_path / "control").glob("*.exchange")
    bound = table.read_text()
    for folder in ("messages", "control"):
        shutil.rmtree(tmp_path / folder)
    assert take_all(queue) == []
    assert table.read_text() == bound


def test_the_queue_of_an_answer_leaves_no_folder(tmp_path):
    with connect(tmp_path) as connection:
        channel = connection.channel()
        channel.queue_declare("answers")
        channel.exchange_declare("reply")
        channel.queue_bind("answers", exchange="reply", routing_key="a")
        channel._put("answers", {})
        channel.queue_delete("answers")
    assert not (tmp_path / "messages" / "answers").exists()


def test_where_nothing_can_be_written_the_sender_is_told_and_no_part_is_left(queue, messages, monkeypatch):
    send(queue, 1)

    def full(self, *args, **kwargs):
        self.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises((ChannelError, OperationalError), match="No space left"):
            send(queue, 2)
    assert len(list(messages.iterdir())) == 1
    assert take_all(queue) == [1]


@pytest.fixture
def change_times(monkeypatch) -> dict[str, float]:
    """Seconds by which a file's last change is moved: nobody may set it."""
    moved: dict[str, float] = {}
    lstat = Path.lstat

    def moved_lstat(path: Path) -> os.stat_result | SimpleNamespace:
        found = lstat(path)
        if path.name not in moved:
            return found
        return SimpleNamespace(st_mode=found.st_mode, st_ctime=found.st_ctime + moved[path.name])

    monkeypatch.setattr(Path, "lstat", moved_lstat)
    return moved


def test_what_a_killed_process_left_is_removed_an_hour_later(tmp_path, queue, messages, change_times):
    send(queue, 1)
    old, young = messages / "a.part", messages / "b.taken"
    for path in (old, young):
        path.touch()
    change_times["a.part"] = -LEFT_OVER_SECONDS - 60
    with connect(tmp_path) as other:
        other.channel()
    assert (old.exists(), young.exists()) == (False, True)
    assert take_all(queue) == [1]


def test_a_message_that_waited_long_and_is_being_taken_is_left_alone(tmp_path, queue, messages):
    """A rename keeps the time at which it was written."""
    send(queue, 1)
    [path] = messages.glob("*.msg")
    os.utime(path, (0, 0))
    taken = path.rename(path.with_suffix(".taken"))
    with connect(tmp_path) as other:
        other.channel()
    assert taken.exists()


@pytest.mark.parametrize("days", [-1, 1, 400])
def test_a_wrong_clock_of_this_process_takes_nobodys_message_away(
    tmp_path, queue, messages, monkeypatch, days
):
    send(queue, 1)
    now = time.time() + 24 * 3600 * days
    monkeypatch.setattr(time, "time", lambda: now)
    [path] = messages.glob("*.msg")
    taken = path.rename(path.with_suffix(".taken"))
    with connect(tmp_path) as other:
        other.channel()
    assert taken.exists()


def test_what_was_bound_is_written_anew_where_it_cannot_be_read(tmp_path, caplog):
    with connect(tmp_path) as connection:
        connection.SimpleQueue("default").put([[1], {}, {}], headers=HEADERS)
        [table] = (tmp_path / "control").glob("*.exchange")
        channel = connection.channel()
        for number, content in enumerate((b"", b"[[", b'{"a": 1}', b"[1]")):
            table.write_bytes(content)
            channel.queue_bind(f"queue {number}", exchange=table.stem, routing_key="default")
            assert [entry.queue for entry in channel.get_table(table.stem)] == [f"queue {number}"]
    assert "is written anew" in caplog.text


PROGRAM = """
import json, sys
from pathlib import Path
from tests.test_broker import connect, send, take_all
folder, act, number, many = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with connect(folder) as connection:
    queue = connection.SimpleQueue("default")
    if act == "send":
        for each in range(many):
            send(queue, number * many + each)
        print("[]")
    else:
        taken = []
        while len(now := take_all(queue)) or not (folder / "sent").exists():
            taken += now
        print(json.dumps(taken))
"""


def test_several_processes_send_and_take_each_message_once(tmp_path):
    many, senders = 1000, 2

    def start(act: str, number: int) -> subprocess.Popen:
        command = [sys.executable, "-c", PROGRAM, str(tmp_path), act, str(number), str(many)]
        return subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True)

    takers = [start("take", number) for number in range(3)]
    for sender in [start("send", number) for number in range(senders)]:
        assert sender.wait(timeout=120) == 0
    (tmp_path / "sent").touch()
    taken = Counter()
    for taker in takers:
        out, _ = taker.communicate(timeout=120)
        assert taker.returncode == 0
        taken.update(json.loads(out))
    assert taken == Counter(range(senders * many))
