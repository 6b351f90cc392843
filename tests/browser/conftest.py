"""What the journeys through the chat share: a model server, one product a module, and a tab at a new conversation.

A module that needs another product has fixtures of its own by these names.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from tests.browser.chat_page import ChatPage
from tests.openai_server import OpenAIServer
from tests.serving import Product, ProductFactory


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    """The model server of all journeys of this module."""
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def memoryos(model: OpenAIServer) -> Iterator[Product]:
    """One product for all journeys of this module: each begins a conversation of its own."""
    factory = ProductFactory(Path(os.environ["MEMORYOS_TEST_DIR"]) / f"product-{uuid4().hex[:8]}")
    # Room enough for every page of these tests: no background job may take a behaviour meant for an answer.
    yield factory(
        OPENAI_BASE_URL=model.base_url, MODEL="test-model", MODEL_TIMEOUT="5", MEMORYOS_SHORT_TERM_CAPACITY="500"
    )
    factory.close()


@pytest.fixture(scope="module")
def session(memoryos: Product) -> str:
    """The session of the person, signed in once for all journeys."""
    with memoryos.client() as client:
        return client.cookies["memoryos_session"]


@pytest.fixture
def chat(page: Page, memoryos: Product, session: str, model: OpenAIServer) -> ChatPage:
    """A tab at a new conversation, and a model that has forgotten the test before."""
    model.reset()
    page.context.add_cookies([{"name": "memoryos_session", "value": session, "url": memoryos.url}])
    chat = ChatPage(page, memoryos)
    chat.new()
    return chat
