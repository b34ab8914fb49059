"""What can go wrong in a study, in words that an annotator or a researcher can act on."""


class StudyError(ValueError):
    """A study cannot be built or changed as asked."""


class StudyNotOpenError(Exception):
    """The study does not take answers (draft, paused or closed)."""


class AssignmentNotYoursError(Exception):
    """The place belongs to someone else, or went to someone else when its time ran out."""
