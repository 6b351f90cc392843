"""Waiting for a model that fails for a moment: a measurement of an hour should not end with one dropped connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from memory.exceptions import InvalidConsolidation, ModelError, ModelRefused, ModelUnauthorised

PAUSES = (1.0, 4.0, 16.0)
"""Seconds before the second, third and fourth attempt."""
_PASSING = (ModelError, InvalidConsolidation)
_LASTING = (ModelRefused, ModelUnauthorised)
Result = TypeVar("Result")


def patiently(work: Callable[[], Result], pauses: Sequence[float] = PAUSES) -> Result:
    """Return what the work returns; where a model failed, try again after each pause, then raise.

    What another attempt cannot mend (a refused key, an unknown model) is raised at once.
    """
    for pause in pauses:
        try:
            return work()
        except _LASTING:
            raise
        except _PASSING:
            time.sleep(pause)
    return work()


async def patiently_awaited(work: Callable[[], Awaitable[Result]], pauses: Sequence[float] = PAUSES) -> Result:
    """Do as `patiently` for work that is awaited."""
    for pause in pauses:
        try:
            return await work()
        except _LASTING:
            raise
        except _PASSING:
            await asyncio.sleep(pause)
    return await work()
