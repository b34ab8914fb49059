"""A site of a few pages, without Django, for tests of how gunicorn's worker treats connections."""

import gc
import time
from collections.abc import Callable, Iterable


def application(environ: dict, start_response: Callable) -> Iterable[bytes]:
    """`/body` says what was sent, `/frozen` how many objects are never garbage, `/large` is more than any
    buffer holds, `/slow` takes its time; everything else says its address and does not look at what was
    sent."""
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.3)
    if environ["PATH_INFO"] == "/large":
        start_response("200 OK", [("Content-Length", str(64 * 1024 * 1024))])
        return (b"x" * 1024 * 1024 for _ in range(64))
    answer = environ["RAW_URI"].encode()
    if environ["PATH_INFO"] == "/frozen":
        answer = str(gc.get_freeze_count()).encode()
    if environ["PATH_INFO"] == "/body":
        try:
            answer = environ["wsgi.input"].read()
        except OSError:
            answer = b"broken off"
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
