"""How much one person may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection

from chat.exceptions import TooManyAnswers, TooManyFrames, TooManySockets

_TAKE = """
    INSERT INTO chat_allowance AS mine (user_id, answers_left, counted_at)
    SELECT %(user)s, %(most)s - 1, statement_timestamp() WHERE %(most)s >= 1
    ON CONFLICT (user_id) DO UPDATE SET
        answers_left = LEAST(%(most)s, mine.answers_left + {refilled}) - 1,
        counted_at = GREATEST(mine.counted_at, excluded.counted_at)
    WHERE LEAST(%(most)s, mine.answers_left + {refilled}) >= 1
    RETURNING user_id""".format(
    # Who has waited for the row began before the one who has written it.
    refilled="GREATEST(0, EXTRACT(EPOCH FROM excluded.counted_at - mine.counted_at)) * %(most)s / 60"
)


def take_answer(user: User) -> None:
    """Take one answer from what a person may ask for. Raises TooManyAnswers when nothing is left.

    A token bucket: `CHAT_ANSWERS_PER_MINUTE` at once after a quiet minute, and as many a minute. One row a person, in
    one statement, which keeps it locked until the transaction ends: so it holds across sockets, conversations,
    processes and deletions, and what is rolled back is not counted. To be taken last, after the memory and the
    conversation.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"user": user.pk, "most": float(settings.CHAT_ANSWERS_PER_MINUTE)})
        if cursor.fetchone() is None:
            raise TooManyAnswers


class FrameBudget:
    """A token bucket: `per_minute` frames a minute, and as many at once after a quiet minute."""

    def __init__(self, per_minute: int, now: float) -> None:
        self._capacity = float(per_minute)
        self._left = self._capacity
        self._at = now

    def spend(self, now: float) -> None:
        """Take one frame; `now` is a monotonic clock in seconds. Raises TooManyFrames."""
        self._left, self._at = self._left_at(now), now
        if self._left < 1:
            raise TooManyFrames
        self._left -= 1

    def is_full(self, now: float) -> bool:
        """Tell whether it has come back whole, so that a new one would be the same."""
        return self._left_at(now) >= self._capacity

    def _left_at(self, now: float) -> float:
        return min(self._capacity, self._left + (now - self._at) * self._capacity / 60)


@dataclass(slots=True)
class _Presence:
    sockets: int
    budget: FrameBudget


class Crowd:
    """The people with sockets open at this process: how many each, and what they share. For one event loop.

    A guard for this process's memory and time, so each process counts its own. Of somebody who has closed all sockets
    the budget is kept until it has come back, a minute at most: closing a socket gives nobody a new one.
    """

    def __init__(self) -> None:
        self._present: dict[int, _Presence] = {}

    def enter(self, user_id: int, now: float) -> FrameBudget:
        """Count a socket in; return the budget that all sockets of the person share. Raises TooManySockets."""
        self._let_go(now)
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
        self._present[user_id].sockets -= 1

    def _let_go(self, now: float) -> None:
        """Drop who has left and whose budget has come back: when somebody enters, for only then the crowd grows."""
        gone = [pk for pk, there in self._present.items() if not there.sockets and there.budget.is_full(now)]
        for pk in gone:
            del self._present[pk]
