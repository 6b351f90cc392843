"""Two web processes on one database, Redis between them: a page on one follows an answer that the other writes."""

import json
import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.chat.redis import redis_server
from tests.chat.test_process import frame_of, socket_of
from tests.openai_server import Behaviour, OpenAIServer
from tests.serving import Product, ProductFactory

pytestmark = pytest.mark.process
TEXT = "One two three four five six seven eight nine ten eleven twelve."


@pytest.fixture
def redis_url(redis_port: int) -> Iterator[str]:
    """A Redis of the test's own."""
    with redis_server(redis_port) as url:
        yield url


def database_url(memoryos: Product) -> str:
    """The address of a product's embedded database: line 5 of postmaster.pid is the folder of its socket."""
    lines = (memoryos.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    return f"postgres://postgres@/memoryos?host={lines[4]}"


def test_a_page_on_another_server_follows_and_stops_an_answer(product: ProductFactory, redis_url: str) -> None:
    with OpenAIServer(Behaviour(text=TEXT, tokens_per_second=8)) as model:
        secret = "shared" * 10
        writer = product(REDIS_URL=redis_url, SECRET_KEY=secret, OPENAI_BASE_URL=model.base_url, MODEL="test-model")
        watcher = product(
            REDIS_URL=redis_url,
            SECRET_KEY=secret,
            DATABASE_URL=database_url(writer),
            arguments=("--no-worker",),
        )
        with writer.client() as here, watcher.client() as there:
            path = re.search(r'data-socket="([^"]+)"', here.get("/new/").text)
            assert path
            with socket_of(writer, here, unescape(path[1])) as wire:
                conversation_id = frame_of(wire, "hello")["conversation_id"]
                wire.send(json.dumps({"type": "watch", "message_id": 0}))
                wire.send(json.dumps({"type": "send", "text": "Hello?", "client_id": "c1"}))
                answer_id = int(frame_of(wire, "delta")["message_id"])
                with socket_of(watcher, there, f"/ws/chat/{conversation_id}/") as other:
                    other.send(json.dumps({"type": "watch", "message_id": answer_id, "offset": 0}))
                    text = ""
                    while "four" not in text:
                        delta = frame_of(other, "delta")
                        assert delta["offset"] == len(text)
                        text += delta["text"]
                    other.send(json.dumps({"type": "stop", "message_id": answer_id}))
                    assert frame_of(other, "done")["status"] == "stopped"
                assert frame_of(wire, "done")["status"] == "stopped"
            assert "four" in there.get(f"/c/{conversation_id}/").text
        watcher.terminate()
