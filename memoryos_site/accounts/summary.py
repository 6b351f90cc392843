"""What the settings page says of an account."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """The states of its parts."""

    mail_is_on: bool
    address: str
    two_step_is_on: bool


def account_summary(user: User) -> AccountSummary:
    """Return the states of an account: one query, with e-mail two."""
    address = ""
    if settings.MAIL_IS_ON:
        addresses = EmailAddress.objects.filter(user=user).order_by("-primary", "-verified")
        address = addresses.values_list("email", flat=True).first() or ""
    return AccountSummary(settings.MAIL_IS_ON, address, is_mfa_enabled(user))
