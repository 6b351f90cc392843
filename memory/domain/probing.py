"""Trying a connection before it is saved: so many times a minute, and what it costs in the ledger."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection

from memory.domain.connections import key_of
from memory.domain.ledger import note_where_it_stands
from memory.enums import Outcome, Purpose
from memory.exceptions import KeyUnreadable, TooManyTests
from memory.llm import Endpoint
from memory.llm.findings import Probe, Step
from memory.models import Assistant, ModelConnection

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

PER_MINUTE = 10
_MINUTE = 60.0


class Pace:
    """What each person may try a minute, at this process: nobody is to search a network for open ports by tests."""

    def __init__(self, per_minute: int = PER_MINUTE) -> None:
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._done: dict[int, deque[float]] = {}

    def take(self, user_id: int, now: float) -> None:
        """Count one; `now` is a monotonic clock in seconds. Raises TooManyTests."""
        with self._lock:
            for person in [person for person, times in self._done.items() if times[-1] <= now - _MINUTE]:
                del self._done[person]
            times = self._done.setdefault(user_id, deque(maxlen=self._per_minute))
            if len(times) == self._per_minute and times[0] > now - _MINUTE:
                raise TooManyTests
            times.append(now)


pace = Pace()


def key_to_try(stored: ModelConnection | None, base_url: str, typed: str, *, no_key: bool) -> tuple[str, bool]:
    """Return the key for a test, and whether a stored one was held back: it is sent to the address it was stored with,
    to no other. One that cannot be read is held back, too.
    """
    if typed or no_key or stored is None or not stored.sealed_key:
        return ("" if no_key else typed), False
    if stored.base_url != base_url:
        return "", True
    try:
        return key_of(stored), False
    except KeyUnreadable:
        return "", True


def try_connection(assistant: Assistant | None, endpoint: Endpoint, embedding_model: str, by: User) -> Probe:
    """Try a server, half a minute at most, outside any transaction; then note the calls in the assistant's ledger, for
    the installation (None) in the log. Raises TooManyTests.
    """
    pace.take(by.pk, time.monotonic())
    from memory.llm.probing import probe

    found = _awaited(lambda: probe(endpoint, embedding_model))
    _note(assistant, found.answer, endpoint.model)
    _note(assistant, found.structured, endpoint.model)
    if found.embedding is not None:
        _note(assistant, found.embedding, embedding_model)
    return found


def models_at(endpoint: Endpoint, by: User) -> Step:
    """Ask a server which models it has; costs nothing there. Raises TooManyTests."""
    pace.take(by.pk, time.monotonic())
    from memory.llm.probing import list_models

    return _awaited(lambda: list_models(endpoint))


def _awaited(call: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    if not connection.in_atomic_block:
        # Others may use it while we wait.
        connection.close()

    async def run() -> Result:
        return await call()

    return async_to_sync(run)()


def _note(assistant: Assistant | None, step: Step, model: str) -> None:
    if not step.was_paid:
        return
    outcome = step.error.outcome if step.error else Outcome.OK
    if assistant is None:
        logger.info("Test of the installation's model %s: %s, %s", model, outcome, step.usage)
        return
    try:
        note_where_it_stands(
            assistant,
            purpose=Purpose.TEST,
            model=model,
            usage=step.usage,
            duration_ms=step.duration_ms,
            outcome=outcome,
            detail=str(step.error or ""),
        )
    except Assistant.DoesNotExist:
        logger.info("The assistant of a test was deleted meanwhile")
