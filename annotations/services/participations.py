"""An annotator's way through a study, around the tasks themselves."""

import secrets

from django.db import transaction

from annotations.errors import StudyNotOpenError
from annotations.models import Annotator, Participation, Study


@transaction.atomic
def join_by_link(*, study: Study, annotator: Annotator | None) -> Participation:
    """Record consent; make the annotator if this browser has none yet. Raises StudyNotOpenError."""
    if study.state != Study.State.OPEN:
        raise StudyNotOpenError(f"“{study.title}” does not take answers at the moment.")
    if annotator is None:
        annotator = Annotator.objects.create(
            platform=Annotator.Platform.LINK, external_id=secrets.token_urlsafe(16)
        )
    participation, _ = Participation.objects.get_or_create(study=study, annotator=annotator)
    return participation
