"""From the event loop into the database.

Channels' default runs every socket's queries on one thread, so one slow query holds up all sockets; a thread for each
socket lets two hundred idle tabs hold two hundred threads and drain the connection pool. The chat therefore has a few
threads of its own, fewer than the pool has connections, so that it can never starve the pages. Each call gives its
connection back.

What may take long has other threads than what must not wait: recall, the end of an answer (which waits for its memory
while an import or a forgetting holds that), and the leases of all answers.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.conf import settings

Params = ParamSpec("Params")
Result = TypeVar("Result")

RECALLS, ENDINGS = 2, 3
"""Threads for what may take long."""


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    pool = settings.DATABASES["default"].get("OPTIONS", {}).get("pool")
    connections = pool.get("max_size", 4) if isinstance(pool, dict) else 16
    return ThreadPoolExecutor(max_workers=max(1, connections // 3), thread_name_prefix="chat-database")


@lru_cache(maxsize=3)
def _apart(name: str, workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=workers, thread_name_prefix=f"chat-{name}")


async def in_database(function: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
    """Run a synchronous function that uses the ORM on one of the chat's threads and return its result."""
    return await _on(_threads(), function, *args, **kwargs)


async def at_length(function: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
    """Do as `in_database` for what works hard: recall."""
    return await _on(_apart("recall", RECALLS), function, *args, **kwargs)


async def at_the_end(function: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
    """Do as `in_database` for what may have to wait for a memory: the end of an answer."""
    return await _on(_apart("ending", ENDINGS), function, *args, **kwargs)


async def at_once(function: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
    """Do as `in_database` for what nothing may hold up, and which itself waits for nobody: the leases."""
    return await _on(_apart("lease", 1), function, *args, **kwargs)


async def _on(
    threads: ThreadPoolExecutor, function: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs
) -> Result:
    call = database_sync_to_async(function, thread_sensitive=False, executor=threads)
    return await call(*args, **kwargs)
