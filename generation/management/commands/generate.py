import time

from django.core.management.base import BaseCommand, CommandError

from daamweb.progress import progress_bar
from generation.errors import RunError
from generation.jobs import start_run
from generation.models import Generation, GenerationRun, PromptSet
from generation.selectors import run_progress
from generation.services.checkpoints import find_or_create_checkpoint
from generation.services.runs import create_run, retry_failed


class Command(BaseCommand):
    help = (
        "Make a generation run and hand it to the workers. For a run that exists already, failed images are tried "
        "again; settings are then taken from the run."
    )

    def add_arguments(self, parser):
        parser.add_argument("--prompt-set", metavar="NAME", help="required for a new run")
        parser.add_argument("--run", required=True, metavar="NAME")
        parser.add_argument("--checkpoint", default="demo", metavar="NAME", help="a checkpoint's name, a hub id or a folder")
        parser.add_argument("--seeds", default="0", metavar="A,B", help="one image per prompt and seed (default: 0)")
        parser.add_argument("--steps", type=int, default=30, metavar="N")
        parser.add_argument("--guidance-scale", type=float, default=7.5, metavar="X")
        parser.add_argument(
            "--scheduler", default=GenerationRun.Scheduler.DPM_SOLVER, choices=GenerationRun.Scheduler.values
        )
        parser.add_argument("--batch-size", type=int, default=1, metavar="N", help="images made at once by one worker")
        parser.add_argument("--wait", action="store_true", help="wait until the workers have finished")

    def handle(self, *, run: str, wait: bool, **options):
        existing = GenerationRun.objects.filter(name=run).first()
        generation_run = self.resume(existing) if existing else self.create(name=run, **options)
        start_run(generation_run)
        self.stdout.write(f"{run!r}: {run_progress(generation_run).total} images, handed to the queue `generation`.")
        if wait:
            self.wait_for(generation_run)

    def resume(self, run: GenerationRun) -> GenerationRun:
        retried = retry_failed(run=run)
        self.stdout.write(f"{run.name!r} exists already: {retried} failed images are tried again.")
        return run

    def create(self, *, name, prompt_set, checkpoint, seeds, steps, guidance_scale, scheduler, batch_size, **_):
        found = PromptSet.objects.filter(name=prompt_set).first()
        if found is None:
            raise CommandError(f"There is no prompt set named {prompt_set!r}." if prompt_set else "--prompt-set is missing.")
        try:
            seed_list = [int(seed) for seed in seeds.split(",")]
        except ValueError as error:
            raise CommandError(f"--seeds takes whole numbers with commas between, not {seeds!r}.") from error
        try:
            return create_run(
                name=name,
                prompt_set=found,
                checkpoint=find_or_create_checkpoint(name_or_source=checkpoint),
                seeds=seed_list,
                num_inference_steps=steps,
                guidance_scale=guidance_scale,
                scheduler=scheduler,
                batch_size=batch_size,
            )
        except RunError as error:
            raise CommandError(str(error)) from error

    def wait_for(self, run: GenerationRun) -> None:
        with progress_bar(total=run_progress(run).total, unit="images") as bar:
            while not (progress := run_progress(run)).is_finished:
                bar.update(progress.finished - bar.n)
                time.sleep(1)
            bar.update(progress.finished - bar.n)
        if progress.failed:
            failed = run.generations.filter(state=Generation.State.FAILED)
            for generation in failed[:10]:
                self.stderr.write(f"{generation}: {generation.error}")
            raise CommandError(f"{progress.failed} of {progress.total} images failed; run the command again to retry.")
        self.stdout.write(self.style.SUCCESS(f"{progress.succeeded} images with heat maps."))
