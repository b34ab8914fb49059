"""What can go wrong in a study, in words that an annotator or a researcher can act on."""

from typing import Any


class StudyError(ValueError):
    """A study cannot be built or changed as asked."""


class UnknownKindError(StudyError):
    """This version of the site has no kind of task of that name."""


class ReviewError(ValueError):
    """A verdict cannot be given or undone as asked."""


class StudyNotOpenError(Exception):
    """The study does not take answers (draft, paused, closing or closed)."""


class ManyAtOnceError(Exception):
    """Too many people come from one address; the next may after `wait` seconds."""

    def __init__(self, wait: float):
        super().__init__("Many people are joining from one address; they come in one after another.")
        self.wait = wait


class WrongCodeError(Exception):
    """No entry code of the study is what was typed, or it was revoked."""

    def __init__(self, *, was_revoked: bool = False):
        super().__init__("This code was revoked." if was_revoked else "The study has no such code.")
        self.was_revoked = was_revoked


class EntryCodeError(ValueError):
    """Entry codes cannot be made, or revoked, as asked."""


class DeclineError(Exception):
    """This turn cannot be declined: it ended, or its person declined as many as may be."""


class ReportError(Exception):
    """No more problems are taken down of this person."""


class AssignmentNotYoursError(Exception):
    """The turn is somebody else's."""


class WentOnElsewhereError(Exception):
    """The person is at another device by now, and what this one sent was not stored."""


class WithdrewError(Exception):
    """The person withdrew, and nothing more of theirs is stored."""


class StaleRevisionError(Exception):
    """The answer was corrected from a revision that is not the last one; nothing was stored."""

    def __init__(self, revision: int | None, answer: Any):
        super().__init__("This answer was changed elsewhere since this page was loaded.")
        self.revision = revision
        self.answer = answer
