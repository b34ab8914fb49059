"""Make a study's places by a statement that the database carries out by itself."""

from django.db import connection

from annotations.models import Study, Task

# To make a million places as objects of Django, and rows of these, took longer than all else that opening a
# study takes. As a copy of the tasks, for which Django has no words, they take a tenth of it. Both databases
# understand this.
_COPY = """
INSERT INTO annotations_place (study_id, task_id, replica, "order")
SELECT study_id, id, %s, %s + ROW_NUMBER() OVER (ORDER BY position) - 1
FROM annotations_task
WHERE study_id = %s AND position >= %s AND position < %s AND role IN (%s, %s)
ORDER BY position
ON CONFLICT DO NOTHING
"""


def make_places(study: Study, *, first: int, count: int, before: int) -> None:
    """Of so many tasks from a position on; those that are there already are left alone. All tasks' first
    places stand first on the ring, then all second ones, … `before`: how many tasks with places come before
    these."""
    around = study.items + study.controls
    slice_ = (study.pk, first, first + count, *Task.WITH_PLACES)
    with connection.cursor() as cursor:
        cursor.executemany(
            _COPY, [(replica, replica * around + before, *slice_) for replica in range(study.replicas)]
        )
