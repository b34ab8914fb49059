"""One row of leased work, abstract: images, openings, verifications, operations are its children.

A worker takes a row for a lease, renews the lease while it works, and finishes or fails the row. A worker
that dies is noticed when its lease is over; a row that took its worker down too often fails for good. Every
change of state is one conditional update under the row's claim, so that a worker that lost its lease changes
nothing."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from daamweb.constraints import known

# What is later than this was written by a clock that was wrong: a lease's end, and when to try again.
LONGEST_LEASE = timedelta(hours=1)
LONGEST_WAIT = timedelta(hours=1)

Row = TypeVar("Row", bound="Work", covariant=True)


def untold(since: datetime) -> Q:
    """Rows with a `poked_at` of which no worker has been told since then. What was noted in the future was
    noted by a clock that was wrong."""
    return Q(poked_at=None) | ~Q(poked_at__gte=since, poked_at__lte=timezone.now())


class WorkState(models.TextChoices):
    QUEUED = "queued", "waiting"
    RUNNING = "running", "running"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"
    # Nobody knows whether it happened; a person has to look.
    UNCERTAIN = "uncertain", "uncertain"


class WorkQuerySet(models.QuerySet[Row]):
    def unfinished(self) -> Self:
        return self.filter(state__in=(WorkState.QUEUED, WorkState.RUNNING))

    def claimable(self) -> Self:
        """Due, or in the hands of a worker that has not reported for a whole lease."""
        now = timezone.now()
        waits = Q(not_before__gt=now, not_before__lte=now + LONGEST_WAIT)
        due = Q(state=WorkState.QUEUED) & (Q(not_before=None) | ~waits)
        dropped = Q(lease_expires_at__lt=now) | Q(lease_expires_at__gt=now + LONGEST_LEASE)
        return self.filter(due | (Q(state=WorkState.RUNNING) & dropped))

    def untold(self, since: datetime) -> Self:
        return self.filter(untold(since))


class WorkManager(models.Manager[Row]):
    """Written out, since mypy cannot follow what from_queryset() makes from one run to the next."""

    def get_queryset(self) -> WorkQuerySet[Row]:
        return WorkQuerySet(self.model, using=self._db)

    def unfinished(self) -> WorkQuerySet[Row]:
        return self.get_queryset().unfinished()

    def claimable(self) -> WorkQuerySet[Row]:
        return self.get_queryset().claimable()

    def untold(self, since: datetime) -> WorkQuerySet[Row]:
        return self.get_queryset().untold(since)


class Work(models.Model):
    """Children give JOB, the name of the Celery job that takes one of their primary keys.

    A child's own `Meta.constraints` must begin with `*Work.Meta.constraints`: a list of its own would replace
    these in silence.
    """

    State = WorkState
    JOB = ""
    LEASE = timedelta(minutes=5)
    MAX_ATTEMPTS = 3
    GOES_ON = False  # what was stored stays when it is tried again
    UNIT = ""  # what is counted by `done` and `total`: "images"

    state = models.CharField(max_length=10, choices=WorkState, default=WorkState.QUEUED)
    claim = models.UUIDField(null=True, blank=True, editable=False, help_text="Whose it is while it runs.")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text="When it may be tried (again).")
    attempts = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, blank=True, help_text="Of how many; empty: not known.")
    error = models.TextField(blank=True)
    poked_at = models.DateTimeField(null=True, blank=True, help_text="When a worker was last told of it.")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = WorkManager()

    class Meta:
        abstract = True
        constraints = [
            known("state", WorkState, "%(class)s_state_known"),
            models.CheckConstraint(
                condition=Q(state="running", claim__isnull=False, lease_expires_at__isnull=False)
                | (~Q(state="running") & Q(claim__isnull=True, lease_expires_at__isnull=True)),
                name="%(class)s_running_has_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("queued", "running"), finished_at__isnull=True)
                | Q(state__in=("done", "failed", "cancelled", "uncertain"), finished_at__isnull=False),
                name="%(class)s_finished_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error=""), name="%(class)s_failed_has_error"
            ),
        ]

    @property
    def silent_since(self) -> datetime | None:
        """When its worker was last heard, if that is so long ago that it may have died."""
        if self.lease_expires_at is None:
            return None
        heard = self.lease_expires_at - self.LEASE
        return heard if timezone.now() - heard > self.LEASE / 2 else None

    @property
    def is_unfinished(self) -> bool:
        return self.state in (WorkState.QUEUED, WorkState.RUNNING)

    @classmethod
    def to_tell(cls, since: datetime) -> models.QuerySet[Any]:
        """The rows whose keys JOB takes and of which a sweep tells workers, since work waits that nobody has
        been told of since then; each has `mark_poked`. They are the work itself, unless a kind says
        otherwise: images are made by the run."""
        rows: models.QuerySet[Any] = cls._default_manager.all()
        return rows.filter(pk__in=WorkQuerySet(cls).claimable().untold(since).values("pk"))

    def take(self, claim: uuid.UUID | None = None) -> bool:
        """Give it to this process for a lease; False if another has it, nothing is to be done, or it has
        taken its worker down too often, which fails it. `claim`: of a batch, which rows are taken into."""
        claim = claim or uuid.uuid4()
        taken = self._rows().claimable().filter(pk=self.pk).update(
            state=WorkState.RUNNING,
            claim=claim,
            lease_expires_at=timezone.now() + self.LEASE,
            attempts=F("attempts") + 1,
        )  # fmt: skip
        if not taken:
            return False
        self.refresh_from_db()
        if self.attempts > self.MAX_ATTEMPTS:
            self.fail(
                f"A worker took it {self.MAX_ATTEMPTS} times and never finished (killed, or out of memory?). "
                "Look into the workers' log, then try again."
            )
            return False
        return True

    def renew(self, *, done: int | None = None, total: int | None = None) -> bool:
        """Keep it for another lease and tell how far it is; False if it is not this process's any more."""
        fields: dict[str, Any] = {"lease_expires_at": timezone.now() + self.LEASE}
        if done is not None:
            fields["done"] = self.done = done
        if total is not None:
            fields["total"] = self.total = total
        return bool(self._mine().update(**fields))

    def finish(self) -> bool:
        return self._end(WorkState.DONE, error="")

    def fail(self, error: str) -> bool:
        return self._end(WorkState.FAILED, error=error)

    def put_off(self, until: datetime | None = None, error: str = "") -> bool:
        """Give it back to be tried again, at `until` if that is given (in an hour at the latest); an attempt
        that ends so took no worker down."""
        moved = self._mine().update(
            state=WorkState.QUEUED,
            claim=None,
            lease_expires_at=None,
            not_before=until,
            attempts=F("attempts") - 1,
            error=error,
        )
        return bool(moved)

    def cancel(self) -> bool:
        """End it whoever has it; False if it has ended already."""
        return bool(
            self._rows().unfinished().filter(pk=self.pk).update(
                state=WorkState.CANCELLED, claim=None, lease_expires_at=None, finished_at=timezone.now()
            )
        )  # fmt: skip

    @property
    def is_repeatable(self) -> bool:
        """Whether `requeue` does anything."""
        return self.state == WorkState.FAILED

    def requeue(self) -> bool:
        """Let what failed be tried again, from its beginning unless a kind GOES_ON; False if it had not
        failed."""
        fresh: dict[str, Any] = {
            "state": WorkState.QUEUED, "attempts": 0, "error": "", "finished_at": None, "not_before": None,
        }  # fmt: skip
        if not self.GOES_ON:
            fresh["done"] = 0
        requeued = self._rows().filter(pk=self.pk, state=WorkState.FAILED).update(**fresh)
        if requeued:
            for name, value in fresh.items():
                setattr(self, name, value)
        return bool(requeued)

    def mark_poked(self, unless_since: datetime | None = None) -> bool:
        """Note that a worker is being told of it; False if one has been told since `unless_since`."""
        waiting = self._rows().filter(pk=self.pk)
        if unless_since is not None:
            waiting = waiting.untold(unless_since)
        return bool(waiting.update(poked_at=timezone.now()))

    def mark_untold(self) -> None:
        """Nobody could be told of it: the broker was out of reach."""
        self._rows().filter(pk=self.pk).update(poked_at=None)

    def _gone_on(self) -> dict[str, Any]:
        """Of a kind that stores in slices, what is written down with each: earlier attempts took nobody down
        for nothing, and what takes a worker down again and again is the slice behind this one."""
        return {"attempts": 1, "lease_expires_at": timezone.now() + self.LEASE}

    def _end(self, state: str, error: str) -> bool:
        ended = self._mine().update(
            state=state, error=error, claim=None, lease_expires_at=None, finished_at=timezone.now()
        )
        if ended:
            # Kept here, since a transaction around this may still be taken back: then it runs as before.
            claim = self.claim
            self.refresh_from_db()
            self.claim = claim
        return bool(ended)

    def _rows(self) -> WorkQuerySet[Self]:
        return WorkQuerySet(type(self))

    def _mine(self) -> WorkQuerySet[Self]:
        return self._rows().filter(pk=self.pk, state=WorkState.RUNNING, claim=self.claim)
