"""Hand out a study's answers."""

from io import StringIO

from annotations.models import Study
from daamweb.projects.services.events import Actor
from evaluation.exports import note_export, write_responses
from evaluation.frames.responses import response_frame


def export_responses(*, study: Study, by: Actor) -> str:
    """The answers as CSV. It is written down once they are there to be handed out."""
    content = StringIO()
    responses = response_frame(study)
    write_responses(responses, content)
    note_export(study, responses, by=by)
    return content.getvalue()
