"""`manage.py password_link`: a way back in where no e-mail is sent, or the address is lost, too."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from memoryos_site.environment import text


class Command(BaseCommand):
    help = (
        "Print a link with which somebody sets a new password. It works once and for a day; whoever has it can do so, "
        "so give it to nobody else. Their devices are signed out when they use it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="the account's user name")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no account of the name {name!r}.")
        if not user.is_active:
            raise CommandError(f"The account {name!r} is closed: open it in the admin first.")
        hours = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT) // timedelta(hours=1)
        self.stderr.write(f"For {name}, once, within {hours} hours:")
        self.stdout.write(_address() + reset_path(user))


def reset_path(user: User) -> str:
    """Return the path of the page on which this person sets a new password."""
    key = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    return reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), key])


def _address() -> str:
    return settings.PUBLIC_URL.origin if settings.PUBLIC_URL else f"http://localhost:{text('PORT', '8000')}"
