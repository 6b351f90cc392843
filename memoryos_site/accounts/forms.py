"""The forms of accounts: allauth's in the product's words, and one of our own."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.mfa.base import forms as code_forms
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from memoryos_site.accounts.signing_up import let_in

_PASSWORD_HELP = _("At least 8 characters; not a common password, not only digits.")
_CODE = _("Code")


class SignUpForm(allauth_forms.SignupForm):
    """Asks for an e-mail address only where it is good for something."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "email" in self.fields:
            self.fields["email"].label = _("E-mail address (optional)")
            self.fields["email"].help_text = _("Only to let you back in when you forget your password.")
        self.fields["password1"].help_text = _PASSWORD_HELP
        self.fields["password2"].label = _("Password again")

    def _get_signup_fields(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = super()._get_signup_fields(kwargs)
        if not settings.MAIL_IS_ON:
            fields.pop("email", None)
        return fields

    def save(self, request: HttpRequest) -> User:
        """Store the person and let them in where they are invited, both or neither. Raises InvitationUnusable."""
        with transaction.atomic():
            user: User = super().save(request)  # type: ignore[assignment]  # the library knows no model of ours
            let_in(request, user)
        return user


class _NewPassword(forms.Form):
    """The labels of a new password, typed twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("New password")
        self.fields["password1"].help_text = _PASSWORD_HELP
        self.fields["password2"].label = _("New password again")


class ChangePasswordForm(_NewPassword, allauth_forms.ChangePasswordForm):
    """The old password and a new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Present password")


class SetPasswordForm(_NewPassword, allauth_forms.SetPasswordForm):
    """A first password."""


class ResetPasswordKeyForm(_NewPassword, allauth_forms.ResetPasswordKeyForm):
    """A new password by a link."""


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """The address to which a link is sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address")


class AuthenticateForm(code_forms.AuthenticateForm):
    """A code, at sign-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _CODE


class ReauthenticateForm(code_forms.ReauthenticateForm):
    """A code, when signed in already."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _CODE


class ActivateForm(totp_forms.ActivateTOTPForm):
    """The first code of an app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _CODE


class DeleteAccountForm(forms.Form):
    """The password once more: an unlocked screen is not enough to lose everything."""

    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        """Count wrong ones as sign-ins are counted."""
        password: str = self.cleaned_data["password"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("incorrect_password")
        return password
