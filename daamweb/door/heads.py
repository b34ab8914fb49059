"""A head of which Django makes no request: it raises before there is anything that could answer."""

from collections.abc import Callable, Iterable
from typing import Any

from daamweb.headers import content_policy

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
REASON = b"The content type of this request is not one.\n"


def with_sound_heads(application: Application) -> Application:
    """Refuses parameters of a content type that say in which encoding they are (RFC 2231). No browser sends
    them, and Django trips over encodings that there are not."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "*" not in environ.get("CONTENT_TYPE", ""):
            return application(environ, start_response)
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(REASON))),
            ("Content-Security-Policy", content_policy()),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ]
        start_response("400 Bad Request", headers)
        return [REASON]

    return answer
