from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from daamweb.account.services import remove_second_factor


class Command(BaseCommand):
    help = (
        "Remove the second factor of somebody who has lost the device and the recovery codes. Make sure that "
        "it is them: the password is enough afterwards."
    )

    def add_arguments(self, parser):
        parser.add_argument("username")

    def handle(self, *, username: str, **options):
        user = get_user_model().objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user “{username}”. Names are in the admin, under Users.")
        if not remove_second_factor(user=user):
            raise CommandError(f"“{username}” has no second factor: the password is enough already.")
        self.stdout.write(f"The second factor of “{username}” is removed. They can set up a new one.")
