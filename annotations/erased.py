"""Who has to know that answers of a study were erased: what was computed of them is forgotten, too.

Imports run one way, so a higher app says what follows when it is ready: `follow(forget_reports)`."""

from collections.abc import Callable

from annotations.models import Study

_followers: list[Callable[[Study], object]] = []


def follow(follower: Callable[[Study], object]) -> None:
    if follower not in _followers:
        _followers.append(follower)


def tell_erased(study: Study) -> None:
    """Inside the transaction that erases."""
    for follower in _followers:
        follower(study)
