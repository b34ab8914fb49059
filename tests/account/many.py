"""What a process of test_concurrency.py does, by `manage.py shell`: one code is sent many times at once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

from django.contrib.auth.models import User
from django.db import connection

from daamweb.account.services import make_recovery_codes, verify_code
from tests.account.codes import app_code, give_device

AT_ONCE = 6


def run() -> None:
    """Print how many of those who sent the same code were let in, for some codes."""
    print(json.dumps([_let_in(user, code) for user, code in _codes()]))


def _codes() -> Iterator[tuple[User, str]]:
    """Of both sorts."""
    for number in range(4):
        user = User.objects.create(username=f"somebody {number}")
        device = give_device(user)
        recovery = make_recovery_codes(user=user)[0]
        yield user, app_code(device)
        yield user, recovery


def _let_in(user: User, code: str) -> int:
    together = Barrier(AT_ONCE)

    def send(_: int) -> bool:
        with closing(connection):
            connection.ensure_connection()
            together.wait(10)
            return verify_code(user=user, code=code)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(send, range(AT_ONCE), timeout=60))
