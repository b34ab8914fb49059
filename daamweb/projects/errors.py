"""What can go wrong with projects and their members, in words that people can act on."""


class ProjectError(ValueError):
    """What a service refuses, and what to do about it."""


class WhichProjectError(ProjectError):
    """There are several projects, and nobody said which."""


class EditRefusedError(ProjectError):
    """What was typed cannot be stored; `field` says where it stands on the form."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotEditableError(ProjectError):
    """The row, or something of it, cannot be edited any more."""
