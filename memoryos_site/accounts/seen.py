"""Which sessions there are and when they were last used, noted rarely: a page must not wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib.auth import user_logged_in
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

NOTE_SECONDS = 300.0
"""Between two notes of one session by one process."""
_REMEMBERED = 10_000

_noted: dict[str, float] = {}


class SeenMiddleware:
    """Notes that a session is used: one query, at most every five minutes a session and process.

    allauth's own middleware asks and writes at every request, three queries and a transaction.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer first: what the view does to the session counts, and the person does not wait twice."""
        key = request.session.session_key
        response = self.get_response(request)
        if key and request.session.session_key == key and response.status_code < 500 and _is_due(key):
            _remember(key)
            # Whoever was deleted meanwhile has no session to be noted.
            with suppress(IntegrityError):
                if request.user.is_authenticated:
                    note(request, request.user)
        return response


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest | None, user: User, **_: Any) -> None:
    # However somebody signed in: by allauth's pages, the set-up page or in a test.
    if request is not None and request.session.session_key:
        note(request, user)


@receiver(post_delete, sender=Session)
def let_go_of_an_ended_session(instance: Session, **_: Any) -> None:
    # Where somebody was is not kept longer than the session.
    UserSession.objects.filter(session_key=instance.session_key).delete()


def note(request: HttpRequest, user: User) -> None:
    """Store who uses the request's session, from where, with what, and that it is now. One query."""
    key = str(request.session.session_key)
    seen = UserSession(
        session_key=key,
        user=user,
        ip=get_adapter().get_client_ip(request),
        user_agent=request.headers.get("User-Agent", "").replace("\x00", "")[:200],
        last_seen_at=timezone.now(),
    )
    UserSession.objects.bulk_create(
        [seen],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "ip", "user_agent", "last_seen_at"],
    )
    _remember(key)


def _is_due(key: str) -> bool:
    noted = _noted.get(key)
    return noted is None or time.monotonic() - noted >= NOTE_SECONDS


def _remember(key: str) -> None:
    if len(_noted) >= _REMEMBERED:
        _noted.clear()
    _noted[key] = time.monotonic()
