"""How the site and its workers are set up to talk: the broker and its time-outs, queues, sweeps.

`daamweb.settings` takes all of it from here, as Celery's settings.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# Whatever else a worker does may take minutes, and a sweep behind it would come late.
SWEEPS, EVERYTHING_ELSE, IMAGES = "sweeps", "default", "generation"
# A worker that is not told otherwise listens to all of them.
QUEUES = (SWEEPS, EVERYTHING_ELSE, IMAGES)
ROUTES = {"*.jobs.sweep_*": {"queue": SWEEPS}, "generation.jobs.generate_batch": {"queue": IMAGES}}

# A poke is sent while somebody waits for a page. A broker that is well answers in milliseconds, and what it
# missed is found by a sweep.
TIME_OUT = 1  # second, of every single call
# Once more at once, for a connection that went stale while nobody used it.
ONE_MORE_TRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
FILES = "filesystem"
ON_A_NETWORK = ("redis", "rediss", "amqp", "amqps")
KNOWN = (
    f"{FILES}://localhost, redis://host:6379/0, rediss://…, amqp://user:password@host:5672// and amqps://…"
)


class BrokerAddressError(ValueError):
    """CELERY_BROKER_URL says nothing that can be used; the text says why. It never holds a password."""


def broker_at(address: str, folder: Path) -> tuple[str, str | None, dict[str, Any]]:
    """Celery's broker_url, broker_transport and broker_transport_options for an address; the broker of files
    is in `folder`. Raises BrokerAddressError."""
    scheme = check_address(address)
    if scheme == FILES:
        return address, "daamweb.broker:Transport", _files(folder)
    return address, None, _network(scheme)


def _files(folder: Path) -> dict[str, Any]:
    return {
        "data_folder_in": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.2,  # seconds; a worker that has nothing to do looks so often
    }


def _network(scheme: str) -> dict[str, Any]:
    tries = {"max_retries": 0}  # of connecting, inside of each try to publish
    if scheme.startswith("redis"):
        # Without the first, a server that has accepted and says nothing is waited for without end. A worker's
        # waiting for messages is not a call of this kind; Kombu looks after it (health_check_interval).
        return {
            **tries,
            "socket_timeout": TIME_OUT,
            "socket_connect_timeout": TIME_OUT,
            "socket_keepalive": True,
        }
    # RabbitMQ's heartbeats tell a worker that its connection is dead; a site has none while it publishes.
    return {**tries, "read_timeout": TIME_OUT, "write_timeout": TIME_OUT}


def check_address(address: str) -> str:
    """What kind of broker it is: its scheme. Raises BrokerAddressError."""
    if not address.strip():
        raise BrokerAddressError("It is empty.")
    try:
        parts = urlsplit(address)
        _ = parts.port  # reads it
    except ValueError as error:
        raise BrokerAddressError("It is no address: the host or the port cannot be read.") from error
    if parts.scheme not in (FILES, *ON_A_NETWORK) or "://" not in address:
        raise BrokerAddressError("It names no broker that the site knows.")
    if parts.scheme == FILES:
        if parts.path.strip("/") or parts.hostname not in (None, "localhost"):
            raise BrokerAddressError(
                "The broker of files has no host and no path: its folder is VAR_FOLDER's broker/."
            )
    elif not parts.hostname:
        raise BrokerAddressError("It names no host.")
    elif parts.scheme.startswith("redis") and not _is_number(parts.path.strip("/") or "0"):
        raise BrokerAddressError("Behind Redis's host comes the number of a database, such as /0.")
    return parts.scheme


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def sweep(job: str, seconds: int) -> dict[str, Any]:
    """An entry of beat. It is over before the next one is due, so that sweeps do not pile up while no worker
    is there: a worker that comes back finds one of each, not a day's."""
    return {"task": job, "schedule": seconds, "options": {"expires": 0.9 * seconds}}
