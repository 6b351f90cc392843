"""Who uses the chat in the benchmark: people with memories, conversations with some history, signed-in sessions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from chat.enums import MessageRole
from chat.models import Conversation, Message
from memory.embedding import get_embedder
from memory.evaluation.bench_build import OTHERS_A_MEMORY, build
from memory.models import Memory

EXCHANGES = 10
"""Questions with answers that a conversation begins with."""
_NEWS = 500
"""Different exchanges to begin conversations with."""


@dataclass(frozen=True, slots=True)
class Seated:
    """A person's open page of a conversation, as far as the server has to do with it."""

    user: User
    session: str
    conversation_id: UUID
    last_message: int

    @property
    def cookie(self) -> str:
        return f"{settings.SESSION_COOKIE_NAME}={self.session}"


@dataclass(frozen=True, slots=True)
class People:
    """The person with the large memory and the others, with a seat for each of their conversations."""

    memory: Memory
    questions: list[str]
    """About things in the large memory."""
    person: list[Seated]
    others: list[Seated]


def gather(pages: int, questions: int, others: int, seats: int, progress: Callable[[str], None]) -> People:
    """Fill an empty database: a memory of `pages` pages and `others` people with 1,000 pages each.

    The person with the large memory and the others together get `seats` conversations each. Raises ModelError when
    the embedder fails.
    """
    built = build([pages], others * OTHERS_A_MEMORY, questions, _NEWS, get_embedder(), timezone.now(), progress)
    measured = built[pages]
    said = itertools.cycle(measured.news)
    memories = list(Memory.objects.select_related("user", "assistant").order_by("pk"))
    with transaction.atomic():
        person, *rest = [(memory, _sign_in(memory.user)) for memory in memories]
        return People(
            person[0],
            measured.questions,
            [_seat(*person, said) for _ in range(seats)],
            [_seat(*each, said) for each in itertools.islice(itertools.cycle(rest), seats if rest else 0)],
        )


def _sign_in(user: User) -> str:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session.update(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
    )
    session.save()
    return str(session.session_key)


def _seat(memory: Memory, session: str, said: Iterator[tuple[str, str]]) -> Seated:
    now = timezone.now()
    conversation = Conversation.objects.create(
        memory=memory, title="A conversation", created_at=now, last_message_at=now
    )
    last: Message | None = None
    for exchange in itertools.islice(said, EXCHANGES):
        for role, content in zip((MessageRole.USER, MessageRole.ASSISTANT), exchange, strict=True):
            last = Message.objects.create(
                conversation=conversation, parent=last, role=role, content=content, created_at=now
            )
    assert last is not None
    conversation.head = last
    conversation.save(update_fields=["head"])
    return Seated(memory.user, session, conversation.pk, last.pk)
