"""What can go wrong with a report, in words that a researcher can act on."""

from collections.abc import Sequence


class ReportError(ValueError):
    """A report that cannot be made, and what to do about it."""


class NeverOpenedError(ReportError):
    """A study without a frozen plan has no report."""

    def __init__(self, study_name: str):
        super().__init__(
            f"{study_name!r} was never opened, so it has no frozen plan and nothing to report. Open it first."
        )


class MissingNeedsError(ReportError):
    """What an analysis needs is not there. `missing`: sentences on what is missing and how to get it."""

    def __init__(self, missing: Sequence[str]):
        super().__init__(" ".join(missing))
        self.missing = tuple(missing)


class SubjectGoneError(ReportError):
    """What was to be reported was deleted."""
