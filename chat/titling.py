"""A conversation's title, written by the model in the background after the first exchange.

Off the reply path, at most three short calls a conversation, all in the ledger. A title that a person gave stands.
"""

from __future__ import annotations

import logging
import re
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.tasks import configure_task

from chat.enums import MessageRole, Mode, Status, TitleSource
from chat.groups import announce_change
from chat.models import Conversation, Message
from chat.models.conversation import ConversationQuerySet
from chat.text import title_from
from chat.title_prompt import title_turns
from memory.domain.budgets import spent
from memory.domain.connections import model_connected, responder_for
from memory.domain.ledger import noted
from memory.domain.queueing import QUEUE, queue
from memory.enums import Purpose
from memory.exceptions import ModelEmptyAnswer, ModelError
from memory.llm.base import Delta, ReplyRequest, Responder, Usage
from memory.llm.reasoning import without_reasoning
from memory.models import Memory

logger = logging.getLogger(__name__)

TITLE_TASK_NAME = "chat.title"
MAX_ATTEMPTS = 3
ANSWER_CHARACTERS = 2000
"""After so many the model is no longer listened to: this is no title any more."""


_LABEL = re.compile(r"\A\s*(?:title|titel|titre|título|titolo|标题|タイトル|заголовок)\s*[:：]\s*", re.IGNORECASE)
# Formatting and quotes.
_AROUND = "#*_`~>-–— \t\"'“”„‟«»‹›‘’「」『』《》"


@dataclass(frozen=True, slots=True)
class _Said:
    title: str
    usage: Usage


def wish_title(conversation: Conversation) -> None:
    """Queue the naming of a conversation in the caller's transaction, when its first answer has just been completed.

    Nothing is done where no model is connected or `CHAT_TITLES` is off, for temporary conversations, where the title is
    no longer the first words, and after any but the first complete answer.
    """
    if not settings.CHAT_TITLES or not _may_be_titled(conversation):
        return
    complete = conversation.messages.answers().filter(status=Status.COMPLETE)
    if len(complete.values_list("pk")[:2]) == 1 and model_connected(conversation.memory.assistant):
        _queue(conversation.pk, 1)


def try_title(conversation_id: UUID, attempt: int) -> None:
    """Make an attempt at a title; after a failure queue the next one, with back-off. After the last one the first words
    stay, and the log says why.
    """
    try:
        title_conversation(conversation_id)
    except ModelError as error:
        logger.warning("Conversation %s got no title (attempt %s): %s", conversation_id, attempt, error)
        if attempt < MAX_ATTEMPTS:
            _queue(conversation_id, attempt + 1)


def title_conversation(conversation_id: UUID) -> bool:
    """Name a conversation after its first exchange; False where there is nothing to name, somebody was quicker, or a
    budget is used up: the first words stay its title then.

    In this order: read the exchange; one call to the model, outside any transaction, noted in the ledger; under the
    conversation's lock store the title, unless a person has given one, or the conversation is gone; tell who watches.
    Raises `ModelError`, having changed nothing but the ledger.
    """
    conversation = _named_by_first_words().select_related("memory__assistant").filter(pk=conversation_id).first()
    answer = _first_exchange(conversation) if conversation else None
    if conversation is None or answer is None or spent(conversation.memory) is not None:
        return False
    memory = conversation.memory
    responder = responder_for(memory.assistant)
    if not responder.is_model:
        return False
    try:
        said, _ = noted(memory, Purpose.TITLE, responder.name, lambda: _ask(responder, answer))
    except Memory.DoesNotExist:
        return False
    if not _store(conversation_id, said.title):
        return False
    announce_change(conversation_id)
    return True


def clean_title(answer: str) -> str:
    """Return what a model answered as a title: its first line without reasoning, label, quotes and formatting."""
    lines = (line.strip(_AROUND) for line in without_reasoning(answer).splitlines())
    line = next((line for line in lines if line), "")
    line = _LABEL.sub("", line).strip(_AROUND)
    if line.endswith((".", "。")) and not line.endswith(".."):
        line = line[:-1].rstrip(_AROUND)
    return title_from(line)


def _named_by_first_words() -> ConversationQuerySet:
    # Of a person who has left the assistant no model is told anything more.
    rows = Conversation.objects.filter(memory__in=Memory.objects.in_use(), deleted_at__isnull=True)
    return rows.filter(title_source=TitleSource.FIRST_WORDS).lasting()


def _may_be_titled(conversation: Conversation) -> bool:
    return conversation.title_source == TitleSource.FIRST_WORDS and conversation.mode != Mode.TEMPORARY


def _first_exchange(conversation: Conversation) -> Message | None:
    """Return the first complete answer, with its question; None where there is none."""
    answers = conversation.messages.answers().filter(status=Status.COMPLETE, parent__role=MessageRole.USER)
    return answers.select_related("parent").order_by("pk").first()


def _ask(responder: Responder, answer: Message) -> _Said:
    turns = title_turns(answer.question.content, answer.content)
    request = ReplyRequest(question=turns[-1].content, turns=turns, recalled=(), now=timezone.now())
    text, usage = async_to_sync(_collect)(responder, request)
    title = clean_title(text)
    if not title:
        raise ModelEmptyAnswer(usage=usage)
    return _Said(title, usage)


async def _collect(responder: Responder, request: ReplyRequest) -> tuple[str, Usage]:
    text, usage = "", Usage()
    async with aclosing(responder.stream(request)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Delta):
                text += piece.text
            else:
                usage = piece
            if len(text) > ANSWER_CHARACTERS:
                break
    return text, usage


@transaction.atomic
def _store(conversation_id: UUID, title: str) -> bool:
    rows = _named_by_first_words().filter(pk=conversation_id).select_for_update()
    conversation = rows.first()
    if conversation is None:
        return False
    conversation.title, conversation.title_source = title, TitleSource.MODEL
    conversation.save(update_fields=["title", "title_source"])
    return True


def _queue(conversation_id: UUID, attempt: int) -> None:
    """Queue an attempt through Django's own connection, in its transaction: the first at once, later ones after 4 and
    16 seconds.
    """
    name = f"{TITLE_TASK_NAME}:{conversation_id}"
    due = timezone.now() + timedelta(seconds=4 ** (attempt - 1)) if attempt > 1 else None
    deferrer = configure_task(
        name=TITLE_TASK_NAME, job_manager=queue, queue=QUEUE, lock=name, queueing_lock=name, schedule_at=due
    )
    try:
        with transaction.atomic():
            deferrer.defer(conversation_id=str(conversation_id), attempt=attempt)
    except AlreadyEnqueued:
        logger.debug("%s waits already", name)
