"""The broker of files: nothing is lost, nothing comes twice, and what is deleted is made anew."""

import json
import logging
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from kombu.exceptions import ChannelError, OperationalError

from tests.broker.folders import HEADERS, connect, send, take_all
from tests.sources import TOP


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
from tests.broker.folders import connect, send, take_all
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
