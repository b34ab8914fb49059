"""What the processes of test_contest.py do, by `manage.py shell`: two want the same thing at once."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

from django.contrib.auth.models import User
from django.db import connection

from daamweb.projects.errors import ProjectError
from daamweb.projects.models import Event, Membership, Project, Role
from daamweb.projects.services.invitations import accept_invitation, invite
from daamweb.projects.services.memberships import add_member, change_member, remove_member
from daamweb.projects.services.projects import find_or_create_only_project

ROUNDS = 10


def both(*acts: Callable[[], object]) -> list[str]:
    """At the same moment, each over a connection of its own; what came of each."""
    together = Barrier(len(acts))

    def carry_out(act: Callable[[], object]) -> str:
        with closing(connection):
            together.wait(timeout=60)
            try:
                act()
            except ProjectError as error:
                return str(error)
            return "done"

    with ThreadPoolExecutor(len(acts)) as threads:
        return sorted(threads.map(carry_out, acts))


def make_owners() -> list[Membership]:
    project = Project.objects.create(name=f"project {Project.objects.count()}")
    users = [User.objects.create(username=f"{project.name}, {name}") for name in ("ann", "bert")]
    return [add_member(project=project, user=user, role=Role.OWNER, by=None) for user in users]


def leave() -> None:
    """Both owners leave; print what came of it, and how many owners there are."""
    print(json.dumps([_leave() for _ in range(ROUNDS)]))


def _leave() -> list:
    first, second = make_owners()
    came = both(
        lambda: remove_member(membership=first, by=first.user),
        lambda: change_member(membership=second, role=Role.OBSERVER, may_spend=False, by=None),
    )
    return [came, first.project.memberships.filter(role=Role.OWNER).count()]


def accept() -> None:
    """Two people follow one link; print what came of it, how many got in, how often it is written down."""
    print(json.dumps([_accept() for _ in range(ROUNDS)]))


def _accept() -> list:
    owner, _ = make_owners()
    invitation, _ = invite(project=owner.project, role=Role.OBSERVER, by=owner.user)
    users = [User.objects.create(username=f"{owner.project}, {name}") for name in ("carl", "dora")]
    came = both(*(lambda user=user: accept_invitation(invitation=invitation, user=user) for user in users))
    joined = Event.objects.filter(project=owner.project, action="joined", details__role=Role.OBSERVER)
    return [came, Membership.objects.filter(user__in=users).count(), joined.count()]


def begin() -> None:
    """Two make the first thing on a new site; print what came of it, and the projects that there are."""
    came = both(find_or_create_only_project, find_or_create_only_project)
    print(json.dumps([came, list(Project.objects.values_list("name", flat=True))]))
