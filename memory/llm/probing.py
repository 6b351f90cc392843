"""Trying a model's server: is it there, which models has it, does it answer, write JSON, how wide are its vectors.

Everything is asked as the adapters ask it, so that what works here works there. Each step has its own bound in time,
and all of them together have one: a server that drips is given up, too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2

from memory import exceptions as errors
from memory.llm.base import Delta, ReplyRequest, Turn, Usage
from memory.llm.endpoint import Endpoint
from memory.llm.findings import Fault, Form, Mark, Probe, Step
from memory.llm.loose_json import read_object
from memory.llm.openai import (
    CALL_ERRORS,
    FORMATS,
    REQUEST_FAULTS,
    OpenAIResponder,
    async_client,
    completion_body,
    completion_text,
    model_error,
    usage_of,
)
from memory.llm.prompts import PROBE_TASK

OVERALL_SECONDS = 30.0
LIST_SECONDS = 8.0
ANSWER_SECONDS = 20.0
JSON_SECONDS = 15.0
EMBEDDING_SECONDS = 8.0
SLOW_SECONDS = 5.0
"""Until the first words; who waits longer for an answer will not enjoy the chat."""
MOST_MODELS = 1000
MOST_CHARACTERS = 200
"""Of a test's answer are read; a model that talks on is left."""
LONGEST_NAME = 200
HELLO = "Say hello in one short sentence."
_PROBE = 'Answer with a JSON object that has one field, "answer", whose value is the number of legs of a spider.'
_SCHEMA = {
    "name": "probe",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {"answer": {"type": "integer"}},
        "required": ["answer"],
        "additionalProperties": False,
    },
}


_HOPELESS = (errors.ModelUnreachable, errors.ModelUnauthorised, errors.ModelTimedOut)
"""After such an answer to the first, simplest question nothing else is asked."""


async def probe(endpoint: Endpoint, embedding_model: str = "", *, seconds: float = OVERALL_SECONDS) -> Probe:
    """Try a server within `seconds`. Raises nothing that the server does; the endpoint's own timeout is not asked."""
    until = time.monotonic() + seconds
    listing = await _step(_list, endpoint, LIST_SECONDS, until)
    if listing.fault is Fault.NO_API or isinstance(listing.error, _HOPELESS):
        return Probe(listing, embedding=Step() if embedding_model else None)
    answer = await _step(_answer, endpoint, ANSWER_SECONDS, until)
    if answer.mark in (Mark.GOOD, Mark.WARNING) and endpoint.model not in listing.models and listing.models:
        listing = replace(listing, mark=Mark.WARNING, fault=Fault.NOT_LISTED)
    structured = Step() if answer.mark is Mark.BAD else await _step(_structured, endpoint, JSON_SECONDS, until)
    embedding = None
    if embedding_model:
        embedding = await _step(_embed, replace(endpoint, model=embedding_model), EMBEDDING_SECONDS, until)
    return Probe(listing, answer, structured, embedding)


async def list_models(endpoint: Endpoint, *, seconds: float = LIST_SECONDS) -> Step:
    """Ask a server for its models alone."""
    return await _step(_list, endpoint, seconds, time.monotonic() + seconds)


async def _step(ask: Callable[[Endpoint], Awaitable[Step]], endpoint: Endpoint, seconds: float, until: float) -> Step:
    began = time.monotonic()
    seconds = min(seconds, until - began)
    if seconds <= 0:
        return Step()
    try:
        async with asyncio.timeout(seconds):
            step = await ask(replace(endpoint, timeout=seconds))
    except TimeoutError:
        step = _failed(errors.ModelTimedOut(f"{errors.ModelTimedOut.message} (model {endpoint.model})"))
    except errors.ModelError as error:
        step = _failed(error)
    return replace(step, duration_ms=_ms_since(began))


def _failed(error: errors.ModelError) -> Step:
    return Step(Mark.BAD, error=error, usage=error.usage or Usage())


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


@asynccontextmanager
async def _calling(endpoint: Endpoint) -> AsyncIterator[Any]:
    """Open a client; its errors become ours."""
    try:
        async with async_client(endpoint) as client:
            yield client
    except CALL_ERRORS as error:
        raise model_error(error, endpoint) from None


async def _read(response: httpx2.Response) -> object:
    """Return the JSON of an answer. In a thread: it may be megabytes, and the event loop is everybody's."""
    return await asyncio.to_thread(response.json)


async def _list(endpoint: Endpoint) -> Step:
    try:
        async with _calling(endpoint) as client:
            answer = await _read(await client.get("/models", cast_to=httpx2.Response))
    except errors.ModelRefused:
        # Not every server has a list.
        return Step(Mark.WARNING, Fault.NO_LIST)
    except errors.ModelMalformedAnswer:
        return Step(Mark.BAD, Fault.NO_API)
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        return Step(Mark.BAD, Fault.NO_API)
    return Step(Mark.GOOD, models=_names(rows))


def _names(rows: Sequence[object]) -> tuple[str, ...]:
    """Return the models' names in order; what is none is left out."""
    told = (row.get("id") for row in rows[:MOST_MODELS] if isinstance(row, dict))
    return tuple(sorted({name for name in told if isinstance(name, str) and _is_name(name)}))


def _is_name(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()


async def _answer(endpoint: Endpoint) -> Step:
    request = ReplyRequest(question=HELLO, turns=[Turn("user", HELLO)], recalled=(), now=datetime.now(UTC))
    began = time.monotonic()
    first: float | None = None
    usage, text = Usage(), ""
    async with aclosing(OpenAIResponder(endpoint).stream(request)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Delta):
                first = first or time.monotonic()
                text += piece.text
            else:
                usage = piece
            if len(text) > MOST_CHARACTERS:
                break
    if first is None:
        raise errors.ModelEmptyAnswer
    slow = first - began > SLOW_SECONDS
    return Step(
        Mark.WARNING if slow else Mark.GOOD,
        Fault.SLOW if slow else None,
        first_token_ms=round((first - began) * 1000),
        tokens_per_second=_rate(usage, text, time.monotonic() - first),
        usage=usage,
    )


def _rate(usage: Usage, text: str, seconds: float) -> float | None:
    """Return tokens a second after the first; None where it was over at once."""
    told = usage.tokens_out
    # Of a model that thinks first, the server counts what nobody was shown, too.
    tokens = (told if told is not None and told <= len(text) else len(text) / 4) - 1
    return tokens / seconds if tokens > 0 and seconds > 0.001 else None


async def _structured(endpoint: Endpoint) -> Step:
    """Find the strictest form that the server takes, as the consolidator does, and whether it then writes JSON."""
    turns: list[Any] = [{"role": "system", "content": PROBE_TASK}, {"role": "user", "content": _PROBE}]
    async with _calling(endpoint) as client:
        for form in FORMATS:
            try:
                body = completion_body(endpoint, turns, form, _SCHEMA)
                completion = await _read(await client.post("/chat/completions", body=body, cast_to=httpx2.Response))
            except CALL_ERRORS as error:
                if form != FORMATS[-1] and getattr(error, "status_code", None) in REQUEST_FAULTS:
                    continue
                raise
            return await asyncio.to_thread(_judged, completion, form)
    raise AssertionError("the last form either returns or raises")


def _judged(completion: object, form: Form) -> Step:
    usage = usage_of(completion)
    try:
        said = read_object(completion_text(completion))
    except (errors.ModelMalformedAnswer, errors.ModelEmptyAnswer):
        said = {}
    if "answer" not in said:
        return Step(Mark.WARNING, Fault.NO_JSON, usage=usage)
    return Step(Mark.GOOD, form=form, usage=usage)


async def _embed(endpoint: Endpoint) -> Step:
    async with _calling(endpoint) as client:
        body = {"model": endpoint.model, "input": [HELLO], "encoding_format": "float"}
        answer = await _read(await client.post("/embeddings", body=body, cast_to=httpx2.Response))
    data = answer.get("data") if isinstance(answer, dict) else None
    first = data[0] if isinstance(data, list) and data else None
    vector = first.get("embedding") if isinstance(first, dict) else None
    if not isinstance(vector, list) or not vector:
        raise errors.ModelMalformedAnswer(usage=usage_of(answer))
    return Step(Mark.GOOD, width=len(vector), usage=usage_of(answer))
