"""The real product as a process, its real sockets, and what is left after it is killed in the middle of an answer."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import httpx2
import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.openai_server import Behaviour, OpenAIServer
from tests.serving import Product, ProductFactory

pytestmark = [pytest.mark.process, pytest.mark.proof]
TEXT = "One two three four five six seven eight nine ten."
# The lease of an answer whose writer died is 5 s, the sweep comes every 1.5 s.
FOUND_OUT = 10.0


@contextmanager
def socket_of(memoryos: Product, client: httpx2.Client, path: str) -> Iterator[ClientConnection]:
    """Open the websocket of a page."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    address = f"ws{memoryos.url[4:]}{path}"
    with connect(address, additional_headers={"Cookie": cookies}, origin=Origin(memoryos.url)) as wire:
        yield wire


def frame_of(wire: ClientConnection, kind: str, timeout: float = 5.0) -> dict[str, Any]:
    """Return the next frame of a kind."""
    while True:
        frame: dict[str, Any] = json.loads(wire.recv(timeout))
        if frame["type"] == kind:
            return frame


def begin(memoryos: Product, client: httpx2.Client) -> tuple[str, int]:
    """Ask a question on a new page until the first words of the answer are there; return its address and answer."""
    found = re.search(r'data-socket="([^"]+)"', client.get("/new/").text)
    assert found
    with socket_of(memoryos, client, unescape(found[1])) as wire:
        conversation_id = frame_of(wire, "hello")["conversation_id"]
        wire.send(json.dumps({"type": "watch", "message_id": 0}))
        wire.send(json.dumps({"type": "send", "text": "Hello?", "client_id": "c1"}))
        while "three" not in (delta := frame_of(wire, "delta"))["text"]:
            continue
    return str(conversation_id), int(delta["message_id"])


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    """A model that says four words and then nothing for ever."""
    with OpenAIServer(Behaviour(text=TEXT, stall_after=8)) as server:
        yield server


def test_kill_in_the_middle_of_an_answer(product: ProductFactory, model: OpenAIServer) -> None:
    memoryos = product(OPENAI_BASE_URL=model.base_url, MODEL="test-model")
    with memoryos.client() as client:
        conversation_id, answer_id = begin(memoryos, client)
        # Longer than the 100 ms after which text is durable.
        time.sleep(0.5)
        memoryos.kill()
        memoryos.restart()
        page = client.get(f"/c/{conversation_id}/").text
        assert "One two three" in page
        with socket_of(memoryos, client, f"/ws/chat/{conversation_id}/") as wire:
            wire.send(json.dumps({"type": "watch", "message_id": answer_id, "offset": 0}))
            done = frame_of(wire, "done", FOUND_OUT)
            assert (done["status"], "One two three" in done["html"]) == ("interrupted", True)
            model.default = Behaviour(text="All of it.")
            wire.send(json.dumps({"type": "regenerate", "message_id": answer_id}))
            assert "<p>All of it.</p>\n" in frame_of(wire, "done")["html"]
        page = client.get(f"/c/{conversation_id}/").text
        assert ("All of it." in page, "2/2" in page, "One two three" in page) == (True, True, False)
        earlier = client.get(f"/c/{conversation_id}/?at={answer_id}").text
        assert "What had been written is kept." in earlier
        assert "One two three" in earlier


def test_an_orderly_end_keeps_the_text_at_once(product: ProductFactory, model: OpenAIServer) -> None:
    memoryos = product(OPENAI_BASE_URL=model.base_url, MODEL="test-model")
    with memoryos.client() as client:
        conversation_id, _ = begin(memoryos, client)
        assert memoryos.terminate() == 0
        memoryos.restart()
        page = client.get(f"/c/{conversation_id}/").text
        assert "One two three" in page
        assert "What had been written is kept." in page
    assert "Traceback" not in memoryos.output
