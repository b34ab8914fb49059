"""What somebody hears whose turn is not theirs any more, or whose answer came too late."""

from django.http import HttpRequest, HttpResponse

from annotations.models import Assignment
from annotations.views.ways import problem


def lost(request: HttpRequest, turn: Assignment) -> HttpResponse:
    safe = "Nothing else has changed: the answers you sent before are safe."
    if turn.declined:
        message = f"You gave this task back because you did not want to answer it. {safe}"
        return problem(request, turn.study, "You declined this task", message, status=409)
    if turn.set_aside:
        message = f"You gave this task back when you stopped, and someone else has it now. {safe}"
    else:
        message = f"A task that is not answered in time goes to someone else, and this one did. {safe}"
    return problem(request, turn.study, "This task went to someone else", message, status=409)


def late(request: HttpRequest, turn: Assignment) -> HttpResponse:
    """Whether it was declined, somebody else has the task, the study closes, or the person may be given no
    more."""
    kept = "Your answer is kept under a random name, but it is not used. What you sent before is stored."
    if turn.declined:
        message = f"You had declined this task. {kept}"
        return problem(request, turn.study, "You declined this task", message, status=409)
    if not turn.participation.may_be_given_tasks:
        return problem(request, turn.study, "There are no more tasks for you", kept, status=409)
    message = f"A task has to be answered in time, and the time for this one was over. {kept}"
    return problem(request, turn.study, "Your answer came too late", message, status=409)
