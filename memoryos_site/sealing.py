"""Secrets at rest: what must not be readable in a copy of the database is sealed with a key that is not in it."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE = b"memoryos.sealing"


class SealBrokenError(Exception):
    """A sealed text is damaged, or was sealed with a secret key that this installation no longer has."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret cannot be read: it was sealed with another SECRET_KEY. Put that key back, "
            "or add it to SECRET_KEY_FALLBACKS."
        )


def seal(text: str) -> str:
    """Return the text encrypted and authenticated, with the present secret key."""
    return _keys().encrypt(text.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """Return what was sealed, with the present secret key or a former one. Raises SealBrokenError."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBrokenError from None


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derived(secret_key: str) -> bytes:
    """Return a key of its own for this purpose: the secret key signs sessions and links, too."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key.encode())
    return base64.urlsafe_b64encode(derived)
