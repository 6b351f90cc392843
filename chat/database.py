"""From the event loop into the database.

Channels' default runs every socket's queries on one thread, so one slow query holds up all sockets; a thread for each
socket lets two hundred idle tabs hold two hundred threads and drain the connection pool. The chat therefore has a few
threads of its own, fewer than the pool has connections, so that it can never starve the pages. Each call gives its
connection back.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.conf import settings

Params = ParamSpec("Params")
Result = TypeVar("Result")


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    pool = settings.DATABASES["default"].get("OPTIONS", {}).get("pool")
    connections = pool.get("max_size", 4) if isinstance(pool, dict) else 16
    return ThreadPoolExecutor(max_workers=max(1, connections // 2), thread_name_prefix="chat-database")


async def in_database(function: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
    """Run a synchronous function that uses the ORM on one of the chat's threads and return its result."""
    call = database_sync_to_async(function, thread_sensitive=False, executor=_threads())
    return await call(*args, **kwargs)


@lru_cache(maxsize=1)
def _long_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="chat-recall")


async def at_length(function: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
    """Do as `in_database` for what takes long, recall, on threads of its own: leases are renewed on the others."""
    call = database_sync_to_async(function, thread_sensitive=False, executor=_long_threads())
    return await call(*args, **kwargs)
