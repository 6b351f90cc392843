"""The first account of an installation: its set-up link and its creation, which happens once."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core import signing
from django.db import connection, transaction
from django.urls import reverse

_SALT = "memoryos.setup"
# Advisory locks of this product in its database: a number of our own, then the purpose.
_OWNER_LOCK = (0x6D656D6F, 1)
MIGRATE_LOCK = (0x6D656D6F, 2)


class OwnerExistsError(Exception):
    """An account exists already, so the set-up is over."""


def has_account() -> bool:
    """Tell whether anybody can sign in."""
    return get_user_model().objects.exists()


def setup_link(address: str) -> str:
    """Return the link to the set-up page; only this installation's secret key makes valid ones."""
    return address + reverse("setup", args=[signing.dumps("owner", salt=_SALT)])


def setup_token_is_valid(token: str) -> bool:
    """Tell whether the token was made by this installation."""
    try:
        return bool(signing.loads(token, salt=_SALT) == "owner")
    except signing.BadSignature:
        return False


def create_owner(*, username: str, password: str) -> User:
    """Create the first account, a superuser, under a database lock: of two at once one wins.

    Raises OwnerExistsError when there is an account.
    """
    with transaction.atomic():
        _lock()
        if has_account():
            raise OwnerExistsError
        return get_user_model().objects.create_superuser(username, password=password)


def ensure_superuser(*, username: str, password: str) -> None:
    """Create a superuser unless there is an account of that name, whatever other accounts exist."""
    with transaction.atomic():
        _lock()
        if not get_user_model().objects.filter(username=username).exists():
            get_user_model().objects.create_superuser(username, password=password)


def _lock() -> None:
    """Wait for the other transactions that create accounts; the lock ends with this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _OWNER_LOCK)
