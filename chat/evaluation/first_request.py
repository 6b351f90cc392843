"""From a sent frame to the request for the model: the whole from outside, its parts in this process.

The product carries no instruments. The whole is the time between the frame's leaving and the arrival of the request's
headers at the model server. The parts are the product's own functions, called here for other questions about the same
memory; what they leave of the whole is the socket, the event loop and the way to the database's threads.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager

import numpy as np
from django.conf import settings
from django.test.utils import override_settings
from django.utils import timezone
from uvicorn.loops.auto import auto_loop_factory

from chat.access import Seat
from chat.evaluation.arrivals import Arrived
from chat.evaluation.model_client import plan_answers, said_to
from chat.evaluation.model_server import MODEL
from chat.evaluation.page import open_pages
from chat.evaluation.people import Seated
from chat.evaluation.processes import Running
from chat.evaluation.report import FirstRequest, Span
from chat.history import history_of
from chat.models import Conversation, Message
from chat.protocol import parse_frame
from chat.turns import begin_turn
from memory.domain.context import fit_history, prepare_reply, system_turn
from memory.domain.recall import recall
from memory.llm.base import Delta, ReplyRequest
from memory.llm.endpoint import Endpoint
from memory.llm.openai import OpenAIResponder
from memory.models import Memory

ANSWER_TOKENS, RATE = 5, 50.0
PAUSE = 0.25
"""Seconds in which a person reads; the jobs that the answer has queued run meanwhile, as they do in life."""
ANSWER_SECONDS = 30.0
TURN_SECONDS = 12.0
"""After which, on a machine that is busy with other things, fewer questions have to do."""
READ, BEGIN, HISTORY, RECALL, PROMPT, LEAVE = (
    "the frame is read",
    "the turn is begun in the database",
    "its history is read",
    "recall",
    "the prompt is built",
    "the request leaves and arrives",
)


async def ask_one_by_one(
    product: Running, model: Running, seats: list[Seated], questions: list[str]
) -> tuple[list[float], list[str]]:
    """Ask in turn in several conversations; return milliseconds to each request for the model, and what went wrong."""
    await plan_answers(model, ANSWER_TOKENS, RATE)
    asked: dict[str, Arrived] = {}
    async with open_pages(product, seats) as pages:
        until = time.monotonic() + TURN_SECONDS
        for page, question in zip(itertools.cycle(pages), questions, strict=False):
            if time.monotonic() > until:
                break
            asked[question] = await page.ask(question, ANSWER_SECONDS)
            await asyncio.sleep(PAUSE)
    said = await said_to(model, asked)
    times = [(said[one].asked_at - arrived.sent_at) / 1e6 for one, arrived in asked.items() if one in said]
    return times, [fault for page in pages for fault in page.faults]


class Parts:
    """The parts of the way, timed in this process."""

    def __init__(self, model: Running, memory: Memory, seats: list[Seated]) -> None:
        self._model = model
        self._memory = memory
        self._seats = itertools.cycle(seats)
        self._responder = OpenAIResponder(Endpoint(MODEL, f"{model.url}/v1"))
        self._times: dict[str, list[float]] = defaultdict(list)

    def spans(self, warm_up: int) -> dict[str, Span]:
        """Return the figures of each part, without the first `warm_up` questions."""
        return {name: span_of(times[warm_up:]) for name, times in self._times.items()}

    def measure(self, questions: list[str]) -> None:
        """Go the way of a question for each; what that writes is taken back."""
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            for question in questions:
                request = self._prepare(self._memory, next(self._seats), question)
                self._times[LEAVE].append(runner.run(self._leave(request)))

    def _prepare(self, memory: Memory, seated: Seated, question: str) -> ReplyRequest:
        """Do what the consumer and the producer do, in their order."""
        sent = json.dumps({"type": "send", "text": question, "client_id": f"bench-{time.monotonic_ns()}"})
        seat = Seat(seated.user, seated.session, seated.conversation_id)
        head = Conversation.objects.values_list("head", flat=True).get(pk=seated.conversation_id)
        with self._timed(READ):
            frame = parse_frame(sent, settings.CHAT_MESSAGE_MAX_CHARACTERS)
        with override_settings(CHAT_ANSWERS_PER_MINUTE=sys.maxsize), self._timed(BEGIN):
            seat.require_signed_in()
            turn = begin_turn(seat, question, frame.client_id if frame.type == "send" else "")
        try:
            return self._recall(memory, question, turn.answer_id)
        finally:
            answer = Message.objects.select_related("parent").get(pk=turn.answer_id)
            answer.question.delete()
            Conversation.objects.filter(pk=seated.conversation_id).update(head=head)

    def _recall(self, memory: Memory, question: str, answer_id: int) -> ReplyRequest:
        now = timezone.now()
        with self._timed(HISTORY):
            answer = Message.objects.select_related("parent", "conversation__memory__assistant").get(pk=answer_id)
            history = history_of(answer.question)
        with self._timed(RECALL):
            kept = fit_history(history.turns, memory.conf.history_budget)
            shown = frozenset(turn.page_id for turn in kept if turn.page_id is not None)
            recollection = recall(memory, question, now=now, exclude_pages=shown | history.elsewhere)
        with self._timed(PROMPT):
            system_turn(memory, recollection, now)
        return prepare_reply(memory, question, history.turns, now, exclude_pages=history.elsewhere).request

    async def _leave(self, request: ReplyRequest) -> float:
        began = time.monotonic_ns()
        async with aclosing(self._responder.stream(request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Delta):
                    break
        said = await said_to(self._model, [request.question])
        return (said[request.question].asked_at - began) / 1e6

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._times[part].append((time.perf_counter() - began) * 1000)


def span_of(times: list[float]) -> Span:
    """Return the median and the 95th percentile of milliseconds; zeros of none."""
    if not times:
        return Span(0.0, 0.0)
    return Span(*(round(float(value), 2) for value in np.percentile(times, (50, 95))))


def figures_of(pages: int, times: list[float], parts: Mapping[str, Span]) -> FirstRequest:
    """Return the whole with its parts and what they leave of it."""
    whole = span_of(times)
    rest = round(whole.p50 - sum(part.p50 for part in parts.values()), 2)
    return FirstRequest(pages, len(times), whole, parts, rest)
