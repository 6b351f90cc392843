"""A local HTTP server that speaks the OpenAI protocol, well or badly, so that tests run the real client.

    with OpenAIServer() as server:
        settings.OPENAI_BASE_URL = server.base_url
        server.queue(Behaviour(status=429), Behaviour(text="Hello"))

Each request takes the next queued `Behaviour`, else `server.default`. Without a text of its own a behaviour
answers by itself: chat gets `DEFAULT_REPLY`, the two tasks of `memory.llm.prompts` get valid JSON made of
their pages.
"""

import json
import math
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from chat.title_prompt import TITLE_TASK
from memory.llm.prompts import PROBE_TASK, PROMOTION_TASK, SUMMARY_TASK, TRANSFER_TASK
from tests.openai_answers import (
    DEFAULT_REPLY,
    answer_text,
    embedding_list,
    envelope,
    pieces_of,
    refused_field,
    usage_of,
)

__all__ = ["DEFAULT_REPLY", "Behaviour", "OpenAIServer", "RecordedRequest"]

_OUR_TASKS = (PROBE_TASK, TRANSFER_TASK, PROMOTION_TASK, SUMMARY_TASK, TITLE_TASK)
ERROR_SECRET = "internal-detail-of-the-server"
"""Stands in every error body: no message shown to a person may hold it."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one request is answered; the defaults answer well and at once."""

    text: str | None = None
    """The answer; None answers by itself, "" is an empty answer."""
    status: int = 200
    error_body: str | None = None
    """The body of an error status in place of the usual JSON."""
    tokens_per_second: float = math.inf
    first_byte_after: float = 0.0
    """Seconds before the response begins."""
    stall_after: int | None = None
    """After so many pieces nothing more comes until the client goes."""
    cut_after: int | None = None
    """After so many pieces the socket is closed in the middle of the body."""
    end_after: int | None = None
    """After so many pieces the body ends in good order, without finish_reason and [DONE]."""
    malformed_after: int | None = None
    """After so many pieces comes an event whose data is no JSON."""
    error_event_after: int | None = None
    """After so many pieces comes an event that reports an error, as OpenRouter and vLLM send."""
    done: bool = True
    """False leaves out the closing [DONE]."""
    finish_reason: str | None = "stop"
    usage: bool = True
    reasoning: str = ""
    """Sent first, as `reasoning_content` deltas."""
    location: str | None = None
    """Where the client is sent instead, by a 307."""
    models: tuple[str, ...] = ("test-model",)
    """What the list of models names."""
    rejects: frozenset[str] = frozenset()
    """Fields, or values of response_format.type, that are answered with 400."""
    content_type: str = "text/event-stream"
    raw_body: str | None = None
    """Sent as the whole body of a 200 in place of any protocol."""
    embeddings: Any = None
    """The `data` of an embeddings answer in place of the right one."""


@dataclass(slots=True)
class RecordedRequest:
    """What one request brought, and whether its client stayed to the end."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    disconnected: threading.Event = field(default_factory=threading.Event)
    """Set when the client went before the answer was whole."""

    @property
    def text(self) -> str:
        """All message contents as one text, to look for words in."""
        return "\n".join(str(message.get("content")) for message in self.body.get("messages", []))


class OpenAIServer:
    """The server; a context manager. Any thread may change its behaviour while it runs."""

    def __init__(self, default: Behaviour | None = None) -> None:
        self.default = default or Behaviour()
        self.requests: list[RecordedRequest] = []
        self._queued: deque[Behaviour] = deque()
        self._queued_titles: deque[Behaviour] = deque()
        self._sockets: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._http = _HTTPServer(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    @property
    def disconnects(self) -> int:
        """Requests whose client went before the answer was whole."""
        return sum(request.disconnected.is_set() for request in self.requests)

    @property
    def chats(self) -> list[RecordedRequest]:
        """The completions asked for by people's messages, without the background tasks."""
        asked = [request for request in self.requests if request.path == "/v1/chat/completions"]
        return [request for request in asked if not any(task in request.text for task in _OUR_TASKS)]

    def queue(self, *behaviours: Behaviour) -> None:
        """Answer the next requests so, one each, whatever they ask."""
        with self._changed:
            self._queued.extend(behaviours)

    def queue_titles(self, *behaviours: Behaviour) -> None:
        """Answer the next wishes for a title so; they come in the background and take no other behaviour."""
        with self._changed:
            self._queued_titles.extend(behaviours)

    @property
    def titles(self) -> list[RecordedRequest]:
        """The wishes for a title."""
        return [request for request in self.requests if TITLE_TASK in request.text]

    def wait_for_requests(self, count: int = 1, timeout: float = 5.0) -> list[RecordedRequest]:
        """Return all requests once there are so many; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, timeout):
                raise TimeoutError(f"{len(self.requests)} of {count} requests came")
            return list(self.requests)

    def reset(self) -> None:
        """Forget requests and behaviours, for the next test."""
        with self._changed:
            self.requests.clear()
            self._queued.clear()
            self._queued_titles.clear()
            self.default = Behaviour()

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and end every thread."""
        self._http.shutdown()
        with self._changed:
            sockets = list(self._sockets)
        for connection in sockets:
            _shut(connection)
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def take_behaviour(self, request: RecordedRequest) -> Behaviour:
        """Record the request and return how to answer it."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            if request.body and TITLE_TASK in request.text:
                return self._queued_titles.popleft() if self._queued_titles else Behaviour()
            return self._queued.popleft() if self._queued else self.default

    def track(self, connection: socket.socket, *, is_open: bool) -> None:
        """Remember a connection so that `stop` can close it."""
        with self._changed:
            (self._sockets.add if is_open else self._sockets.discard)(connection)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # The client was quicker.


class _HTTPServer(ThreadingHTTPServer):
    # Waits for its threads when closed: no test leaves one behind.
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, owner: OpenAIServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)


class _ClientGoneError(Exception):
    """The client closed the connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _HTTPServer

    def setup(self) -> None:
        super().setup()
        self.server.owner.track(self.connection, is_open=True)

    def finish(self) -> None:
        super().finish()
        self.server.owner.track(self.connection, is_open=False)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers.get("content-length", 0)))))

    def _answer(self, body: Any) -> None:
        request = RecordedRequest(
            self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body
        )
        behaviour = self.server.owner.take_behaviour(request)
        try:
            self._wait(behaviour.first_byte_after)
            self._route(request, behaviour)
        except (_ClientGoneError, ConnectionError):
            request.disconnected.set()
            self.close_connection = True

    def _route(self, request: RecordedRequest, behaviour: Behaviour) -> None:
        if behaviour.location is not None:
            self._send(307, "", "text/plain", {"location": behaviour.location})
        elif behaviour.status != 200:
            self._send_error(behaviour.status, behaviour.error_body)
        elif behaviour.raw_body is not None:
            self._send(200, behaviour.raw_body, behaviour.content_type)
        elif refused := refused_field(request.body, behaviour.rejects):
            self._send_error(400, json.dumps({"error": {"message": f"{refused} unsupported; {ERROR_SECRET}"}}))
        elif request.path == "/v1/models":
            self._send_json({"object": "list", "data": [{"id": name, "object": "model"} for name in behaviour.models]})
        elif request.path == "/v1/embeddings":
            self._send_json(embedding_list(request.body, behaviour.embeddings))
        elif request.path != "/v1/chat/completions":
            self._send_error(404, None)
        elif request.body.get("stream"):
            self._stream(request.body, behaviour)
        else:
            self._complete(request.body, behaviour)

    def _wait(self, seconds: float) -> None:
        """Sleep, unless the client goes meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([self.connection], [], [], min(left, 60.0))
            if ready and not self.connection.recv(1, socket.MSG_PEEK):
                raise _ClientGoneError

    def _send(self, status: int, body: str, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_json(self, value: object) -> None:
        self._send(200, json.dumps(value), "application/json")

    def _send_error(self, status: int, body: str | None) -> None:
        error = {"error": {"message": f"{ERROR_SECRET}: status {status}", "type": "error", "code": None}}
        self._send(status, json.dumps(error) if body is None else body, "application/json")

    def _complete(self, body: dict[str, Any], behaviour: Behaviour) -> None:
        text = _text(body, behaviour)
        pieces = pieces_of(text)
        if behaviour.stall_after is not None:
            self._wait(math.inf)
        self._wait(len(pieces) / behaviour.tokens_per_second)
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": behaviour.finish_reason}
        answer = envelope(body, "chat.completion", [choice])
        if behaviour.usage:
            answer["usage"] = usage_of(body, pieces)
        written = json.dumps(answer)
        if behaviour.cut_after is None:
            self._send(200, written, "application/json")
            return
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written[: len(written) // 2].encode())
        self.close_connection = True

    def _stream(self, body: dict[str, Any], behaviour: Behaviour) -> None:
        self.send_response(200)
        self.send_header("content-type", behaviour.content_type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self._delta(body, {"role": "assistant", "content": ""})
        for piece in pieces_of(behaviour.reasoning):
            self._delta(body, {"reasoning_content": piece})
        pieces = pieces_of(_text(body, behaviour))
        for sent in range(len(pieces) + 1):
            if self._breaks(behaviour, sent):
                return
            if sent < len(pieces):
                self._delta(body, {"content": pieces[sent]})
                self._wait(1 / behaviour.tokens_per_second)
        self._delta(body, {}, behaviour.finish_reason)
        if behaviour.usage and (body.get("stream_options") or {}).get("include_usage"):
            end = envelope(body, "chat.completion.chunk", [])
            self._event(json.dumps(end | {"usage": usage_of(body, pieces)}))
        if behaviour.done:
            self._event("[DONE]")
        self._chunk(b"")

    def _breaks(self, behaviour: Behaviour, sent: int) -> bool:
        """Do what is to go wrong after so many pieces; say whether the answer is over."""
        if sent == behaviour.stall_after:
            self._wait(math.inf)
        if sent == behaviour.malformed_after:
            self._event('{"choices": [{"delta": {"content": "half')
        if sent == behaviour.error_event_after:
            self._event(json.dumps({"error": {"message": ERROR_SECRET, "code": 500}}))
        if sent == behaviour.cut_after:
            self.close_connection = True
            return True
        if sent == behaviour.end_after:
            self._chunk(b"")
            return True
        return False

    def _delta(self, body: dict[str, Any], delta: dict[str, str], finish_reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        self._event(json.dumps(envelope(body, "chat.completion.chunk", [choice])))

    def _event(self, data: str) -> None:
        self._chunk(f"data: {data}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def _text(request: dict[str, Any], behaviour: Behaviour) -> str:
    return answer_text(request) if behaviour.text is None else behaviour.text
