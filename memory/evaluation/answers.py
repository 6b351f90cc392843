"""Answers: the connected model answers the questions with what memory recalls, and is scored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from memory.domain.context import prepare_reply
from memory.evaluation.evidence import last_moment
from memory.evaluation.locomo import Question
from memory.evaluation.patience import patiently_awaited
from memory.evaluation.scoring import answer_bleu1, answer_f1
from memory.llm.base import Delta, ReplyRequest, Responder, Turn, Usage
from memory.models import Memory

CONCURRENT = 4
"""Questions asked at once: a measurement may be quicker than a chat, and a small server still keeps up."""
SHORT = """\
Answer in as few words as possible: only the name, number, date or phrase that is asked for, in the words of the
conversation where you can. No sentence and no explanation. Write a date like 7 May 2023."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said to a question, its scores (0..1) and what the call took."""

    question: Question
    text: str
    f1: float
    bleu1: float
    usage: Usage


def answer_questions(
    memory: Memory, questions: Sequence[Question], responder: Responder, progress: Callable[[int], None]
) -> list[Answer]:
    """Answer each question in a conversation of its own, asked when the last page was said; one model call each.

    Recall uses the assistant's own budget. Raises ModelError when the model keeps failing.
    """
    now = last_moment(memory)
    requests = [_short(prepare_reply(memory, question.text, (), now).request) for question in questions]
    replies = asyncio.run(_ask_all(responder, requests, progress))
    return [
        Answer(
            question,
            text,
            answer_f1(text, question.answer, question.category),
            answer_bleu1(text, question.answer, question.category),
            usage,
        )
        for question, (text, usage) in zip(questions, replies, strict=True)
    ]


def _short(request: ReplyRequest) -> ReplyRequest:
    """The chat's own prompt; only its last turn asks for a short answer, which recall knows nothing of."""
    asked = Turn("user", f"{request.question}\n\n{SHORT}")
    return replace(request, turns=(*request.turns[:-1], asked))


async def _ask_all(
    responder: Responder, requests: Sequence[ReplyRequest], progress: Callable[[int], None]
) -> list[tuple[str, Usage]]:
    places = asyncio.Semaphore(CONCURRENT)

    async def ask(request: ReplyRequest) -> tuple[str, Usage]:
        async with places:
            reply = await patiently_awaited(lambda: _ask(responder, request))
        progress(1)
        return reply

    tasks = [asyncio.create_task(ask(request)) for request in requests]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ask(responder: Responder, request: ReplyRequest) -> tuple[str, Usage]:
    text, usage = "", Usage()
    async with aclosing(responder.stream(request)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Delta):
                text += piece.text
            else:
                usage = piece
    return text.strip(), usage
