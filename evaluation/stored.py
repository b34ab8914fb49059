"""What reports and exports store about people."""

from daamweb.projects.stored import Stored, say_nothing_of_anybody, say_stored
from evaluation.models import Export, Report


def say_what_is_stored() -> None:
    say_nothing_of_anybody(Report)
    say_stored(
        Stored(
            about="Annotators",
            what="Files of a study’s answers, and of who took part, that a member asked for: both under "
            "pseudonyms, with their times and how pages were shown; and who asked.",
            why="So that whoever asked can download the files.",
            until="A day after it was written, when answers in it are erased, or with the study.",
            models=(Export,),
        ),
    )
