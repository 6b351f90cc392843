"""What this product decides where django-allauth asks."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as request_context
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memoryos_site.accounts.signing_up import invitation_of, is_open

logger = logging.getLogger(__name__)

_NOT_SAID = {
    "account/messages/logged_in.txt",
    "account/messages/logged_out.txt",
    "mfa/messages/recovery_codes_generated.txt",
}
"""What everybody sees for themselves."""


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up by invitation, links that lead to PUBLIC_URL, limits that no header gets around."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("Username and password do not match. Check both and try again."),
        "too_many_login_attempts": _("Too many attempts with wrong passwords. Wait a few minutes and try again."),
        "incorrect_password": _("This is not your password."),
        "enter_current_password": _("This is not your present password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return is_open(request)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Return the page of an invitation that did not hold, which says so, else the start page."""
        if token := invitation_of(request):
            return reverse("join", args=[token])
        return super().get_signup_redirect_url(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("settings")

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address of the browser, as far as the proxies that are known tell it.

        A request that came past them, or over a socket file, has the address of who sent it, or none.
        """
        try:
            return super().get_client_ip(request)
        except (ImproperlyConfigured, PermissionDenied):
            return str(request.META.get("REMOTE_ADDR") or "0.0.0.0")

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        if message_template not in _NOT_SAID:
            super().add_message(request, level, message_template, *args, **kwargs)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send an e-mail whose links lead to PUBLIC_URL, whatever host the request named.

        A server that does not take it is the operator's to mend, and says nothing about whether an address is known.
        """
        public = settings.PUBLIC_URL
        if not settings.MAIL_IS_ON or public is None:
            return
        links = {key: _at(public.origin, link) for key, link in context.items() if key.endswith("_url")}
        site = SimpleNamespace(name="MemoryOS", domain=public.netloc)
        try:
            super().send_mail(template_prefix, email, {**context, **links, "current_site": site})
        except (SMTPException, OSError):
            logger.exception("An e-mail could not be sent.")
            said = gettext("The e-mail could not be sent. Tell whoever runs this installation.")
            messages.error(request_context.request, said)

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """Name the ways as the product calls them."""
        words = {"reauthenticate": gettext("Use your password"), "mfa_reauthenticate": gettext("Use a code")}
        found = super().get_reauthentication_methods(user)
        return [{**way, "description": words.get(way["id"], way["description"])} for way in found]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count an attempt for the account at this address, as allauth does, and for the account wherever it comes
        from. Both are taken back when the password is right.
        """
        super().pre_authenticate(request, **credentials)
        key, here = _account_in(credentials), self._login_failed_rl_usage
        anywhere = ratelimit.consume(request, app="allauth.account", action="login_failed_anywhere", key=key)
        if here is None or anywhere is None:
            raise self.validation_error("too_many_login_attempts")
        here.usage += anywhere.usage

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count for each account and address, or strangers would keep somebody out of their account; not, as allauth
        does, for each host, which the request itself names.
        """
        return f"{_account_in(credentials)} {ratelimit.get_ip(request)}"


def _account_in(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email", credentials.get("username", ""))).lower()


def _at(origin: str, link: str) -> str:
    """Return a link with its scheme and host replaced."""
    parts, there = urlsplit(link), urlsplit(origin)
    return parts._replace(scheme=there.scheme, netloc=there.netloc).geturl()
