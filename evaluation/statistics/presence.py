"""Which objects an image shows, by its annotators' ticks (paper, section 5.1)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from .intervals import check_count
from .missing import is_missing


@dataclass(frozen=True)
class Submission:
    """One annotator's ticks for one image; `objects` in the order of the clicks."""

    annotator: str
    submitted_at: datetime
    objects: Sequence[str]

    def __post_init__(self) -> None:
        if isinstance(self.objects, str):
            raise ValueError(f"objects must be a list of names, not the one text {self.objects!r}")
        # NaT is neither before nor after any time: the order of the ties would be left to chance
        if is_missing(self.submitted_at):
            raise ValueError(
                f"a submission must have a time, but {self.annotator!r} has {self.submitted_at!r}"
            )


def count_votes(submissions: Sequence[Submission]) -> dict[str, int]:
    """The number of distinct annotators per object, in the order in which ties are broken.

    That order is: the earliest submission that contains the object, then the click order in it. Submissions
    of the same instant are ordered by annotator, so that the result does not depend on the order of the
    argument.
    """
    annotators: dict[str, set[str]] = {}  # a dict keeps the order of first insertion, which is the tie order
    for submission in sorted(
        submissions, key=lambda submission: (submission.submitted_at, submission.annotator)
    ):
        for name in submission.objects:
            annotators.setdefault(name, set()).add(submission.annotator)
    return {name: len(voters) for name, voters in annotators.items()}


def present_objects(submissions: Sequence[Submission], k: int = 2) -> list[str]:
    """The `k` objects picked by most annotators, descending; ties by submission order, then click order.

    An object that one annotator ticks twice counts once. Fewer than `k` come back where fewer were ticked.
    Raises ValueError for `k` below 1.
    """
    if check_count(k, "k") < 1:
        raise ValueError("k must be at least 1")
    votes = count_votes(submissions)
    # sorted is stable: objects with equal votes stay in tie order
    return sorted(votes, key=lambda name: -votes[name])[:k]


def is_correct(prompt_objects: Collection[str], present: Collection[str]) -> bool:
    """Whether every object of the prompt is among the present ones.

    Raises ValueError where the prompt names no object: such an image is neither right nor wrong.
    """
    if isinstance(prompt_objects, str) or isinstance(present, str):
        raise ValueError("objects must be lists of names, not one text")
    if not prompt_objects:
        raise ValueError(
            "a prompt without objects is neither correct nor incorrect; leave its image out, and count it"
        )
    return set(prompt_objects) <= set(present)
