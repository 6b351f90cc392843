"""Storing the growing texts of all answers that this process writes, together.

Fifty answers stored one by one every 100 ms are 500 statements and commits a second, which cost more processor time
than passing on their words. Together they are ten or twenty.
"""

from __future__ import annotations

import asyncio

from chat.database import at_once
from chat.writing import keep_texts

GATHER_SECONDS = 0.05
"""How long a text waits for others to be stored with it."""

_waiting: dict[int, tuple[str | None, asyncio.Future[bool]]] = {}
_tasks: set[asyncio.Task[None]] = set()


async def keep(answer_id: int, text: str | None) -> bool:
    """Store an answer's text, or with None renew its lease only, together with others that come within a moment.

    False when it is no longer the caller's to write. Raises DatabaseError. For one caller an answer.
    """
    kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    _waiting[answer_id] = (text, kept)
    if len(_waiting) == 1:
        task = asyncio.create_task(_keep_soon(), name="texts to be stored together")
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
    return await kept


async def _keep_soon() -> None:
    try:
        await asyncio.sleep(GATHER_SECONDS)
    finally:
        # Also when the event loop ends: nobody may wait for a task that is gone.
        batch = dict(_waiting)
        _waiting.clear()
    try:
        ours = await at_once(keep_texts, {pk: text for pk, (text, _) in batch.items()})
    except BaseException as error:
        for _, kept in batch.values():
            if not kept.done():
                kept.set_exception(error)
        raise
    for pk, (_, kept) in batch.items():
        if not kept.done():
            kept.set_result(pk in ours)
