"""What one address may do to a study that lets in whoever comes: send people into it, hold tasks of which
none is answered, and guess at entry codes. Who has answered something is never asked, nor is whoever is known
otherwise than by a link.

A lecture hall is one address: it begins at once. A script that makes people up is held to a trickle, and can
keep no more than a part of the open places from everybody else, for minutes.
"""

from math import ceil

from annotations.errors import ManyAtOnceError
from annotations.models import Assignment, Participation, Place, Study
from annotations.selectors import held_assignment
from annotations.services.locks import lock_address
from daamweb.door.limits import clock
from daamweb.door.limits.buckets import Taken, give_back, take
from daamweb.door.limits.hashes import hashed

# Mistyped codes of a whole hall; nobody guesses one of 31 ** 12 in a thousand years of this.
GUESSES_AT_ONCE = 50
GUESSES_PER_SECOND = 0.1
# Somebody answers, or a lease runs out.
LOOK_AGAIN_SECONDS = 10


def admit_newcomer(*, study: Study, address: str) -> Taken:
    """Whether one more person may join from this address now, and else when the next one may."""
    if study.access != Study.Access.LINK:
        return Taken(True)
    return take(f"join {study.pk}", address, burst=study.join_at_once, per_second=study.join_per_second)


def admit_guess(*, study: Study, address: str) -> Taken:
    """Whether one more code may be tried from this address; `forgive_guess` for one that was right."""
    purpose = f"code {study.pk}"
    return take(purpose, address, burst=GUESSES_AT_ONCE, per_second=GUESSES_PER_SECOND)


def forgive_guess(*, study: Study, address: str) -> None:
    give_back(f"code {study.pk}", address, per_second=GUESSES_PER_SECOND)


def admit_to_first_task(study: Study, person: Participation, address: str) -> None:
    """Before somebody who has answered nothing is given a task: note the address, under a hash of the day.
    Both rows are locked, and whoever does so saves the person's. Raises ManyAtOnceError."""
    if person.answered or study.access != Study.Access.LINK or held_assignment(person) is not None:
        return
    person.address_key = address_key(study, address)
    lock_address(person.address_key)
    at_a_task = Assignment.objects.filter(
        study=study.pk,
        state=Assignment.State.CLAIMED,
        participation__study=study.pk,
        participation__address_key=person.address_key,
    ).order_by()
    if not may_hold_one_more(study, at_a_task.count()):
        raise ManyAtOnceError(LOOK_AGAIN_SECONDS)


def may_hold_one_more(study: Study, held: int) -> bool:
    """Whether people of one address who have answered nothing may be at one more task than they are. One may
    always begin; and where nothing is open there is nothing to be kept for others."""
    if not held or study.unanswered_share >= 1:
        return held < study.unanswered_at_most
    if held >= study.unanswered_at_most:
        return False
    # So many have to be open; counting all would grow with the study.
    needed = ceil((held + 1) / study.unanswered_share - 1e-9)
    left = Place.objects.open().filter(study=study.pk, order__gte=0).order_by("order")
    return bool(left.values_list("pk")[needed - 1 : needed]) or not left.values_list("pk")[:1]


def address_key(study: Study, address: str) -> str:
    """The day, and a hash under its key: worth nothing afterwards."""
    day = clock.day_of(clock.now())
    return f"{day} {hashed(f'first task of {study.pk}', address, day)}"


def forget_addresses() -> int:
    """Those of other days; return how many there were."""
    today = f"{clock.day_of(clock.now())}"
    known = Participation.objects.exclude(address_key="")
    return known.exclude(address_key__startswith=today).update(address_key="")
