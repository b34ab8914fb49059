"""A whole project of any size: a study in every state, one of them large and answered, its report, people,
reviews, the log, members, and more of whatever a page lists; with the browsers of those who look at it."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from annotations.models import (
    Assignment,
    Deviation,
    Opening,
    Participation,
    ProblemReport,
    Review,
    Study,
    StudyText,
)
from annotations.services.claims import claim_assignment
from annotations.views.visitors import remember_annotator
from benchmarks.large_runs import WORDS, make_large_run
from benchmarks.large_studies import add_people, fill, make_large_draft, open_large_study
from daamweb.projects.models import Invitation, Membership, Project, Role
from daamweb.projects.services.invitations import invite
from evaluation.analyses.opinion import Opinion
from evaluation.models import Export, Report
from evaluation.services.exports import request_export, write_export
from evaluation.services.reports import compute_report, request_report
from generation.models import GenerationRun, Import, PromptSet

REPLICAS = 3
# Of everything that is neither a task nor an answer there is one for so many tasks, and at most so many.
SHARE, MOST = 20, 200


@dataclass(frozen=True)
class Site:
    run: GenerationRun
    study: Study
    # By its state; the large one is the open one.
    studies: dict[str, Study]
    report: Report
    # Of the large study's answers, for the researcher.
    export: Export
    # A superuser, who owns the project.
    researcher: User
    # Of somebody else, who owns it too.
    membership: Membership
    # Nobody followed its link, whose token this is.
    invitation: Invitation
    token: str
    # Holds a turn and has answered others; has finished.
    annotator: Participation
    finished: Participation
    browsers: dict[str, Client]

    @property
    def project(self) -> Project:
        return self.run.project

    def turn(self, state: str) -> Assignment:
        return self.annotator.assignments.filter(state=state).first()


def make_site(tasks: int, *, name: str = "site", project: Project | None = None) -> Site:
    """Its study has so many tasks, and about REPLICAS as many answers. By default in the only project."""
    several = max(REPLICAS, min(tasks // SHARE, MOST))
    run = make_large_run(-(-tasks // len(WORDS)), name=name, project=project)
    lines = [f"Prompt '{number}', seed 0: the image is failed: out of memory" for number in range(several)]
    study = open_large_study(
        make_large_draft(run, name=name, tasks=tasks, replicas=REPLICAS, checks=5, left_out=lines)
    )
    people = add_people(study, several + REPLICAS)
    # The last places of the ring are open, so that somebody can hold one.
    answers = range(tasks * REPLICAS - REPLICAS)
    fill(study, ((each % tasks, each // tasks, sum(divmod(each, tasks)) % several) for each in answers))
    annotator, finished = people[0], people[1]
    Participation.objects.filter(pk=finished.pk).update(finished_at=timezone.now())
    claim_assignment(participation=annotator)
    researcher = User.objects.create(username=f"{name} user", is_staff=True, is_superuser=True)
    _add_notes(study, several, researcher)
    studies = {**_small_studies(run, name, tasks), Study.State.OPEN: study}
    _add_others(run, name, several)
    _add_import(run.project, name, several)
    browsers = {
        "researcher": Client(SERVER_NAME="localhost"),
        "member": Client(SERVER_NAME="localhost"),
        "annotator": browser_of(annotator),
        "finished": browser_of(finished),
        "stranger": Client(SERVER_NAME="localhost"),
    }
    browsers["researcher"].force_login(researcher)
    membership, invitation, token = _add_members(run.project, name, several, researcher)
    browsers["member"].force_login(membership.user)
    return Site(
        run=run,
        study=study,
        studies=studies,
        report=_add_reports(study, name),
        export=_add_export(study, researcher),
        researcher=researcher,
        membership=membership,
        invitation=invitation,
        token=token,
        annotator=annotator,
        finished=finished,
        browsers=browsers,
    )


def browser_of(person: Participation) -> Client:
    """That remembers the person, as after consent."""
    answer = HttpResponse()
    remember_annotator(answer, person.annotator)
    browser = Client(SERVER_NAME="localhost")
    browser.cookies.update(answer.cookies)
    return browser


def _add_notes(study: Study, count: int, researcher: User) -> None:
    """What is written beside the answers: verdicts, reported problems, deviations, the log."""
    Review.objects.bulk_create(
        Review(
            study=study, action=Review.Action.ACCEPT, participation=person, visit_id=person.visit_id,
            reason="Answered carefully.", by=researcher, created_at=timezone.now(),
        )
        for person in study.participations.all()[:count]
    )  # fmt: skip
    Deviation.objects.bulk_create(
        Deviation(plan=study.plan, what=f"tasks.{number}", frozen="…", now="…", sha256=f"{number:064}")
        for number in range(count)
    )
    ProblemReport.objects.bulk_create(
        ProblemReport(
            study=study, participation=person, kind=ProblemReport.Kind.OTHER, text="It is upside down.",
            created_at=timezone.now(),
        )
        for person in study.participations.all()[:count]
    )  # fmt: skip
    LogEntry.objects.bulk_create(
        LogEntry(
            user=researcher, content_type=ContentType.objects.get_for_model(row), object_id=row.pk,
            object_repr=f"{row}", action_flag=CHANGE, change_message=f"Note {number}.",
        )
        for number in range(count)
        for row in (study, study.run, researcher)
    )  # fmt: skip


def _small_studies(run: GenerationRun, name: str, tasks: int) -> dict[str, Study]:
    """One in each state but open, with hardly a task; the draft is a large one, whose opening failed."""
    state, now = Study.State, timezone.now()
    made = {
        each: make_large_draft(
            run, name=f"{name} {each}", tasks=tasks if each == state.DRAFT else 4, replicas=REPLICAS
        )
        for each in state
        if each != state.OPEN
    }
    Opening.objects.create(
        study=made[state.DRAFT], state=Opening.State.FAILED, error="A file is gone.", finished_at=now
    )
    _add_texts(made[state.DRAFT])
    made[state.OPENING].mark_opening()
    Opening.objects.create(study=made[state.OPENING], total=8)
    for each in (state.PAUSED, state.CLOSING, state.CLOSED):
        open_large_study(made[each])
    made[state.PAUSED].mark_paused()
    made[state.CLOSING].mark_closing(closes_at=now + timedelta(minutes=30))
    made[state.CLOSED].mark_closed(now=now)
    return made


def _add_texts(study: Study) -> None:
    """What a draft says in another language."""
    StudyText.objects.create(
        study=study, language="ar", title="ما الذي يظهر؟", consent="أوافق.", instructions="انظر إلى الصورة.",
        pay="خمسة يورو", wordings={"question": "ما مدى {word}؟"}, reviewed_by="A speaker",
    )  # fmt: skip


def _add_import(project: Project, name: str, several: int) -> None:
    """One that waits, of a file of which rows were bad."""
    coming = PromptSet.objects.create(
        project=project, name=f"{name} importing", origin="csv", parse_state=PromptSet.ParseState.IMPORTING
    )
    Import.objects.create(
        project=project, prompt_set=coming, name=coming.name, file_name="captions.csv", format="csv",
        bad_rows=[{"row": row, "reason": "a caption without text"} for row in range(several)],
        bad_row_count=several, total=several,
    )  # fmt: skip


def _add_others(run: GenerationRun, name: str, count: int) -> None:
    """More prompt sets, checkpoints, runs, studies and users, for the pages that list them."""
    for number in range(count // 2):
        other = make_large_run(2, name=f"{name} other {number}", project=run.project)
        make_large_draft(other, name=f"{name} other {number}", tasks=4, replicas=1)


def _add_members(project: Project, name: str, count: int, owner: User) -> tuple[Membership, Invitation, str]:
    """Members beside the owner, invitations that wait, and what was done; one membership and invitation."""
    users = User.objects.bulk_create(
        User(username=f"{name} user {number}", is_staff=True) for number in range(count)
    )
    Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    members = Membership.objects.bulk_create(
        Membership(project=project, user=user, role=Role.OWNER) for user in users
    )
    invited = [invite(project=project, role=Role.OBSERVER, note=f"No. {each}", by=owner) for each in users]
    return members[0], *invited[0]


def _add_reports(study: Study, name: str) -> Report:
    """That of the large study, and one of each small run, which has no answers to report."""
    Report.objects.bulk_create(
        Report(
            run=run, analysis=Opinion.key, state=Report.State.FAILED, error="It has no answers.",
            finished_at=timezone.now(),
        )
        for run in GenerationRun.objects.filter(name__startswith=f"{name} other")
    )  # fmt: skip
    report = request_report(subject=study, analysis=Opinion())
    compute_report(report=report)
    return Report.objects.get(pk=report.pk)


def _add_export(study: Study, researcher: User) -> Export:
    export = request_export(study=study, by=researcher)
    write_export(export=export)
    return Export.objects.get(pk=export.pk)
