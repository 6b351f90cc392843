"""Two-step sign-in: how its secrets are kept and what an authenticator app shows."""

from __future__ import annotations

import logging

from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from memory.exceptions import KeyUnreadable
from memory.sealing import seal, unseal

logger = logging.getLogger(__name__)


class SecondStepUnreadable(ValidationError):
    """Said at the field for the code; where a page only shows a number, there is none."""

    silent_variable_failure = True


class TwoStepAdapter(DefaultMFAAdapter):
    """Secrets are sealed; apps name the account by its user name."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right, or no longer. Try the one that is shown now."),
    }

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return unseal(encrypted_text)
        except KeyUnreadable as error:
            logger.error("A second step cannot be checked (is SECRET_KEY another one?): %s", error)
            raise SecondStepUnreadable(
                _("Codes cannot be checked: this installation has another secret key now. Tell whoever runs it.")
            ) from error
