"""The cache that several web processes share: Redis, and while that is away each process's own memory."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class SharedCache(RedisCache):
    """Nobody is kept from signing in because Redis is away: each process then counts for itself."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._alone = LocMemCache(uuid4().hex, {key: part for key, part in params.items() if key != "OPTIONS"})

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Store what is not there yet; tell whether it was."""
        return bool(self._either(super().add, self._alone.add, *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Return what is there."""
        return self._either(super().get, self._alone.get, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Store."""
        self._either(super().set, self._alone.set, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Let go; tell whether it was there."""
        return bool(self._either(super().delete, self._alone.delete, *args, **kwargs))

    @staticmethod
    def _either(shared: Callable[..., Any], alone: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return shared(*args, **kwargs)
        except RedisError as error:
            logger.warning("Redis does not answer; this process counts sign-ins for itself: %r", error)
            return alone(*args, **kwargs)
