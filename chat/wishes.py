"""What a person says is to be remembered, by typing "remember that ..." or by the button under a message."""

from __future__ import annotations

import logging

from django.contrib.auth.models import User

from chat import learning
from chat.access import Seat
from chat.conversations import lock_memory_soon
from chat.enums import MessageRole, Mode
from chat.models import Message
from memory.domain import remembering
from memory.domain.forgetting import Rows
from memory.domain.knowledge import delete_knowledge
from memory.domain.remembering import Remembered, wish_of
from memory.exceptions import InvalidText, LearningPaused
from memory.models import Memory, Page
from memory.models.knowledge import fingerprint

logger = logging.getLogger(__name__)


def make_way(seat: Seat, text: str, *, anew: bool = False) -> str | None:
    """Return the wish in a message that is about to be stored, and lock the memory if there is one: before its
    conversation, as every writer takes the two. Runs at the beginning of the caller's transaction.

    Where a message is said `anew`, the memory is locked in any case: an earlier version may have held a wish.
    """
    wish = wish_of(text)
    if wish is not None or anew:
        own = Memory.objects.filter(user=seat.user)
        lock_memory_soon(own.filter(conversations=seat.conversation_id))
        lock_memory_soon(own.filter(pk=seat.new_in or 0))
    return wish


def heed_wish(question: Message, wish: str | None) -> Remembered | None:
    """Remember the wish that a person's message holds, and note it in the conversation; None where it wants nothing.

    Runs in the transaction that stores the question, after `make_way`. Not in temporary conversations, nor while
    learning is paused: the answer says so. A wish longer than a fact can be is left to the page that the turn becomes.
    """
    if wish is None or question.conversation.mode == Mode.TEMPORARY:
        return None
    memory = question.conversation.memory
    try:
        done = remembering.remember(memory, wish, by=memory.user)
    except (InvalidText, LearningPaused) as error:
        logger.info("The wish in message %s is not stored as a fact: %s", question.pk, error)
        return None
    learning.note_wish(question.conversation, done.fact, question.created_at)
    return done


def take_back(question: Message, wish: str | None) -> None:
    """Take back what a message that is said anew, in any of its versions so far, wished to have remembered, unless the
    new version has the same wish.

    Only what such a wish has stored, what is as it was stored, and what rests on nothing but this turn: it was said and
    confirmed nowhere else. In the caller's transaction, after `make_way`: delete the facts, which logs `deleted`; take
    them out of the notes.
    """
    conversation = question.conversation
    versions = conversation.messages.filter(role=MessageRole.USER, parent=question.parent_id)
    wished = {version.created_at: found for version in versions if (found := wish_of(version.content))}
    if not wished:
        return
    memory = conversation.memory
    pages = Message.objects.filter(parent__in=versions, page__isnull=False).values("page")
    kept = fingerprint(wish) if wish else ""
    taken = []
    for pk, moments in learning.noted_wishes(conversation, wished).items():
        fact = memory.knowledge.active().filter(pk=pk, locked=True, pinned=False).exclude(fingerprint=kept).first()
        if fact is None or any(fingerprint(wished[moment]) != fact.fingerprint for moment in moments):
            continue
        is_of_this_turn = fact.created_at >= min(moments) and fact.times_confirmed <= len(moments)
        if is_of_this_turn and not fact.sources.exclude(pk__in=pages).exists():
            delete_knowledge(fact, by=memory.user)
            taken.append(pk)
    learning.let_go(memory, Rows(knowledge=tuple(taken)))


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
    """Remember a text at the button under a message; the page of its turn is the source.

    Raises InvalidText and LearningPaused.
    """
    memory = message.conversation.memory
    page = memory.pages.filter(pk__in=pages_of_turn(message)).order_by("-position").first()
    return remembering.remember(memory, text, by=by, page=page)


def pages_of_turn(message: Message) -> list[int]:
    """Return the keys of the pages that a message's turn became: an answer's own, a question's in all its answers."""
    turn = message.children.answers() if message.role == MessageRole.USER else Message.objects.filter(pk=message.pk)
    return [pk for pk in turn.order_by("pk").values_list("page_id", flat=True) if pk is not None]
