from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from generation.management.commands import generate as command
from generation.models import Checkpoint, Generation, GenerationRun, PromptSet
from generation.services.generations import claim_generations
from tests.factories import DOG, main_project, make_prompt_set, make_run
from tests.generation.checkpoint_folders import make_checkpoint

pytestmark = pytest.mark.django_db
State = Generation.State


@pytest.fixture
def checkpoint() -> Checkpoint:
    return Checkpoint.objects.create(name="sd", source="owner/stable")


@pytest.fixture
def generate(pokes, django_capture_on_commit_callbacks):
    """Run the command: what was printed, and on stderr."""

    def generate(*arguments: str) -> tuple[str, str]:
        out, err = StringIO(), StringIO()
        with django_capture_on_commit_callbacks(execute=True):
            call_command("generate", *arguments, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    return generate


@pytest.fixture
def clock(monkeypatch):
    """A clock that only sleeping moves; `clock.during` is called in every nap, with the seconds so far."""

    class Clock:
        seconds = 0.0
        during = staticmethod(lambda seconds: None)

        def monotonic(self) -> float:
            return self.seconds

        def sleep(self, seconds: float) -> None:
            self.seconds += seconds
            assert self.seconds < 10_000, "the command waits for ever"
            self.during(self.seconds)

    clock = Clock()
    monkeypatch.setattr(command, "time", clock)
    return clock


def finish(generations) -> None:
    generations.update(
        state=State.DONE,
        image="a.png",
        heat_maps="a.npz",
        finished_at=timezone.now(),
        claim=None,
        lease_expires_at=None,
    )


# --- Making a run ------------------------------------------------------------------------------------------


def test_run_is_made_with_its_settings_and_handed_to_workers(generate, pokes, checkpoint):
    prompt_set = make_prompt_set([DOG] * 3)
    printed, _ = generate(
        "--prompt-set", prompt_set.name, "--run", "run", "--checkpoint", "sd", "--seeds", "0,4",
        "--steps", "12", "--guidance-scale", "3.5", "--scheduler", "ddim", "--batch-size", "2",
    )  # fmt: skip
    run = GenerationRun.objects.get()
    assert (run.name, run.prompt_set, run.checkpoint) == ("run", prompt_set, checkpoint)
    assert (run.seeds, run.num_inference_steps, run.guidance_scale, run.scheduler, run.batch_size) == (
        [0, 4], 12, 3.5, "ddim", 2,
    )  # fmt: skip
    assert printed == "'run': 6 images, handed to the queue `generation`.\n"
    assert pokes == [("generation.jobs.generate_batch", (run.pk,))] * 3


def test_defaults_are_the_papers(generate, checkpoint):
    generate("--prompt-set", make_prompt_set().name, "--run", "run", "--checkpoint", "sd")
    run = GenerationRun.objects.get()
    assert (run.seeds, run.num_inference_steps, run.guidance_scale, run.scheduler, run.batch_size) == (
        [0], 30, 7.5, "dpm-solver++", 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("option", "seeds"), [("--vary-seeds", [0, 1]), ("--same-seeds", [0, 0])], ids=["varied", "same"]
)
def test_seeds_of_the_prompts_are_varied_or_not_as_asked_for(generate, checkpoint, option, seeds):
    prompt_set = make_prompt_set([DOG] * 2)
    generate("--prompt-set", prompt_set.name, "--run", "run", "--checkpoint", "sd", option)
    generations = GenerationRun.objects.get().generations.order_by("prompt__position")
    assert list(generations.values_list("seed", flat=True)) == seeds


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "--prompt-set is needed"),
        (["--prompt-set", "other"], "There is no prompt set named 'other'."),
        (["--prompt-set", "empty"], "'empty' has no prompts"),
        (["--prompt-set", "set", "--checkpoint", "newest"], "no checkpoint named 'newest' (known: sd)"),
        (["--prompt-set", "set", "--checkpoint", "/etc"], "'/etc' is neither the id of a hub repository"),
        (["--prompt-set", "set", "--checkpoint", "../a/b"], "'../a/b' is neither the id of a hub repository"),
        (["--prompt-set", "set", "--checkpoint", "x" * 10_000], "one line of text"),
        (["--prompt-set", "set", "--seeds", "one"], "--seeds takes whole numbers"),
        (["--prompt-set", "set", "--seeds", "1,1"], "each only once"),
        (["--prompt-set", "set", "--seeds", "-1"], "Seeds are whole numbers"),
        (["--prompt-set", "set", "--vary-seeds", "--same-seeds"], "not allowed with argument"),
        (["--prompt-set", "set", "--steps", "0"], "Num inference steps: "),
        (["--prompt-set", "set", "--guidance-scale", "nan"], "guidance scale has to be a number"),
        (["--prompt-set", "set", "--batch-size", "0"], "Batch size: "),
        (["--prompt-set", "set", "--scheduler", "newest"], "invalid choice: 'newest'"),
    ],
)
def test_what_cannot_be_run_is_one_clear_line_and_leaves_nothing(
    generate, pokes, checkpoint, arguments, reason
):
    make_prompt_set()
    PromptSet.objects.update(name="set")
    PromptSet.objects.create(project=main_project(), name="empty", origin="text")
    with pytest.raises(CommandError) as error:
        generate("--run", "run", "--checkpoint", "owner/new", *arguments)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert not GenerationRun.objects.exists()
    assert Checkpoint.objects.get() == checkpoint
    assert pokes == []


def test_folder_below_a_root_is_taken(generate, root):
    folder = make_checkpoint(root / "weights")
    generate("--prompt-set", make_prompt_set().name, "--run", "run", "--checkpoint", str(folder))
    assert GenerationRun.objects.get().checkpoint_source == str(folder)


# --- A run that exists -------------------------------------------------------------------------------------


def test_failed_images_of_an_existing_run_are_tried_again(generate, pokes):
    run = make_run(make_prompt_set([DOG] * 2), finished=False)
    run.generations.fail_claimable("boom")
    printed, _ = generate("--run", run.name)
    assert f"'{run.name}' exists already: 2 failed or cancelled images are tried again." in printed
    assert set(run.generations.values_list("state", flat=True)) == {State.QUEUED}
    assert pokes == [("generation.jobs.generate_batch", (run.pk,))] * 2


def test_same_settings_may_be_said_again(generate):
    run = make_run(finished=False)
    generate(
        "--run", run.name, "--prompt-set", run.prompt_set.name, "--checkpoint", run.checkpoint.name,
        "--seeds", "0", "--steps", "30", "--guidance-scale", "7.5", "--batch-size", "1",
    )  # fmt: skip
    assert GenerationRun.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--steps", "50"], "num_inference_steps 30, not 50"),
        (["--seeds", "0,1"], r"seeds [0], not [0, 1]"),
        (["--vary-seeds"], "vary_seeds False, not True"),
        (["--checkpoint", "other"], "the checkpoint 'checkpoint', not 'other'"),
        (["--prompt-set", "other"], "the prompt set 'set', not 'other'"),
    ],
)
def test_other_settings_for_an_existing_run_are_refused(generate, pokes, arguments, reason):
    run = make_run(make_prompt_set(), finished=False)
    PromptSet.objects.update(name="set")
    GenerationRun.objects.update(checkpoint_name="checkpoint")
    run.generations.fail_claimable("boom")
    with pytest.raises(CommandError) as error:
        generate("--run", run.name, *arguments)
    assert reason in str(error.value)
    assert run.generations.get().state == State.FAILED
    assert pokes == []


# --- Waiting -----------------------------------------------------------------------------------------------


def test_waiting_ends_when_everything_is_made(generate, clock):
    run = make_run(make_prompt_set([DOG] * 2), finished=False)

    def work(seconds: float) -> None:
        if seconds in (3, 6):
            finish(Generation.objects.filter(pk=run.generations.filter(state=State.QUEUED).first().pk))

    clock.during = work
    printed, errors = generate("--run", run.name, "--wait")
    assert printed.endswith("2 images with heat maps.\n")
    assert errors == ""
    assert clock.seconds == 6


def test_waiting_for_failed_images_names_them_and_fails(generate, clock):
    run = make_run(make_prompt_set([DOG] * 15), finished=False)

    def fail(seconds: float) -> None:
        run.generations.filter(state=State.QUEUED).fail_claimable("out of memory")

    clock.during = fail
    err = StringIO()
    with pytest.raises(CommandError, match="15 of 15 images failed; run the command again to retry"):
        call_command("generate", "--run", run.name, "--wait", stdout=StringIO(), stderr=err)
    lines = err.getvalue().splitlines()
    assert lines[0] == f"{DOG[0]} · seed 0: out of memory"
    assert lines[10:] == ["… and 5 more."]


def test_after_a_minute_without_progress_a_missing_worker_is_told_once(generate, clock):
    run = make_run(finished=False)

    def come_at_last(seconds: float) -> None:
        if seconds == 300:
            finish(run.generations)

    clock.during = come_at_last
    _, errors = generate("--run", run.name, "--wait")
    assert errors.count("no worker seems to listen on the queue `generation`") == 1
    assert "Nothing has happened for 60 seconds" in errors
    assert "celery -A daamweb worker --queues generation" in errors


def test_missing_worker_is_told_again_after_it_had_come_and_gone(generate, clock):
    run = make_run(make_prompt_set([DOG] * 2), finished=False)
    first, second = run.generations.order_by("pk")

    def come_twice(seconds: float) -> None:
        if seconds == 100:
            finish(Generation.objects.filter(pk=first.pk))
        if seconds == 200:
            finish(Generation.objects.filter(pk=second.pk))

    clock.during = come_twice
    _, errors = generate("--run", run.name, "--wait")
    assert errors.count("no worker seems to listen") == 2


def test_slow_worker_is_not_taken_for_a_missing_one(generate, clock):
    """One image may take long; the worker reports, so its lease lasts."""
    run = make_run(finished=False)
    claim_generations(run=run, limit=1)

    def finish_late(seconds: float) -> None:
        if seconds == 500:
            finish(run.generations)

    clock.during = finish_late
    _, errors = generate("--run", run.name, "--wait")
    assert errors == ""


def test_dead_worker_is_told_like_a_missing_one(generate, clock):
    run = make_run(finished=False)
    claim_generations(run=run, limit=1)
    run.generations.update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    def finish_late(seconds: float) -> None:
        if seconds == 100:
            finish(run.generations)

    clock.during = finish_late
    _, errors = generate("--run", run.name, "--wait")
    assert "no worker seems to listen" in errors
