"""What every response carries, whoever made it.

A response that needs something else sets the header itself: a page that another site may frame, for example,
sets `Content-Security-Policy` to `content_policy(frame_ancestors="https://app.example.org")`.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Scripts and styles are files of this site, and nothing comes from another one. None of it is inline, so that
# what somebody smuggles into a page stays text.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
# Pictures have styles inline: matplotlib's have, and so has the page that a browser makes around one that is
# opened by itself. In the sandbox nothing runs and nothing is sent, and no style can load anything.
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
# What a browser could do for a page, and no page of ours asks for.
_OFF = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read", "clipboard-write",
    "compute-pressure", "display-capture", "encrypted-media", "fullscreen", "gamepad", "geolocation",
    "gyroscope", "hid", "identity-credentials-get", "idle-detection", "keyboard-map", "local-fonts",
    "magnetometer", "microphone", "midi", "otp-credentials", "payment", "picture-in-picture",
    "publickey-credentials-create", "publickey-credentials-get", "screen-wake-lock", "serial",
    "storage-access", "sync-xhr", "usb", "window-management", "xr-spatial-tracking",
)  # fmt: skip
# Pages that show tracebacks, which DEBUG makes, have scripts and styles inline.
_OF_TRACEBACKS = (400, 404, 500)


def content_policy(**changed: str) -> str:
    """The site's Content-Security-Policy, with other sources in some of its directives."""
    policy = _POLICY | {name.replace("_", "-"): sources for name, sources in changed.items()}
    return "; ".join(f"{name} {sources}" for name, sources in policy.items())


def _picture_sources() -> str:
    """This site; and the store of its files, where that has addresses of its own."""
    store = urlsplit(default_storage.url("picture"))
    return f"'self' {store.scheme}://{store.netloc}" if store.netloc else "'self'"


_HEADERS = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF),
    "Cross-Origin-Resource-Policy": "same-origin",
    # What does not say how long it may be kept is not kept: most pages are about somebody.
    "Cache-Control": "no-store",
    # Studies are for those who were given their link; pictures and files cannot say so themselves.
    "X-Robots-Tag": "noindex, nofollow",
}


def add_headers(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """The outermost middleware, so that redirects, errors and static files pass through it, too."""
    policy = content_policy(img_src=_picture_sources())

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        headers = response.headers
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if not (settings.DEBUG and response.status_code in _OF_TRACEBACKS):
            is_picture = headers.get("Content-Type", "").startswith("image/")
            headers.setdefault("Content-Security-Policy", _PICTURE_POLICY if is_picture else policy)
        return response

    return middleware
