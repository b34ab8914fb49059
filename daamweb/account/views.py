"""The pages of one's own account. Whoever is logged in has them; each is only about who asks."""

from base64 import b32encode
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from daamweb.account.errors import WrongCodeError
from daamweb.account.forms import DeviceForm, PasswordForm, ProofForm
from daamweb.account.qr import draw_qr_code
from daamweb.account.recovery_codes import plain, readable
from daamweb.account.selectors import (
    are_recovery_codes_of,
    device_of,
    new_device_of,
    recovery_codes_left,
)
from daamweb.account.services import (
    begin_device,
    confirm_device,
    make_recovery_codes,
    remove_second_factor,
    set_password,
)
from daamweb.requests import UserRequest

read_or_send = require_http_methods(["GET", "HEAD", "POST"])


@never_cache
@require_safe
@login_required
def home(request: UserRequest) -> HttpResponse:
    context = {"device": device_of(request.user), "codes_left": recovery_codes_left(request.user)}
    return render(request, "account/home.html", context)


@sensitive_post_parameters()
@never_cache
@read_or_send
@login_required
def password(request: UserRequest) -> HttpResponse:
    form = PasswordForm(request, _posted(request))
    if not form.is_valid():
        return render(request, "account/password.html", {"form": form})
    _end_other_sessions(request, form.cleaned_data["new_password1"])
    messages.success(request, "Your password was changed. Everywhere else you are logged out.")
    return redirect("account:home")


@never_cache
@require_POST
@login_required
def begin(request: UserRequest) -> HttpResponse:
    begin_device(user=request.user)
    return redirect("account:device")


@sensitive_post_parameters()
@never_cache
@read_or_send
@login_required
def device(request: UserRequest) -> HttpResponse:
    """Shows a key until an app has it, and then never again."""
    new = new_device_of(request.user)
    if new is None:
        return redirect("account:home")
    form = DeviceForm(request, _posted(request))
    if form.is_valid():
        try:
            confirm_device(user=request.user, code=form.cleaned_data["new_code"])
        except WrongCodeError as error:
            form.add_error("new_code", str(error))
        else:
            _end_other_sessions(request, form.cleaned_data["password"])
            return _new_codes(request)
    context = {
        "form": form,
        "qr": draw_qr_code(new.config_url),
        "address": new.config_url,
        "key": readable(b32encode(new.bin_key).decode()),
        "replaces": device_of(request.user) is not None,
    }
    return render(request, "account/device.html", context)


@sensitive_post_parameters()
@never_cache
@read_or_send
@login_required
def recovery_codes(request: UserRequest) -> HttpResponse:
    if device_of(request.user) is None:
        return redirect("account:home")
    return _after_proof(request, "account/more_codes.html", lambda form: _new_codes(request))


@sensitive_post_parameters()
@never_cache
@require_POST
@login_required
def download(request: UserRequest) -> HttpResponse:
    """The codes that a page shows, as a file. Nobody knows them but that page, so it sends them along."""
    codes = [plain(code) for code in request.POST.getlist("code")]
    if not are_recovery_codes_of(request.user, codes):
        raise SuspiciousOperation("These are not the recovery codes that were made last.")
    context = {"codes": [readable(code) for code in codes]}
    file = render(request, "account/recovery_codes.txt", context, content_type="text/plain; charset=utf-8")
    file["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return file


@sensitive_post_parameters()
@never_cache
@read_or_send
@login_required
def switch_off(request: UserRequest) -> HttpResponse:
    def perform(form: ProofForm) -> HttpResponse:
        remove_second_factor(user=request.user)
        _end_other_sessions(request, form.cleaned_data["password"])
        messages.success(request, "The second factor is off. Everywhere else you are logged out.")
        return redirect("account:home")

    if device_of(request.user) is None:
        return redirect("account:home")
    return _after_proof(request, "account/switch_off.html", perform)


@sensitive_post_parameters()
@never_cache
@read_or_send
@login_required
def other_sessions(request: UserRequest) -> HttpResponse:
    def perform(form: ProofForm) -> HttpResponse:
        _end_other_sessions(request, form.cleaned_data["password"])
        messages.success(request, "Everywhere else you are logged out.")
        return redirect("account:home")

    return _after_proof(request, "account/other_sessions.html", perform)


def _posted(request: UserRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _after_proof(
    request: UserRequest, template: str, perform: Callable[[ProofForm], HttpResponse]
) -> HttpResponse:
    form = ProofForm(request, _posted(request))
    if form.is_valid():
        return perform(form)
    return render(request, template, {"form": form})


def _new_codes(request: UserRequest) -> HttpResponse:
    """Shown in the answer itself: nothing keeps them for another page."""
    codes = [readable(code) for code in make_recovery_codes(user=request.user)]
    return render(request, "account/recovery_codes.html", {"codes": codes})


def _end_other_sessions(request: UserRequest, password: str) -> None:
    """A password that is set ends all sessions; this one goes on, under another key."""
    set_password(user=request.user, password=password)
    update_session_auth_hash(request, request.user)
