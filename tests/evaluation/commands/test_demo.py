"""The demo command on the tests' tiny checkpoint, for speed; tests/browser/test_demo.py has the real one."""

import os
import socket
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Study, Task
from daamweb import runner_lock
from evaluation.management.commands import demo as command
from generation.models import Checkpoint, Generation, GenerationRun
from generation.services import checkpoints

FEWEST_IMAGES = 24


@pytest.fixture
def demo(settings, tmp_path, monkeypatch):
    """Run the command: what it printed."""
    from generation.demo.tiny import build_tiny_checkpoint

    settings.VAR_FOLDER = tmp_path
    settings.CHECKPOINT_ROOTS = [tmp_path]
    monkeypatch.setattr(command, "STEPS", 1)
    monkeypatch.setattr(checkpoints, "DEMO_SOURCE", str(build_tiny_checkpoint(tmp_path / "tiny")))

    def demo() -> str:
        out = StringIO()
        call_command("demo", port=0, stdout=out)
        return out.getvalue()

    return demo


@pytest.mark.django_db
def test_a_study_of_each_kind_is_open_and_a_second_call_keeps_both(demo):
    first = demo()
    assert dict(Study.objects.values_list("kind", "state")) == {
        "attribution": Study.State.OPEN,
        "object_presence": Study.State.OPEN,
    }
    for study in Study.objects.all():
        assert study.get_absolute_url() in first
        rated = study.tasks.filter(role=Task.Role.ITEM)
        images = set(rated.values_list("generation__image_sha256", flat=True))
        assert len(images) == len(rated) >= FEWEST_IMAGES
        assert study.left_out == []
    assert Study.objects.get(kind="attribution").tasks.filter(role=Task.Role.CHECK).count() == 2
    made = list(Generation.objects.values_list("pk", "finished_at"))
    second = demo()
    assert second.strip() == first[first.index("daamweb is starting") :].strip()
    assert list(Generation.objects.values_list("pk", "finished_at")) == made
    assert Study.objects.count() == 2


@pytest.mark.django_db
def test_images_of_another_checkpoint_are_not_taken_for_the_demos(demo):
    demo()
    Checkpoint.objects.update(source="/var/checkpoints/tiny")
    with pytest.raises(CommandError, match=r"'demo' is /var/checkpoints/tiny, not .* To begin anew, "):
        demo()
    Checkpoint.objects.update(name="random")
    GenerationRun.objects.update(checkpoint_source="/var/checkpoints/tiny")
    with pytest.raises(CommandError, match="“Demo words” was made with the checkpoint /var/checkpoints/tiny"):
        demo()
    GenerationRun.objects.filter(name="Demo words").update(name="random words")
    with pytest.raises(
        CommandError,
        match="“Demo: words and heat maps” shows the images of “random words”, not of “Demo words”",
    ):
        demo()


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


@pytest.mark.django_db
def test_a_demo_that_runs_already_is_said_and_not_that_its_port_is_taken(demo, tmp_path):
    lock = runner_lock.take(tmp_path)
    try:
        runner_lock.write(lock, os.getpid(), [])
        with pytest.raises(CommandError, match=rf"is running \(pid {os.getpid()}\): end it first"):
            demo()
    finally:
        os.close(lock)
    assert not Study.objects.exists()
