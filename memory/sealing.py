"""Secrets at rest: encrypted with a key made of the installation's SECRET_KEY, so that a copy of the database alone
opens nothing.

Who changes SECRET_KEY names the former one in SECRET_KEY_FALLBACKS (commas between several): then what was sealed with
it can still be opened.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from memory.exceptions import KeyUnreadable

_PURPOSE = b"memoryos sealed secrets"
"""Keeps these keys apart from whatever else is made of SECRET_KEY."""


def seal(text: str) -> str:
    """Return a text encrypted and signed, in ASCII; each time another one."""
    return _box().encrypt(text.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """Return what was sealed. Raises KeyUnreadable when no key of ours opens it."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise KeyUnreadable from None


def _box() -> MultiFernet:
    return _made_of(str(settings.SECRET_KEY), *(str(secret) for secret in settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _made_of(*secrets: str) -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


def _key(secret: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
