"""Two projects with a full set of rows each, and browsers of everybody who may come."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import Client
from django.utils import timezone

from annotations.models import EntryCode, Opening, Operation, Study, Verification
from benchmarks.large_studies import add_people
from benchmarks.site_rows import Site, browser_of, make_site
from daamweb.projects.models import Erasure, Project
from daamweb.projects.services.memberships import add_member
from daamweb.work.models import WorkState
from evaluation.models import Export
from generation.models import Checkpoint, Generation, GenerationRun, Import, Parse, PromptSet
from tests.permissions.markers import HERE, THERE, mark, tables

TASKS = 6


class Who(Enum):
    """Whoever comes to an address of the first project's rows. An annotator of this study is one of the study
    that the address names, or of any; the neighbour is one of another study of the same project."""

    NOBODY = "nobody"
    ANNOTATOR = "an annotator of this study"
    NEIGHBOUR = "an annotator of another study"
    OTHER_ANNOTATOR = "an annotator of another project"
    OBSERVER = "an observer"
    RESEARCHER = "a researcher"
    OWNER = "an owner"
    OTHER_OBSERVER = "an observer of another project"
    OTHER_RESEARCHER = "a researcher of another project"
    OTHER_OWNER = "an owner of another project"
    SUPERUSER = "a superuser"

    @property
    def role(self) -> str:
        """In either project; "" for those who are in none."""
        return self.name.removeprefix("OTHER_").lower() if self in MEMBERS else ""

    @property
    def sees(self) -> set[str]:
        """The markers that pages may show."""
        match self:
            case Who.SUPERUSER:
                return {HERE, THERE}
            case Who.OBSERVER | Who.RESEARCHER | Who.OWNER:
                return {HERE}
            case Who.OTHER_OBSERVER | Who.OTHER_RESEARCHER | Who.OTHER_OWNER:
                return {THERE}
        return set()


STRANGERS = (Who.NOBODY, Who.ANNOTATOR, Who.NEIGHBOUR, Who.OTHER_ANNOTATOR)
OWN = (Who.OBSERVER, Who.RESEARCHER, Who.OWNER)
OTHERS = (Who.OTHER_OBSERVER, Who.OTHER_RESEARCHER, Who.OTHER_OWNER)
MEMBERS = (*OWN, *OTHERS)
STAFF = (*MEMBERS, Who.SUPERUSER)


@dataclass(frozen=True)
class World:
    here: Site
    there: Site
    browsers: dict[Who, Client]
    users: dict[Who, User]
    # All rows of each project, as they were made.
    before: dict[Project, dict[str, list[tuple]]]

    def side(self, marker: str) -> Site:
        return {HERE: self.here, THERE: self.there}[marker]


def open_world(django_db_setup, django_db_blocker) -> Iterator[World]:
    """The fixture of a module: one world for all of its tests, each of which takes back what it changes."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


def keep_files(settings):
    """The fixture `media_folder`, for a module whose files are made once."""
    return settings.MEDIA_ROOT


def make_world() -> World:
    here, there = make_side(HERE), make_side(THERE)
    neighbour = add_people(here.studies[Study.State.PAUSED], 1)[0]
    users = {
        **{who: make_user(f"{HERE} {who.role}", here.project, who.role) for who in OWN},
        **{who: make_user(f"{THERE} {who.role}", there.project, who.role) for who in OTHERS},
        Who.SUPERUSER: User.objects.create(username="chief", is_staff=True, is_superuser=True),
    }
    for checkpoint in Checkpoint.objects.all():  # the site's, not a project's
        Checkpoint.objects.filter(pk=checkpoint.pk).update(name=f"checkpoint {checkpoint.pk}")
    for marker, site in ((HERE, here), (THERE, there)):
        mark(site.project, marker)
        for row in (site.project, site.run, site.report, site.invitation, *site.studies.values()):
            row.refresh_from_db()
    for who in (*OTHERS, *OWN):
        log_foreign_rows(users[who], there if who in OWN else here)
    browsers = {
        Who.NOBODY: Client(),
        Who.ANNOTATOR: browser_of(here.annotator),
        Who.NEIGHBOUR: browser_of(neighbour),
        Who.OTHER_ANNOTATOR: browser_of(there.annotator),
        **{who: Client() for who in STAFF},
    }
    for who, user in users.items():
        browsers[who].force_login(user)
    before = {site.project: dump(site.project) for site in (here, there)}
    return World(here, there, browsers, users, before)


def dump(project: Project) -> dict[str, list[tuple]]:
    """All rows of a project."""
    return {rows.model._meta.label: list(rows.values_list()) for rows in tables(project)}


def make_side(marker: str) -> Site:
    project = Project.objects.create(name=f"{marker} project")
    site = make_site(TASKS, name=marker, project=project)
    add_failures(site)
    return site


def make_user(name: str, project: Project, role: str) -> User:
    user = User.objects.create(username=name)
    add_member(project=project, user=user, role=role, by=None)
    return user


def add_failures(site: Site) -> None:
    """Everything that has an error has one."""
    now = timezone.now()
    failed = {"state": WorkState.FAILED, "error": "out of memory", "finished_at": now}
    other = GenerationRun.objects.filter(project=site.project).exclude(pk=site.run.pk).first()
    Generation.objects.create(
        run=other, prompt=other.prompt_set.prompts.first(), seed=9, state=Generation.State.FAILED,
        error="out of memory", finished_at=now,
    )  # fmt: skip
    PromptSet.objects.create(
        project=site.project, name="failed", origin="text", parse_state=PromptSet.ParseState.FAILED,
        parse_error="no such parser",
    )  # fmt: skip
    Parse.objects.create(prompt_set=other.prompt_set, **failed)
    Import.objects.create(
        project=site.project, name="failed", file_name="a.txt", format="text",
        file=default_storage.save("imports/a", ContentFile(b"a cat")),
        bad_rows=[{"row": 3, "reason": "a caption without text"}], bad_row_count=1, **failed,
    )  # fmt: skip
    closed = site.studies[Study.State.CLOSED]
    Verification.objects.create(study=closed, **failed)
    Opening.objects.create(study=closed, **failed)
    Export.objects.create(study=closed, asked_by=site.researcher, **failed)
    Operation.objects.create(
        study=site.study, platform="prolific", kind="pay", target="somebody", token=f"pay {site.study.pk}",
        **failed,
    )  # fmt: skip
    EntryCode.objects.create(study=site.study, label="P01", code_sha256=f"{site.study.pk:064}")
    Erasure.objects.create(
        project=site.project, subject_type="annotations.study", subject_id=closed.pk,
        subject_name=closed.name, asked_by=site.researcher, **failed,
    )  # fmt: skip


def log_foreign_rows(user: User, site: Site) -> None:
    """As for somebody who was in the project once: Django keeps what they did, by the rows' names. (The rows
    are gone since, so that nobody stands in their history.)"""
    LogEntry.objects.bulk_create(
        LogEntry(
            user=user, content_type=ContentType.objects.get_for_model(row), object_id=-row.pk,
            object_repr=f"{row}", action_flag=CHANGE, change_message=f"{row}",
        )
        for row in (site.study, site.run, site.run.prompt_set)
    )  # fmt: skip
