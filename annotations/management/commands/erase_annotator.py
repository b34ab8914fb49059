from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from annotations.models import Participation, Study
from annotations.services.identities import erase_person
from daamweb.projects.commands import add_project_argument, find_named


class Command(BaseCommand):
    help = "Erase what one person answered, in every study of the project, and who it is. For good."

    def add_arguments(self, parser):
        parser.add_argument("person", metavar="PSEUDONYM_OR_CODE", help="a pseudonym or a completion code")
        parser.add_argument("--study", required=True, metavar="NAME", help="a study the person took part in")
        add_project_argument(parser)

    def handle(self, *, person: str, study: str, project: str | None, **options):
        found_study = find_named(Study.objects.all(), study, project=project)
        people = Participation.objects.filter(study=found_study)
        found = people.filter(Q(pseudonym=person) | Q(completion_code=person)).first()
        if found is None:
            raise CommandError(f"Nobody with the pseudonym or completion code {person!r} is in {study!r}.")
        erased = erase_person(participation=found, by=None)
        self.stdout.write(self.style.SUCCESS(f"{erased} answers of {found.pseudonym} were erased."))
