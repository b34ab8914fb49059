from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.management.base import BaseCommand, CommandError

from annotations.design import ACCESS_FIELDS, LANGUAGE_FIELDS, StudyDesign
from annotations.errors import StudyError
from annotations.forms import access_fields, language_fields
from annotations.kinds.registry import KINDS
from annotations.services.studies import build_study
from daamweb.fields import ListField, TagField
from daamweb.progress import progress_bar
from daamweb.projects.commands import add_project_argument, find_named
from generation.models import GenerationRun


class Command(BaseCommand):
    help = "Build a draft study of a generation run's images."

    def add_arguments(self, parser):
        parser.add_argument("kind", choices=list(KINDS))
        parser.add_argument("--study", required=True, metavar="NAME", help="name of the new study")
        parser.add_argument(
            "--run", required=True, metavar="NAME", help="the generation run whose images are judged"
        )
        add_project_argument(parser)
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
            "--check-every",
            type=int,
            default=10,
            metavar="N",
            help="every so many tasks is an attention check",
        )
        parser.add_argument(
            "--lease-minutes", type=int, default=30, metavar="N", help="time to finish a place"
        )
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the tasks' order")
        parser.add_argument(
            "--allow-unfinished", action="store_true", help="leave out images that are not finished"
        )
        for name, field in (access_fields() | language_fields()).items():
            self._add_option(parser, name, field, text="TEXT", help=str(field.help_text))
        parser.add_argument(
            "--languages",
            default="",
            metavar="A,B",
            help="other languages that annotators may choose, of those that the kind speaks",
        )
        for name, (field, kinds) in _options().items():
            help_text = f"{', '.join(kinds)}: {field.help_text}"
            self._add_option(parser, name, field, text="A,B", help=help_text)

    def _add_option(self, parser, name: str, field: forms.Field, *, text: str, help: str) -> None:
        """What the form says of it."""
        settings: dict[str, Any] = {"help": help.replace("%", "%%"), "dest": name, "default": None}
        if isinstance(field, forms.BooleanField):
            settings["action"] = "store_true"
        elif isinstance(field, forms.ChoiceField):
            choices = cast(Iterable[tuple[str, str]], field.choices)
            settings["choices"] = [value for value, _ in choices]
        elif isinstance(field, forms.FloatField):
            settings |= {"metavar": "X", "type": float}
        elif isinstance(field, forms.IntegerField):
            settings |= {"metavar": "N", "type": int}
        elif isinstance(field, TagField):
            settings |= {"metavar": "TAG", "type": str.lower}
        else:
            settings["metavar"] = text
        parser.add_argument(f"--{name.replace('_', '-')}", **settings)

    def handle(self, *, kind: str, study: str, run: str, project: str | None, languages: str, **given):
        generation_run = find_named(GenerationRun.objects.select_related("project"), run, project=project)
        options = {name: given[name] for name in _options() if given[name] is not None}
        common = (
            "replicas", "title", "share_cap", "expected_annotators", "check_every", "lease_minutes", "seed",
            "allow_unfinished",
        )  # fmt: skip
        design = StudyDesign(
            kind=kind,
            name=study,
            run=generation_run,
            languages=ListField().to_python(languages.lower()),
            options=options,
            **{name: given[name] for name in common},
            **{name: given[name] for name in (*ACCESS_FIELDS, *LANGUAGE_FIELDS) if given[name] is not None},
        )
        with progress_bar(total=generation_run.generations.count(), unit="images") as bar:
            try:
                built = build_study(design=design, progress=lambda done, total: bar.update(done - bar.n))
            except StudyError as error:
                raise CommandError(str(error)) from error
        for line in built.left_out:
            self.stderr.write(f"left out: {line}")
        self.stdout.write(
            self.style.SUCCESS(
                f"{built.name!r}: {built.items} tasks × {built.replicas} places"
                + (f" and {built.checks} checks" if built.checks else "")
                + ". Open it with open_study."
            )
        )


def _options() -> dict[str, tuple[forms.Field, list[str]]]:
    """Every kind's options: name → (field, the kinds that have it)."""
    found: dict[str, tuple[forms.Field, list[str]]] = {}
    for kind in KINDS.values():
        for name, field in kind.options_form.base_fields.items():
            found.setdefault(name, (field, []))[1].append(kind.key)
    return found
