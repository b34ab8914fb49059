from django.core.management.base import BaseCommand, CommandError

from annotations.errors import StudyError
from annotations.kinds.registry import KINDS
from annotations.services.studies import build_study
from daamweb.progress import progress_bar
from generation.models import GenerationRun


class Command(BaseCommand):
    help = "Build a draft study of a generation run's images."

    def add_arguments(self, parser):
        parser.add_argument("kind", choices=list(KINDS))
        parser.add_argument("--study", required=True, metavar="NAME", help="name of the new study")
        parser.add_argument(
            "--run", required=True, metavar="NAME", help="the generation run whose images are judged"
        )
        parser.add_argument("--replicas", type=int, default=3, metavar="N", help="annotators per task")
        parser.add_argument("--title", default="", help="what annotators see at the top")
        parser.add_argument(
            "--share-cap",
            type=float,
            metavar="SHARE",
            help="largest share of the items' places for one annotator",
        )
        parser.add_argument(
            "--expected-annotators",
            type=int,
            metavar="N",
            help="a study that fewer people cannot finish is not opened",
        )
        parser.add_argument(
            "--check-every", type=int, default=10, metavar="N", help="every so many tasks is an "
            "attention check"
        )  # fmt: skip
        parser.add_argument(
            "--lease-minutes", type=int, default=30, metavar="N", help="time to finish a place"
        )
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the tasks' order")
        parser.add_argument("--objects", metavar="A,B", help="object_presence: the list to tick from")
        parser.add_argument(
            "--parts-of-speech", metavar="A,B", help="attribution: only words of these, such as NOUN,ADJ"
        )
        parser.add_argument(
            "--words-per-image", type=int, metavar="N", help="attribution: at most so many words of an image"
        )
        parser.add_argument(
            "--exclude-failed-checks",
            action="store_true",
            default=None,
            help="attribution: the analysis leaves out who failed an attention check, as the paper did",
        )
        parser.add_argument(
            "--allow-unfinished", action="store_true", help="leave out images that are not finished"
        )

    def handle(
        self, *, kind, study, run, replicas, title, share_cap, expected_annotators, check_every,
        lease_minutes, seed, objects, parts_of_speech, words_per_image, exclude_failed_checks,
        allow_unfinished, **_,
    ):  # fmt: skip
        generation_run = GenerationRun.objects.filter(name=run).first()
        if generation_run is None:
            raise CommandError(f"There is no run named {run!r}.")
        options = {
            "objects": _listed(objects),
            "parts_of_speech": _listed(parts_of_speech),
            "words_per_image": words_per_image,
            "exclude_failed_checks": exclude_failed_checks,
        }
        with progress_bar(total=generation_run.generations.count(), unit="images") as bar:
            try:
                built = build_study(
                    kind=kind,
                    name=study,
                    run=generation_run,
                    title=title,
                    replicas=replicas,
                    share_cap=share_cap,
                    expected_annotators=expected_annotators,
                    check_every=check_every,
                    lease_minutes=lease_minutes,
                    seed=seed,
                    options={name: value for name, value in options.items() if value is not None},
                    allow_unfinished=allow_unfinished,
                    progress=lambda done, total: bar.update(done - bar.n),
                )
            except StudyError as error:
                raise CommandError(str(error)) from error
        for line in built.left_out:
            self.stderr.write(f"left out: {line}")
        self.stdout.write(
            self.style.SUCCESS(
                f"{built.name!r}: {built.items} tasks × {replicas} places"
                + (f" and {built.checks} checks" if built.checks else "")
                + ". Open it with open_study."
            )
        )


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [item.strip() for item in text.split(",") if item.strip()]
