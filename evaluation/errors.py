"""What can go wrong with a report, in words that a researcher can act on."""


class NeverOpenedError(ValueError):
    """A study without a frozen plan has no report."""

    def __init__(self, study_name: str):
        super().__init__(f"{study_name!r} was never opened, so it has no frozen plan and nothing to report.")
