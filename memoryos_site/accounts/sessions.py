"""The browsers somebody is signed in with: their list, and signing them out from afar."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from chat.signed_in import holds
from memoryos_site.accounts.devices import device_name
from memoryos_site.accounts.seen import NOTE_SECONDS


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its person sees it."""

    pk: int
    device: str
    ip: str
    began_at: datetime
    seen_at: datetime
    is_current: bool
    has_twin: bool = False
    """Whether another one has the same name: the hour tells them apart."""

    @property
    def seen_just_now(self) -> bool:
        """Tell whether it was used as lately as this is noted."""
        return timezone.now() - self.seen_at < timedelta(seconds=NOTE_SECONDS)


def open_sessions(user: User, current_key: str | None) -> list[OpenSession]:
    """Return the sessions that are still signed in: this one first, then those used last. Two queries."""
    noted = list(UserSession.objects.filter(user=user))
    held = _held_keys(user, [each.session_key for each in noted])
    shown = [
        OpenSession(
            pk=each.pk,
            device=device_name(each.user_agent),
            ip=each.ip,
            began_at=each.created_at,
            seen_at=each.last_seen_at,
            is_current=each.session_key == current_key,
        )
        for each in noted
        if each.session_key in held
    ]
    names = Counter(each.device for each in shown)
    shown = [replace(each, has_twin=names[each.device] > 1) for each in shown]
    return sorted(shown, key=lambda each: (each.is_current, each.seen_at), reverse=True)


def end_session(user: User, pk: int) -> None:
    """Sign out one browser; its open chats close (`chat.signing_out`).

    Raises UserSession.DoesNotExist when this person has no such session.
    """
    _end(user, [UserSession.objects.get(user=user, pk=pk).session_key])


def end_other_sessions(user: User, current_key: str | None) -> None:
    """Sign out every browser but this one."""
    others = UserSession.objects.filter(user=user).exclude(session_key=current_key or "")
    _end(user, list(others.values_list("session_key", flat=True)))


def _end(user: User, keys: list[str]) -> None:
    with transaction.atomic():
        Session.objects.filter(session_key__in=keys).delete()
        UserSession.objects.filter(user=user, session_key__in=keys).delete()


def _held_keys(user: User, keys: list[str]) -> set[str]:
    stored = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    found = stored.values_list("session_key", "session_data")
    return {key for key, data in found if holds(data, user.password, user.pk)}
