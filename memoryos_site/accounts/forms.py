"""The forms of accounts that are not allauth's own."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _


class SignUpForm(SignupForm):
    """Asks for an e-mail address only where it is good for something."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "email" in self.fields:
            self.fields["email"].label = _("E-mail address (optional)")
            self.fields["email"].help_text = _("Only to let you back in when you forget your password.")
        self.fields["password1"].help_text = _("At least 8 characters; not a common password, not only digits.")
        self.fields["password2"].label = _("Password again")

    def _get_signup_fields(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = super()._get_signup_fields(kwargs)
        if not settings.MAIL_IS_ON:
            fields.pop("email", None)
        return fields


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
