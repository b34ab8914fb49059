"""What can go wrong with projects and their members, in words that people can act on."""


class ProjectError(ValueError):
    """What a service refuses, and what to do about it."""


class WhichProjectError(ProjectError):
    """There are several projects, and nobody said which."""
