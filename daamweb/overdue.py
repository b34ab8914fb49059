"""What a worker says of a message that waited until nobody wanted it any more.

Celery drops it with a line among thousands. Sweeps that are dropped again and again are a queue whose worker
does not keep up, or is away; nothing is lost by one, and everything waits by many.
"""

import logging
from typing import Any

import celery
from celery.worker import request

logger = logging.getLogger(__name__)


class Request(request.Request):
    def maybe_expire(self) -> Any:
        expired = super().maybe_expire()
        if expired:
            logger.warning(
                "%s was dropped: it was wanted until %s, and no worker of its queue came to it before.",
                self.name,
                f"{self.expires:%Y-%m-%d %H:%M:%S}",
            )
        return expired


class Job(celery.Task):
    """Of every job; see daamweb/celery.py."""

    Request = f"{__name__}:Request"
