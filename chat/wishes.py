"""What a person says is to be remembered, by typing "remember that ..." or by the button under a message."""

from __future__ import annotations

import logging

from django.contrib.auth.models import User

from chat import learning
from chat.access import Seat
from chat.conversations import lock_memory
from chat.enums import MessageRole, Mode
from chat.models import Message
from memory.domain import remembering
from memory.domain.remembering import Remembered, wish_of
from memory.exceptions import InvalidText
from memory.models import Memory, Page
from memory.models.knowledge import fingerprint

logger = logging.getLogger(__name__)


def make_way(seat: Seat, text: str) -> None:
    """Lock the memory when a message that is about to be stored holds a wish: before its conversation, as every writer
    takes the two. Runs at the beginning of the caller's transaction; without a wish it does nothing.
    """
    if wish_of(text) is None:
        return
    own = Memory.objects.filter(user=seat.user)
    lock_memory(own.filter(conversations=seat.conversation_id))
    lock_memory(own.filter(pk=seat.new_in or 0))


def heed_wish(question: Message) -> Remembered | None:
    """Remember what a person's message wants remembered, and note it in the conversation; None where it wants nothing.

    Runs in the transaction that stores the question, after `make_way`. Not in temporary conversations. A wish longer
    than a fact can be is left to the page that the turn becomes.
    """
    wish = None if question.conversation.mode == Mode.TEMPORARY else wish_of(question.content)
    if wish is None:
        return None
    memory = question.conversation.memory
    try:
        done = remembering.remember(memory, wish, by=memory.user)
    except InvalidText as error:
        logger.info("The wish in message %s is not stored as a fact: %s", question.pk, error)
        return None
    learning.note_wish(question.conversation, done.fact, question.created_at)
    return done


def trace(question: Message, page: Page) -> None:
    """Name the page that a turn became as the source of the fact its question wished for, if it did.

    Runs in the transaction that records the page, behind the memory's lock.
    """
    wish = wish_of(question.content)
    if wish is None:
        return
    fact = question.conversation.memory.knowledge.active().filter(fingerprint=fingerprint(wish)).first()
    if fact is not None:
        remembering.trace(fact, page)


def remember_from(message: Message, text: str, *, by: User) -> Remembered:
    """Remember a text at the button under a message; the page of its turn is the source. Raises InvalidText."""
    memory = message.conversation.memory
    page = memory.pages.filter(pk__in=pages_of_turn(message)).order_by("-position").first()
    return remembering.remember(memory, text, by=by, page=page)


def pages_of_turn(message: Message) -> list[int]:
    """Return the keys of the pages that a message's turn became: an answer's own, a question's in all its answers."""
    turn = message.children.answers() if message.role == MessageRole.USER else Message.objects.filter(pk=message.pk)
    return [pk for pk in turn.order_by("pk").values_list("page_id", flat=True) if pk is not None]
