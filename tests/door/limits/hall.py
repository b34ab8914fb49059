"""What a process of test_concurrency.py does, by `manage.py shell`: its threads want out of one bucket."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

from django.db import connection

from daamweb.door.limits.buckets import take

THREADS, TRIES, BURST = 4, 30, 70
# So slow that none comes back while the test lasts, and so fast that the whole bucket fits into a day.
PER_SECOND = 1 / 600


def run() -> None:
    """Begin when a line arrives on standard input; print what was granted to each thread."""
    together = Barrier(THREADS)

    def ask(_: int) -> int:
        with closing(connection):
            connection.ensure_connection()
            together.wait(10)
            return sum(
                bool(take("join 1", "192.0.2.1", burst=BURST, per_second=PER_SECOND)) for _ in range(TRIES)
            )

    os.write(1, b"ready\n")
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as pool:
        print(json.dumps(list(pool.map(ask, range(THREADS), timeout=60))))
