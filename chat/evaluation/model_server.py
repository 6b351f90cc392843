"""A light model server for the benchmark, a process of its own: `python -m chat.evaluation.model_server`.

It speaks as much of the OpenAI protocol as the product uses, streams answers of known words at a known pace, and
keeps the time at which each request came and each token went, by the clock that all processes of a machine share.

Prints its port and serves until its standard input closes, so that it never outlives whoever started it.

    PUT /plan {"tokens": 1000, "rate": 50}     how long the next answers are, and how many tokens a second they get
    POST /v1/chat/completions                  streamed: an answer; else what a background job asks for
    POST /said {"questions": [...]}            what was said to these questions and when, as JSON; forgotten then
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from uvicorn.loops.auto import auto_loop_factory

from chat.evaluation.model_answers import job_answer
from chat.evaluation.words import length_of, tokens_of

MODEL = "benchmark"
BACKLOG = 256
_EVENT = (
    '{{"id":"chatcmpl-benchmark","object":"chat.completion.chunk","created":1700000000,"model":"benchmark",'
    '"choices":{choices},"usage":{usage}}}'
)


@dataclass(slots=True)
class _Spoken:
    asked_at: int
    tokens: list[str]
    sent_at: list[int] = field(default_factory=list)


class ModelServer:
    """The server's state: the plan and what has been said."""

    def __init__(self) -> None:
        self._tokens, self._rate = 4, 50.0
        self._answers = 0
        self._said: dict[str, _Spoken] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it closes."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked_at = time.monotonic_ns()
                method, path, length = _read_head(head)
                body = json.loads(await reader.readexactly(length)) if length else {}
                await self._answer(method, path, body, asked_at, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client has what it wanted
        finally:
            writer.close()

    async def _answer(self, method: str, path: str, body: Any, asked_at: int, writer: asyncio.StreamWriter) -> None:
        if (method, path) == ("PUT", "/plan"):
            self._tokens, self._rate = int(body["tokens"]), float(body["rate"])
            _send_json(writer, {})
        elif (method, path) == ("POST", "/said"):
            known = [question for question in body["questions"] if question in self._said]
            _send_json(writer, {question: asdict(self._said.pop(question)) for question in known})
        elif path != "/v1/chat/completions":
            _send_json(writer, {"error": {"message": "There is no such thing here."}}, "404 Not Found")
        elif body.get("stream"):
            await self._stream(body, asked_at, writer)
        else:
            _send_json(writer, _completion(body))

    async def _stream(self, body: Any, asked_at: int, writer: asyncio.StreamWriter) -> None:
        number, self._answers = self._answers, self._answers + 1
        spoken = _Spoken(asked_at, tokens_of(number, length_of(number, self._tokens)))
        self._said[body["messages"][-1]["content"]] = spoken
        pause = 1 / self._rate
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        loop = asyncio.get_running_loop()
        began = loop.time()
        for place, token in enumerate(spoken.tokens):
            if (wait := began + place * pause - loop.time()) > 0:
                await asyncio.sleep(wait)
            if writer.is_closing():
                return
            spoken.sent_at.append(time.monotonic_ns())
            _send_event(writer, f'[{{"index":0,"delta":{{"content":"{token}"}},"finish_reason":null}}]')
        _send_event(writer, '[{"index":0,"delta":{},"finish_reason":"stop"}]')
        count = len(spoken.tokens)
        _send_event(writer, "[]", f'{{"prompt_tokens":1,"completion_tokens":{count},"total_tokens":{count + 1}}}')
        _send_chunk(writer, b"data: [DONE]\n\n")
        _send_chunk(writer, b"")


def _read_head(head: bytes) -> tuple[str, str, int]:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    lengths = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")]
    return method, path, int(lengths[0]) if lengths else 0


def _send_event(writer: asyncio.StreamWriter, choices: str, usage: str = "null") -> None:
    _send_chunk(writer, f"data: {_EVENT.format(choices=choices, usage=usage)}\n\n".encode())


def _send_chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


def _send_json(writer: asyncio.StreamWriter, value: object, status: str = "200 OK") -> None:
    data = json.dumps(value).encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)


def _completion(body: Any) -> dict[str, Any]:
    task, prompt = (str(message["content"]) for message in body["messages"][:2])
    message = {"role": "assistant", "content": job_answer(task, prompt)}
    return {
        "id": "chatcmpl-benchmark",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


async def main() -> None:
    """Serve on a free port until standard input closes."""
    server = await asyncio.start_server(ModelServer().serve, "127.0.0.1", 0, backlog=BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(main())
