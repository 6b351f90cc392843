"""What the journeys share: a model server, one product a module, a tab at a new conversation or at the dashboard.

A module that needs another product has fixtures of its own by these names.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from tests.browser.chat_page import ChatPage
from tests.browser.dashboard_page import DashboardPage
from tests.openai_server import OpenAIServer
from tests.serving import PASSWORD, Product, ProductFactory, manage, sign_in

PEOPLE = [f"person-{number}" for number in range(20)]
ENROL = f"""
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User

password = make_password({PASSWORD!r})
User.objects.bulk_create(User(username=name, password=password) for name in {PEOPLE!r})
"""


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


@pytest.fixture(scope="module")
def newcomers(memoryos: Product) -> Iterator[str]:
    """People with nothing in their memory; each journey through a dashboard is another one's."""
    enrolled = manage(memoryos.data_dir, "shell", "-c", ENROL)
    assert enrolled.returncode == 0, enrolled.stderr
    return iter(PEOPLE)


@pytest.fixture
def newcomer(memoryos: Product, newcomers: Iterator[str]) -> str:
    """The session of somebody who is new here."""
    with memoryos.client(signed_in=False) as client:
        return sign_in(client, username=next(newcomers)).cookies["memoryos_session"]


@pytest.fixture
def dashboard(page: Page, memoryos: Product, newcomer: str) -> DashboardPage:
    """A tab of a newcomer's."""
    page.context.add_cookies([{"name": "memoryos_session", "value": newcomer, "url": memoryos.url}])
    return DashboardPage(page, memoryos)
