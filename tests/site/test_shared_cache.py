"""The cache of several web processes, with a Redis and without one."""

import socket

import pytest

from memoryos_site.shared_cache import SharedCache
from tests.chat.redis import redis_server


@pytest.fixture
def redis_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cache_at(port: int) -> SharedCache:
    return SharedCache(f"redis://127.0.0.1:{port}/0", {"KEY_PREFIX": "x", "OPTIONS": {"socket_connect_timeout": 1}})


def test_each_process_counts_for_itself_while_redis_is_away(redis_port: int) -> None:
    one, other = cache_at(redis_port), cache_at(redis_port)
    assert one.add("attempts", 1, 60)
    assert not one.add("attempts", 2, 60)
    assert one.get("attempts") == 1
    assert other.get("attempts", "none") == "none"
    one.set("attempts", 3, 60)
    assert one.delete("attempts")
    assert one.get("attempts") is None


def test_processes_count_together_while_it_is_there(redis_port: int) -> None:
    with redis_server(redis_port):
        one, other = cache_at(redis_port), cache_at(redis_port)
        assert one.add("attempts", 1, 60)
        assert not other.add("attempts", 2, 60)
        assert other.get("attempts") == 1
        other.set("attempts", 5, 60)
        assert one.get("attempts") == 5
    # It went away meanwhile.
    assert one.get("attempts") is None
    assert one.add("attempts", 1, 60)
