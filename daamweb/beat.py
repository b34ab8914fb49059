"""When the sweeps are sent: all of them when beat starts, and then each by a clock that nobody sets.

Celery keeps in a file, by the time of day, when each was sent last: a clock that was a day ahead for a moment
keeps beat silent for a day, and a file that is damaged or somebody else's ends it. Sweeps may run at any
time and any number of times, so that nothing has to be kept.
"""

import logging
import time
from typing import Any

from celery import beat

logger = logging.getLogger(__name__)


class Scheduler(beat.Scheduler):
    """Sends entries whose schedules are seconds."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._due: dict[str, float] = {}
        super().__init__(*args, **options)

    def tick(self, **_: Any) -> float:
        """Send what is due, in the order of the settings, which Celery does not keep; seconds until something
        is."""
        order = list(self.app.conf.beat_schedule)
        for entry in sorted(self.schedule.values(), key=lambda entry: order.index(entry.name)):
            if time.monotonic() >= self._due.get(entry.name, 0):
                self._due[entry.name] = time.monotonic() + entry.schedule.run_every.total_seconds()
                self.apply_entry(entry, producer=self.producer)
        next_one = min(self._due.values(), default=float("inf"))
        return min(max(0, next_one - time.monotonic()), self.max_interval)

    def apply_entry(self, entry: beat.ScheduleEntry, producer: Any = None) -> None:
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except beat.SchedulingError as error:
            logger.warning("%s The next one is sent when it is due.", error)
