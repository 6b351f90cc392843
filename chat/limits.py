"""How much one person may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from chat.exceptions import TooManyAnswers, TooManyFrames, TooManySockets
from chat.models import Message

_MINUTE = timedelta(minutes=1)


def require_patience(user: User) -> None:
    """Raise TooManyAnswers when a person has begun `CHAT_ANSWERS_PER_MINUTE` answers within the last minute.

    Counted in the database, so that it holds across sockets, conversations and processes.
    """
    since = timezone.now() - _MINUTE
    begun = Message.objects.answers().filter(
        conversation__memory__user=user, conversation__last_message_at__gte=since, created_at__gte=since
    )
    if begun.count() >= settings.CHAT_ANSWERS_PER_MINUTE:
        raise TooManyAnswers


class FrameBudget:
    """A token bucket: `per_minute` frames a minute, and as many at once after a quiet minute."""

    def __init__(self, per_minute: int, now: float) -> None:
        self._capacity = float(per_minute)
        self._left = self._capacity
        self._at = now

    def spend(self, now: float) -> None:
        """Take one frame; `now` is a monotonic clock in seconds. Raises TooManyFrames."""
        self._left = min(self._capacity, self._left + (now - self._at) * self._capacity / 60)
        self._at = now
        if self._left < 1:
            raise TooManyFrames
        self._left -= 1


@dataclass(slots=True)
class _Presence:
    sockets: int
    budget: FrameBudget


class Crowd:
    """The people with sockets open at this process: how many each, and what they share. For one event loop.

    A guard for this process's memory and time, so each process counts its own.
    """

    def __init__(self) -> None:
        self._present: dict[int, _Presence] = {}

    def enter(self, user_id: int, now: float) -> FrameBudget:
        """Count a socket in; return the budget that all sockets of the person share. Raises TooManySockets."""
        presence = self._present.get(user_id)
        if presence is None:
            presence = _Presence(0, FrameBudget(settings.CHAT_FRAMES_PER_MINUTE, now))
        if presence.sockets >= settings.CHAT_SOCKETS_PER_PERSON:
            raise TooManySockets
        presence.sockets += 1
        self._present[user_id] = presence
        return presence.budget

    def leave(self, user_id: int) -> None:
        """Count a socket out."""
        presence = self._present[user_id]
        presence.sockets -= 1
        if not presence.sockets:
            del self._present[user_id]
