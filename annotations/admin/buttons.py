"""The buttons on a study's page: what they do, what is asked before, what is said when it is done."""

from django.contrib.auth.models import User

from annotations.jobs import start_closing, start_opening, start_stopping
from annotations.models import Study
from annotations.services.closings import pause_study
from daamweb.projects.shown import Shown

State = Study.State


def _open(study: Study, by: User, seen: Shown | None) -> None:
    start_opening(study=study, by=by, seen=seen)


def _pause(study: Study, by: User, seen: Shown | None) -> None:
    pause_study(study=study, by=by)


def _stop(study: Study, by: User, seen: Shown | None) -> None:
    start_stopping(study=study, by=by)


def _close(study: Study, by: User, seen: Shown | None) -> None:
    start_closing(study=study, by=by)


def _close_at_once(study: Study, by: User, seen: Shown | None) -> None:
    start_closing(study=study, at_once=True, by=by)


# What a button on a study's page does, for somebody who has seen the design so. What is said when it is
# done is the state that came of it.
CHANGES = {
    "open": _open,
    "pause": _pause,
    "stop": _stop,
    "close": _close,
    "close_at_once": _close_at_once,
}
OUTCOMES: dict[str, str] = {
    State.OPENING: "is being opened: a worker holds its pictures against their hashes first",
    State.OPEN: "is open: annotators can come",
    State.PAUSED: "is paused: nobody new is let in",
    State.CLOSING: "is closing: nothing new is given out, and who is at a task can finish it",
    State.CLOSED: "is closed for good: no more answers are taken",
}
CLOSING_AT_ONCE = "is closing: nothing new is given out, and a worker takes back what is being rated"


def outcome_of(study: Study, change: str) -> str:
    """What is said once a button did what it does."""
    if change == "close_at_once" and study.state == State.CLOSING:
        return CLOSING_AT_ONCE
    return OUTCOMES[study.state]


# What cannot be undone, or can be done in two ways, is asked twice: the button's text, and what it means.
CONFIRMATIONS: dict[tuple[str, str], tuple[str, str]] = {
    (State.DRAFT, "open"): (
        "Freeze the plan and open",
        "Its texts, tasks and analysis are frozen when it opens: they cannot be edited any more.",
    ),
    (State.OPEN, "pause"): (
        "Pause",
        "Nobody new is let in until you open it again. Those who began may go on and finish. To stop them, "
        "too, stop everybody: that counts as interrupting them, and they are told so, with a code for it; "
        "what they are at just now is still taken.",
    ),
    **{
        (state, "stop"): (
            "Stop everybody",
            "Nobody is let in, and nobody inside is given another task until you open it again. It counts as "
            "interrupting them: their page says so, with how far they came and a code for it. What they are "
            "at just now is still taken.",
        )
        for state in (State.OPEN, State.PAUSED)
    },
    **{
        (state, "close"): (
            "Close for good",
            "A closed study cannot be opened again. Nothing new is given out from now on; whoever is at a "
            "task can finish it until its time is over, and then the study is closed.",
        )
        for state in (State.OPEN, State.PAUSED)
    },
    **{
        (state, "close_at_once"): (
            "Close at once",
            "A closed study cannot be opened again. Whoever is at a task right now cannot send the answer.",
        )
        for state in (State.OPEN, State.PAUSED, State.CLOSING)
    },
}
