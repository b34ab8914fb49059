"""What somebody sees who opens the address of a button: Django's answer is empty."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from daamweb.door.refusals import only_a_button


def word_refused_methods(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and request.method == "GET":
            page = only_a_button(request)
            page["Allow"] = response["Allow"]
            return page
        return response

    return middleware
