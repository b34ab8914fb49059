"""What the site itself stores about those who work on it."""

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session

from daamweb.projects.models import Erasure, Event, Invitation, Membership, Project
from daamweb.projects.stored import Stored, say_nothing_of_anybody, say_stored


def _members(project: Project) -> int:
    return project.memberships.count()


def say_what_is_stored() -> None:
    say_stored(
        Stored(
            about="Members",
            what="User name, hash of the password, when they logged in last; if they or a superuser gave "
            "them, a name and an e-mail address; their roles in projects.",
            why="To let them in, and to what they may do.",
            until="Removed by a superuser, once they are in no project.",
            models=(User, Membership),
            count=_members,
        ),
        Stored(
            about="Members",
            what="What they did (made, edited, opened, closed, exported, erased, invited, …) and when.",
            why="So that a study can be accounted for.",
            until="Kept as long as the site, under their user name; also after a project was erased.",
            models=(Event, Erasure, Invitation, LogEntry),
        ),
        Stored(
            about="Members",
            what="A session and its cookie while they are logged in.",
            why="So that they log in once.",
            until="Until they log out, and half a day at most.",
            models=(Session,),
        ),
    )
    say_nothing_of_anybody(Project, Group, Permission, ContentType)
