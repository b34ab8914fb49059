import secrets
import socket
import time

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from annotations.design import StudyDesign
from annotations.models import Study
from annotations.services.openings import open_study
from annotations.services.studies import build_study
from daamweb.progress import progress_bar
from daamweb.projects.errors import ProjectError
from daamweb.projects.models import Project
from daamweb.projects.services.projects import find_or_create_only_project
from daamweb.runner_lock import StillRunningError, check_free
from generation.demo.captions import CAPTIONS
from generation.errors import RunError
from generation.models import Checkpoint, Generation, GenerationRun, PromptSet
from generation.selectors import run_progress
from generation.services.built_prompt_sets import build_cohyponyms_prompt_set, build_words_prompt_set
from generation.services.checkpoints import find_or_create_demo_checkpoint
from generation.services.imports import import_prompts
from generation.services.parses import parse_prompt_set
from generation.services.runs import create_run, retry_failed

RESEARCHER = "researcher"
WORDS_PER_PART_OF_SPEECH = 3  # the captions have ten of these
# Of the seeds from 0 to 7, the one that samples three objects as nouns: a table or a road fills the picture.
WORDS_SEED = 3
PAIRS = 24
# Those by which benchmarks/demo_objects.py measures the checkpoint; fewer steps than the site's default, so
# that the images are there sooner on a laptop without a GPU. A guidance of 3 drew as well as this one.
STEPS = 20
GUIDANCE_SCALE = 5.0
BATCH_SIZE = 4


class Command(BaseCommand):
    help = "Make a small study of each kind on the demo checkpoint, ready to rate. What is there is kept."

    def add_arguments(self, parser):
        parser.add_argument(
            "--port", type=int, default=8000, help="where the site will listen, for the printed addresses"
        )

    def handle(self, *, port: int, **options):
        self.check_alone()
        self.check_port(port)
        password = self.password()
        self.project = self.find_project()
        checkpoint = self.checkpoint()
        words = self.study(
            kind="attribution",
            name="Demo: words and heat maps",
            run=self.run_of("Demo words", self.words(), checkpoint),
            replicas=3,
        )
        objects = self.study(
            kind="object_presence",
            name="Demo: two objects",
            run=self.run_of("Demo pairs", self.pairs(), checkpoint),
            replicas=3,
        )
        site = f"http://127.0.0.1:{port}"
        self.stdout.write(
            "\n".join(
                (
                    "",
                    self.style.SUCCESS("daamweb is starting; press Ctrl+C to stop it."),
                    f"  Researcher   {site}/admin/",
                    f"               user {RESEARCHER}, password {password}",
                    f"  Annotator    {site}{words.get_absolute_url()}  (words and heat maps)",
                    f"               {site}{objects.get_absolute_url()}  (two objects)",
                    "",
                )
            )
        )

    def find_project(self) -> Project:
        """The only one; on a new site the researcher's own."""
        try:
            return find_or_create_only_project(by=get_user_model().objects.get(username=RESEARCHER))
        except ProjectError as error:
            raise CommandError(f"{error} {self.begin_anew()}") from error

    def check_alone(self) -> None:
        """Before the port: another one is no help against processes that run here already."""
        try:
            check_free(settings.VAR_FOLDER)
        except StillRunningError as error:
            raise CommandError(str(error)) from error

    def check_port(self, port: int) -> None:
        """The site starts after this command; what it would fail of is better said first."""
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except (OSError, OverflowError) as error:
                raise CommandError(
                    f"The site cannot listen on port {port}: {error}. Stop what does, or take another: "
                    "`make demo PORT=8001`."
                ) from error

    def checkpoint(self) -> Checkpoint:
        try:
            return find_or_create_demo_checkpoint()
        except RunError as error:
            raise CommandError(f"{error} {self.begin_anew()}") from error

    def begin_anew(self) -> str:
        return f"To begin anew, with an empty site, move {settings.VAR_FOLDER} away: it holds all studies."

    def words(self) -> PromptSet:
        """A few words of each part of speech, out of captions of the world that the checkpoint knows."""
        found = PromptSet.objects.filter(project=self.project, name="Demo words").first()
        if found:
            return found
        captions = PromptSet.objects.filter(project=self.project, name="Demo captions").first()
        if captions is None:
            self.stdout.write("Importing and parsing the demo's captions …")
            captions = import_prompts(
                project=self.project,
                name="Demo captions",
                content=CAPTIONS.read_bytes(),
                file_name=CAPTIONS.name,
            ).imported()
        if captions.parse_state != PromptSet.ParseState.PARSED:
            parse_prompt_set(prompt_set=captions)
        return build_words_prompt_set(
            name="Demo words",
            source=captions,
            seed=WORDS_SEED,
            per_part_of_speech=WORDS_PER_PART_OF_SPEECH,
            attention_checks=2,
        )[0]

    def pairs(self) -> PromptSet:
        found = PromptSet.objects.filter(project=self.project, name="Demo pairs").first()
        if found is None:
            found = build_cohyponyms_prompt_set(project=self.project, name="Demo pairs", count=PAIRS, seed=0)
        if found.parse_state != PromptSet.ParseState.PARSED:
            parse_prompt_set(prompt_set=found)
        return found

    def run_of(self, name: str, prompt_set: PromptSet, checkpoint: Checkpoint) -> GenerationRun:
        """A finished run. The images are made here rather than by the worker, so that the studies are ready
        when the site opens."""
        run = GenerationRun.objects.filter(project=self.project, name=name).first() or create_run(
            name=name,
            prompt_set=prompt_set,
            checkpoint=checkpoint,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE_SCALE,
            batch_size=BATCH_SIZE,
        )
        if run.checkpoint_source != checkpoint.source:
            raise CommandError(
                f"“{name}” was made with the checkpoint {run.checkpoint_source}, not with the one that comes "
                f"with the project. {self.begin_anew()}"
            )
        retry_failed(run=run)  # of a demo that was stopped or ran out of something
        progress = run_progress(run)
        if not progress.is_finished:
            self.stdout.write(f"Generating {progress.total} images for “{name}” …")
            self.generate(run)
        failed = run.generations.filter(state=Generation.State.FAILED).first()
        if failed:
            raise CommandError(
                f"An image of “{name}” failed: {failed.error} `make demo` tries it again. {self.begin_anew()}"
            )
        return run

    def generate(self, run: GenerationRun) -> None:
        from generation.execution import execute_batch  # loads torch, which a second `make demo` need not

        with progress_bar(total=run_progress(run).total, unit="images") as bar:
            while not (progress := run_progress(run)).is_finished:
                bar.update(progress.finished - bar.n)
                if not execute_batch(run):
                    # A demo that was killed holds them; they come free when its lease runs out.
                    time.sleep(1)

    def study(self, *, name: str, run: GenerationRun, **design) -> Study:
        study = Study.objects.filter(project=self.project, name=name).first() or build_study(
            design=StudyDesign(name=name, run=run, **design)
        )
        if study.run != run:
            raise CommandError(
                f"“{name}” shows the images of “{study.run}”, not of “{run}”. {self.begin_anew()}"
            )
        if study.state == Study.State.DRAFT:
            open_study(study=study)
        return study

    def password(self) -> str:
        """Drawn once, kept in a file only its owner can read, so that `make demo` can print it again."""
        file = settings.VAR_FOLDER / "demo-password.txt"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(9), encoding="utf-8")
        password = file.read_text(encoding="utf-8")
        if not get_user_model().objects.filter(username=RESEARCHER).exists():
            get_user_model().objects.create_superuser(username=RESEARCHER, password=password)
        return password
