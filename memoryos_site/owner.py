"""The first account of an installation: its set-up link and its creation, which happens once."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core import signing
from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext

_SALT = "memoryos.setup"
# Advisory locks of this product in its database: a number of our own, then the purpose.
_OWNER_LOCK = (0x6D656D6F, 1)
MIGRATE_LOCK = (0x6D656D6F, 2)


class OwnerExistsError(Exception):
    """An account exists already, so the set-up is over."""


class LastOperatorError(Exception):
    """Somebody who alone runs the installation would leave the others without anybody who does."""

    def __init__(self) -> None:
        super().__init__(gettext("You alone run this installation. Make somebody else a superuser in the admin first."))


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


def require_another_operator(user: User) -> None:
    """Make sure, until the transaction ends, that somebody still runs the installation when this person goes.

    Raises LastOperatorError; not for the only account there is, after which the set-up link holds again.
    """
    _lock()
    others = get_user_model().objects.filter(is_active=True).exclude(pk=user.pk)
    if user.is_superuser and others.exists() and not others.filter(is_superuser=True).exists():
        raise LastOperatorError


def _lock() -> None:
    """Wait for the other transactions that create accounts; the lock ends with this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _OWNER_LOCK)
