"""What the site itself stores about those who work on it."""

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from daamweb.door.models import Bucket
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
    say_stored(
        Stored(
            about="Members",
            what="The key of a second factor, and recovery codes, if they set one up.",
            why="To ask for its code at the login.",
            until="Until they switch it off.",
            models=(TOTPDevice, StaticDevice, StaticToken),
        ),
        Stored(
            about="Whoever comes to the site",
            what="How often an address began a study or tried to log in, under a hash keyed for the day.",
            why="So that nobody takes every place, and no password is guessed.",
            until="A day.",
            models=(Bucket,),
        ),
    )
    # django-axes brings tables that our handler leaves empty (daamweb/door/logins.py).
    say_nothing_of_anybody(*apps.get_app_config("axes").get_models())
    say_nothing_of_anybody(Project, Group, Permission, ContentType)
