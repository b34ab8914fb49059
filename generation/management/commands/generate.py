import time

from django.core.management.base import BaseCommand, CommandError

from daamweb.progress import progress_bar
from daamweb.projects.commands import add_project_argument, find_named, project_to_work_in
from daamweb.projects.models import Project
from generation.errors import RunError
from generation.jobs import start_run
from generation.models import Generation, GenerationRun, PromptSet
from generation.selectors import is_worked_on, run_progress
from generation.services.checkpoints import DEMO
from generation.services.runs import create_run_by_source, retry_failed

# After this many seconds without progress, and no worker at it, --wait says so.
PATIENCE = 60
MAX_LISTED_ERRORS = 10


class Command(BaseCommand):
    help = (
        "Make a generation run and hand it to the workers. For a run that exists already, failed images "
        "are tried again; its settings cannot be changed."
    )

    def add_arguments(self, parser):
        parser.add_argument("--prompt-set", metavar="NAME", help="required for a new run")
        parser.add_argument("--run", required=True, metavar="NAME")
        add_project_argument(parser)
        parser.add_argument(
            "--checkpoint",
            metavar="NAME",
            help=f"a checkpoint's name, a hub id or a folder (default: {DEMO})",
        )
        parser.add_argument("--seeds", metavar="A,B", help="one image per prompt and seed (default: 0)")
        seeds = parser.add_mutually_exclusive_group()
        seeds.add_argument(
            "--vary-seeds",
            action="store_const",
            const=True,
            help="seeds of its own for every prompt (default if the set repeats a prompt)",
        )
        seeds.add_argument(
            "--same-seeds",
            action="store_const",
            const=False,
            dest="vary_seeds",
            help="the same seeds for every prompt (default otherwise)",
        )
        parser.add_argument("--steps", type=int, metavar="N", help="default: 30")
        parser.add_argument("--guidance-scale", type=float, metavar="X", help="default: 7.5")
        parser.add_argument(
            "--scheduler",
            choices=GenerationRun.Scheduler.values,
            help=f"default: {GenerationRun.Scheduler.DPM_SOLVER.value}",
        )
        parser.add_argument(
            "--batch-size", type=int, metavar="N", help="images made at once by one worker (default: 1)"
        )
        parser.add_argument("--wait", action="store_true", help="wait until the workers have finished")

    def handle(
        self,
        *,
        run,
        project,
        wait,
        prompt_set,
        checkpoint,
        seeds,
        vary_seeds,
        steps,
        guidance_scale,
        scheduler,
        batch_size,
        **_,
    ):
        settings = {
            "seeds": _seed_list(seeds),
            "vary_seeds": vary_seeds,
            "num_inference_steps": steps,
            "guidance_scale": guidance_scale,
            "scheduler": scheduler,
            "batch_size": batch_size,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        within = project_to_work_in(project)
        runs = GenerationRun.objects.select_related("prompt_set").filter(project=within)
        existing = runs.filter(name=run).first()
        if existing:
            generation_run = self.resume(existing, prompt_set, checkpoint, given)
        else:
            generation_run = self.create(within, run, prompt_set, checkpoint, given)
        start_run(generation_run)
        self.stdout.write(
            f"{run!r}: {run_progress(generation_run).total} images, handed to the queue `generation`."
        )
        if wait:
            self.wait_for(generation_run)

    def resume(
        self, run: GenerationRun, prompt_set: str | None, checkpoint: str | None, given: dict
    ) -> GenerationRun:
        differences = [
            f"{name} {getattr(run, name)}, not {value}"
            for name, value in given.items()
            if getattr(run, name) != value
        ]
        if prompt_set not in (None, run.prompt_set.name):
            differences.append(f"the prompt set {run.prompt_set.name!r}, not {prompt_set!r}")
        if checkpoint not in (None, run.checkpoint_name, run.checkpoint_source):
            differences.append(f"the checkpoint {run.checkpoint_name!r}, not {checkpoint!r}")
        if differences:
            raise CommandError(
                f"The run {run.name!r} exists already, with {'; '.join(differences)}. Choose another name."
            )
        try:
            retried = retry_failed(run=run)
        except RunError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{run.name!r} exists already: {retried} failed or cancelled images are tried again."
        )
        return run

    def create(
        self, project: Project, name: str, prompt_set: str | None, checkpoint: str | None, given: dict
    ) -> GenerationRun:
        if prompt_set is None:
            raise CommandError(f"There is no run named {name!r} yet; --prompt-set is needed to make it.")
        found = find_named(PromptSet.objects.all(), prompt_set, project=project.name)
        try:
            return create_run_by_source(name=name, prompt_set=found, checkpoint=checkpoint or DEMO, **given)
        except RunError as error:
            raise CommandError(str(error)) from error

    def wait_for(self, run: GenerationRun) -> None:
        last_progress, changed_at, warned = None, time.monotonic(), False
        with progress_bar(total=run_progress(run).total, unit="images") as bar:
            while not (progress := run_progress(run)).is_finished:
                bar.update(progress.finished - bar.n)
                if progress != last_progress or is_worked_on(run):
                    last_progress, changed_at, warned = progress, time.monotonic(), False
                elif not warned and time.monotonic() - changed_at >= PATIENCE:
                    self.stderr.write(
                        f"Nothing has happened for {PATIENCE} seconds: no worker seems to listen on the "
                        "queue `generation`. Start one: celery -A daamweb worker --queues generation"
                    )
                    warned = True
                time.sleep(1)
            bar.update(progress.finished - bar.n)
        if progress.failed:
            failed = run.generations.select_related("prompt").filter(state=Generation.State.FAILED)
            for generation in failed[:MAX_LISTED_ERRORS]:
                self.stderr.write(f"{generation}: {generation.error}")
            if progress.failed > MAX_LISTED_ERRORS:
                self.stderr.write(f"… and {progress.failed - MAX_LISTED_ERRORS} more.")
            raise CommandError(
                f"{progress.failed} of {progress.total} images failed; run the command again to retry."
            )
        self.stdout.write(self.style.SUCCESS(f"{progress.done} images with heat maps."))


def _seed_list(seeds: str | None) -> list[int] | None:
    if seeds is None:
        return None
    try:
        return [int(seed) for seed in seeds.split(",")]
    except ValueError as error:
        raise CommandError(f"--seeds takes whole numbers with commas between, not {seeds!r}.") from error
