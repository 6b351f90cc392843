"""Two-step sign-in: how its secrets are kept and what an authenticator app shows."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser

from memoryos_site.sealing import seal, unseal


class TwoStepAdapter(DefaultMFAAdapter):
    """Secrets are sealed; apps name the account by its user name."""

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)
