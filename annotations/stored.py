"""What studies store about those who take part, and about those who run them."""

from annotations.models import (
    Annotator,
    Assignment,
    Deviation,
    EntryCode,
    Opening,
    Operation,
    Participation,
    Place,
    Plan,
    ProblemReport,
    Response,
    Review,
    Study,
    StudyText,
    Task,
    Verification,
    Visit,
)
from daamweb.projects.models import Project
from daamweb.projects.stored import Stored, say_nothing_of_anybody, say_stored


def _annotators(project: Project) -> int:
    return Annotator.objects.filter(project=project, forgotten_at=None).count()


def _participations(project: Project) -> int:
    return Participation.objects.filter(study__project=project).count()


def say_what_is_stored() -> None:
    say_stored(
        Stored(
            about="Annotators",
            what="Who they are to the platform that sent them: its ids for them and their visits, when "
            "they came and left, the verdict on the visit and whether it was paid.",
            why="So that nobody takes part twice, and everybody is paid.",
            until="Erased so many days after a study closed as the study says, or when the person asks.",
            models=(Annotator, Visit, Operation),
            count=_annotators,
        ),
        Stored(
            about="Annotators",
            what="Their way through a study, under a pseudonym: consent, when they began and finished, or "
            "how it ended otherwise, codes for that, language, the order in which they are shown the options "
            "of an answer, how many tasks they were given, answered and declined.",
            why="To give out tasks, show progress, and tell who finished.",
            until="Erased with the study. The codes are replaced when it is forgotten who they are.",
            models=(Participation,),
            count=_participations,
        ),
        Stored(
            about="Annotators",
            what="Their answers with every correction, times in milliseconds, and how the page was laid out "
            "for them; verdicts with reasons. Under the pseudonym.",
            why="They are what the study is about.",
            until="Erased when the person asks, or with the study.",
            models=(Assignment, Response, Review),
        ),
        Stored(
            about="Annotators",
            what="Of an entry code a keyed hash, the label that a researcher gave it, and whose "
            "participation it is.",
            why="So that a code leads one person back to where they were, in whatever browser.",
            until="Erased with what says who they are, and with the study.",
            models=(EntryCode,),
        ),
        Stored(
            about="Annotators",
            what="Of people who came by a link and have answered nothing yet, their address, under a hash "
            "keyed for the day.",
            why="So that nobody takes every place.",
            until="Their first answer, or a day.",
        ),
        Stored(
            about="Annotators",
            what="The problems that they report: of which task, of what kind, and their own words.",
            why="So that somebody can mend what does not work.",
            until="Erased when the person asks, or with the study.",
            models=(ProblemReport,),
        ),
        Stored(
            about="Annotators",
            what="A cookie in their browser, with signed numbers and nothing else.",
            why="So that they can come back to where they were.",
            until="Half a year.",
        ),
    )
    say_nothing_of_anybody(Study, StudyText, Task, Place, Plan, Deviation, Opening, Verification)
