from django.core.management.base import BaseCommand, CommandError

from daamweb.progress import progress_bar
from daamweb.projects.commands import add_project_argument, find_named
from generation.errors import PromptSetError
from generation.models import PromptSet
from generation.prompts.parsing import ParserNotFound
from generation.services.parses import parse_prompt_set


class Command(BaseCommand):
    help = "Find the words of a prompt set: parts of speech, lemmas, Universal Dependencies relations."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="name of the prompt set")
        parser.add_argument(
            "--parser",
            default="",
            metavar="NAME",
            help="an installed spaCy pipeline or a folder (default: the project's own)",
        )

        add_project_argument(parser)

    def handle(self, *, name: str, parser: str, project: str | None, **options):
        prompt_set = find_named(PromptSet.objects.all(), name, project=project, to_change=True)
        with progress_bar(total=prompt_set.prompts.count(), unit="prompts") as bar:
            try:
                words = parse_prompt_set(
                    prompt_set=prompt_set,
                    parser=parser,
                    tell=lambda done, total: bar.update(done - bar.n),
                )
            except (ParserNotFound, PromptSetError) as error:
                raise CommandError(str(error)) from error
        prompt_set.refresh_from_db()
        self.stdout.write(
            self.style.SUCCESS(
                f"{prompt_set.prompts.count()} prompts, {words} words, parsed by {prompt_set.parser}."
            )
        )
