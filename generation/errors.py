"""What can go wrong with prompts and runs, in words that a researcher can act on."""


class PromptSetError(ValueError):
    """A prompt set cannot be made or changed as asked."""


class RunError(ValueError):
    """A generation run cannot be made as asked."""


class CheckpointRefusedError(RunError):
    """A checkpoint cannot be named, changed or loaded as asked."""


class UnreadableHeatMapsError(ValueError):
    """The file of an image's heat maps is gone, or is not what was stored."""


class PictureError(Exception):
    """A file is not the one that a picture is made of."""
