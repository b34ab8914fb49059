"""What the pages of projects do, for scripts."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from daamweb.projects.commands import add_project_argument, named_project, project_to_work_in
from daamweb.projects.errors import ProjectError
from daamweb.projects.jobs import start_erasure
from daamweb.projects.models import Membership, Role
from daamweb.projects.selectors import only_project
from daamweb.projects.services.memberships import add_member, change_member, remove_member
from daamweb.projects.services.projects import (
    archive_project,
    create_project,
    rename_project,
    restore_project,
)


class Command(BaseCommand):
    help = "Make, rename, archive, restore and erase projects; say who is in them."

    def add_arguments(self, parser):
        acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
        create = acts.add_parser("create", help="make a project")
        create.add_argument("name", metavar="NAME")
        create.add_argument("--owner", metavar="USER", help="without one, superusers see to it")
        rename = acts.add_parser("rename", help="give a project another name")
        rename.add_argument("name", metavar="NAME")
        rename.add_argument("new_name", metavar="NEW_NAME")
        for act, meaning in (
            ("archive", "let it be looked at only"),
            ("restore", "let it be worked in again"),
        ):
            acts.add_parser(act, help=meaning).add_argument("name", metavar="NAME")
        erase = acts.add_parser("erase", help="delete an archived project for good; a worker does it")
        erase.add_argument("name", metavar="NAME")
        erase.add_argument("--yes", required=True, metavar="NAME", help="its name once more")
        members = acts.add_parser("members", help="list who is in a project")
        add_project_argument(members)
        member = acts.add_parser("member", help="take somebody in, or change the role")
        member.add_argument("user", metavar="USER")
        member.add_argument("--role", required=True, choices=Role.values)
        member.add_argument("--may-spend", action="store_true", help="may have annotators paid")
        add_project_argument(member)
        remove = acts.add_parser("remove", help="take somebody out")
        remove.add_argument("user", metavar="USER")
        add_project_argument(remove)

    def handle(self, *, act: str, **options: Any):
        acts: dict[str, Callable[..., str]] = {
            "create": self.create,
            "rename": self.rename,
            "archive": self.archive,
            "restore": self.restore,
            "erase": self.erase,
            "members": self.members,
            "member": self.member,
            "remove": self.remove,
        }
        try:
            self.stdout.write(self.style.SUCCESS(acts[act](**options)))
        except ProjectError as error:
            raise CommandError(str(error)) from error

    def create(self, *, name: str, owner: str | None, **_: Any) -> str:
        made = create_project(name=name, owner=_user(owner) if owner else None)
        return f"{made.name!r} was made."

    def rename(self, *, name: str, new_name: str, **_: Any) -> str:
        rename_project(project=named_project(name), name=new_name, by=None)
        return f"{name!r} is named {new_name!r} now."

    def archive(self, *, name: str, **_: Any) -> str:
        archive_project(project=named_project(name), by=None)
        return f"{name!r} is archived."

    def restore(self, *, name: str, **_: Any) -> str:
        restore_project(project=named_project(name), by=None)
        return f"{name!r} can be worked in again."

    def erase(self, *, name: str, yes: str, **_: Any) -> str:
        start_erasure(subject=named_project(name), typed_name=yes, by=None)
        return f"A worker is erasing {name!r}."

    def members(self, *, project: str | None, **_: Any) -> str:
        found = only_project() if project is None else named_project(project)
        if found is None:
            return "There is no project yet."
        rows = found.memberships.select_related("user")
        lines = [
            f"{each.user.get_username()}: {each.role}{', may spend' if each.may_spend else ''}"
            for each in rows
        ]
        return "\n".join(lines) or f"Nobody is in {found.name!r} yet."

    def member(self, *, user: str, role: str, may_spend: bool, project: str | None, **_: Any) -> str:
        within, person = project_to_work_in(project), _user(user)
        membership = Membership.objects.filter(project=within, user=person).first()
        if membership is None:
            add_member(project=within, user=person, role=role, may_spend=may_spend, by=None)
        else:
            change_member(membership=membership, role=role, may_spend=may_spend, by=None)
        return f"{user} is {role} of {within.name!r}."

    def remove(self, *, user: str, project: str | None, **_: Any) -> str:
        within = project_to_work_in(project)
        membership = Membership.objects.filter(project=within, user=_user(user)).first()
        if membership is None:
            raise CommandError(f"{user!r} is not in {within.name!r}.")
        remove_member(membership=membership, by=None)
        return f"{user} is not in {within.name!r} any more."


def _user(name: str) -> User:
    found = User.objects.filter(username=name).first()
    if found is None:
        raise CommandError(f"There is no user named {name!r}.")
    return found
