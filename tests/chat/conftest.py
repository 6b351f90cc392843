"""What the chat's tests share: a person with a memory, a model server, and an orderly end of every producer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
from channels.layers import channel_layers
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from chat import answering
from memory.models import Memory
from tests.memory.factories import MemoryFactory
from tests.openai_server import OpenAIServer


@pytest.fixture
def memory() -> Memory:
    """A memory of a person who is a member of the assistant."""
    return MemoryFactory()


@pytest.fixture
def person(memory: Memory) -> User:
    """Whose memory it is."""
    return memory.user


@pytest.fixture(scope="session")
def _model_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def model(_model_server: OpenAIServer, settings: Settings) -> OpenAIServer:
    """The connected model: a local server that speaks the OpenAI protocol."""
    _model_server.reset()
    settings.OPENAI_BASE_URL = _model_server.base_url
    settings.MODEL = "test-model"
    return _model_server


@pytest.fixture
def redis_port() -> int:
    """A port that is free: nobody answers there until the test starts a Redis."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def live(transactional_db: None) -> AsyncIterator[None]:
    """A running event loop as the server has it: a channel layer of its own, and no answer outlives the test."""
    channel_layers.backends.clear()
    yield
    await answering.shutdown()
    await asyncio.sleep(0)
