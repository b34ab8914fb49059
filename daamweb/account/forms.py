"""Forms that ask for a password: logging in, and proving who one is before something about an account
changes."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, SetPasswordMixin
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.debug import sensitive_variables

from daamweb.account.selectors import device_of
from daamweb.door.logins import forgive
from daamweb.requests import UserRequest


class CodeField(forms.CharField):
    """Six digits of an app, or a recovery code."""

    widget = forms.TextInput(
        attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
    )

    def __init__(self, **kwargs: Any):
        super().__init__(max_length=40, **kwargs)


class LoginForm(AuthenticationForm):
    """One answer to whatever is wrong, so that it tells nobody which accounts there are. Not the admin's own
    form, since somebody in no project may have been invited into one: each page asks who may see it."""

    required_css_class = "required"

    code = CodeField(
        required=False,
        label=pgettext_lazy("second factor", "Code"),
        help_text=gettext_lazy(
            "Only if you have switched on a second factor: the six digits that your app shows, or a recovery "
            "code."
        ),
    )
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": gettext_lazy(
            "These do not fit together. Look at the username, the password (capitals count) and, if you use "
            "codes, the code: each works once, and after a wrong one the next waits a moment."
        ),
    }

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username is not None and password:
            self.user_cache = authenticate(
                self.request,
                username=username,
                password=password,
                otp_token=self.cleaned_data.get("code", ""),
            )
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


class ProofForm(forms.Form):
    """Asks for what one logs in with. Wrong guesses count as those of the login do."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = CodeField(label="Your code", help_text="The six digits that your app shows, or a recovery code.")

    def __init__(self, request: UserRequest, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.request, self.user = request, request.user
        if device_of(self.user) is None:
            del self.fields["code"]

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """The proof comes last: a code works once, so what else is wrong is said first."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            proved = authenticate(
                self.request,
                username=self.user.get_username(),
                password=cleaned["password"],
                otp_token=cleaned.get("code", ""),
            )
            if proved is None:
                raise ValidationError(self.refusal())
            forgive(self.request)
        return cleaned

    def refusal(self) -> str:
        if "code" in self.fields:
            return "The password or the code is not right. Each code works once; wait for the next one."
        return "The password is not right."


def rules() -> str:
    """What a password has to be, as a list."""
    return format_html(
        "<ul>{}</ul>",
        format_html_join("", "<li>{}</li>", ((each,) for each in password_validators_help_texts())),
    )


class PasswordForm(SetPasswordMixin, ProofForm):
    new_password1 = forms.CharField(
        label="New password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=lazy(rules, str)(),
    )
    new_password2 = forms.CharField(
        label="New password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        self.validate_passwords("new_password1", "new_password2")
        self.validate_password_for_user(self.user, "new_password1")
        return super().clean()


class DeviceForm(ProofForm):
    """The proof is that of the device so far, if there is one; the new code, that of the app which has just
    been given the key."""

    new_code = CodeField(label="Code that the app shows now")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "code" in self.fields:
            self.fields["code"].label = "Code of the device that you have, or a recovery code"
            self.fields["code"].help_text = ""
            self.fields["new_code"].label = "Code that the new device shows now"
