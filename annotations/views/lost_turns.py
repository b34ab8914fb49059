"""What somebody hears whose turn is not theirs any more, or whose answer came too late."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from annotations.models import Assignment
from annotations.views.ways import problem


def lost(request: HttpRequest, turn: Assignment) -> HttpResponse:
    if turn.declined:
        message = gettext(
            "You gave this task back because you did not want to answer it. Nothing else has changed: the "
            "answers you sent before are safe."
        )
        return problem(request, turn.study, gettext("You declined this task"), message, status=409)
    if turn.set_aside:
        message = gettext(
            "You gave this task back when you stopped, and someone else has it now. Nothing else has "
            "changed: the answers you sent before are safe."
        )
    else:
        message = gettext(
            "A task that is not answered in time goes to someone else, and this one did. Nothing else has "
            "changed: the answers you sent before are safe."
        )
    return problem(request, turn.study, gettext("This task went to someone else"), message, status=409)


def late(request: HttpRequest, turn: Assignment) -> HttpResponse:
    """Whether it was declined, somebody else has the task, the study closes, or the person may be given no
    more."""
    if turn.declined:
        heading = gettext("You declined this task")
        message = gettext(
            "You had declined this task. Your answer is kept under a random name, but it is not used. What "
            "you sent before is stored."
        )
    elif not turn.participation.may_be_given_tasks:
        heading = gettext("There are no more tasks for you")
        message = gettext(
            "Your answer is kept under a random name, but it is not used. What you sent before is stored."
        )
    else:
        heading = gettext("Your answer came too late")
        message = gettext(
            "A task has to be answered in time, and the time for this one was over. Your answer is kept "
            "under a random name, but it is not used. What you sent before is stored."
        )
    return problem(request, turn.study, heading, message, status=409)
