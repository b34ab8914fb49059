"""The annotators, in a process of their own: a thread and a connection each, in a closed loop.

    python -m benchmarks.peers.crowd NAME PORT ANNOTATORS SECONDS

Prints "begun" when everybody has rated once, "over" so many seconds later, and then what was seen as JSON.
"""

import json
import sys
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass

from benchmarks.peers.browser import Browser
from benchmarks.peers.interface import Annotator
from benchmarks.peers.registry import PEERS


@dataclass(frozen=True)
class Rating:
    ended: float
    seconds: float


def rate_until(stop: threading.Event, annotator: Annotator, begun: threading.Semaphore) -> list[Rating]:
    ratings = []
    try:
        annotator.join()
        while not stop.is_set():
            sent = time.perf_counter()
            annotator.rate()
            there = time.perf_counter()
            ratings.append(Rating(ended=there, seconds=there - sent))
            if len(ratings) == 1:
                begun.release()
    finally:
        # Who fails before has to be waited for no longer; the failure is told in the end.
        if not ratings:
            begun.release()
    return ratings


def rate_together(annotators: list[Annotator], seconds: float) -> dict:
    """milliseconds: of the ratings that ended between "begun" and "over"; the rest is of the whole run."""
    stop, begun = threading.Event(), threading.Semaphore(0)
    with ThreadPoolExecutor(len(annotators)) as pool:
        work = [pool.submit(rate_until, stop, annotator, begun) for annotator in annotators]
        for _ in annotators:
            begun.acquire()
        began = time.perf_counter()
        print("begun", flush=True)
        wait(work, timeout=seconds, return_when=FIRST_EXCEPTION)
        over = time.perf_counter()
        print("over", flush=True)
        stop.set()
    ratings = [rating for each in work for rating in each.result()]
    counted = [rating for rating in ratings if began <= rating.ended <= over]
    return {
        "seconds": over - began,
        "milliseconds": [1000 * rating.seconds for rating in counted],
        "acknowledged": len(ratings),
        "reloads": sum(annotator.browser.reloads for annotator in annotators),
    }


if __name__ == "__main__":
    name, port, annotators, seconds = sys.argv[1:]
    people = [PEERS[name].annotator(number, Browser(int(port))) for number in range(int(annotators))]
    print(json.dumps(rate_together(people, float(seconds))))
