"""What a page does not show yet, read from the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from chat.access import Seat
from chat.enums import MessageRole
from chat.models import Conversation, Message
from chat.protocol import Done, MessageCreated
from chat.rendering import render_markdown


@dataclass(frozen=True, slots=True)
class MessageNews:
    """A message as it stands now; the frames are None where they do not apply."""

    message_id: int
    running_text: str | None
    created: MessageCreated
    done: Done | None


@dataclass(frozen=True, slots=True)
class News:
    """A conversation's title, and its messages that are new or that were running when the page last knew."""

    title: str
    messages: list[MessageNews]


def news_for(seat: Seat, after: int, running: Collection[int]) -> News | None:
    """Return the messages after `after` and those in `running`, oldest first; None without such a conversation.

    Also None for a person who may not see it (any more). Raises SignedOut. Four queries.
    """
    seat.require_signed_in()
    conversation = Conversation.objects.for_user(seat.user).filter(pk=seat.conversation_id).only("title").first()
    if conversation is None:
        return None
    messages = Message.objects.filter(Q(pk__gt=after) | Q(pk__in=running), conversation_id=seat.conversation_id)
    return News(conversation.title, [_news_of(message) for message in messages.order_by("pk")])


def created_frame(message: Message, html: str | None) -> MessageCreated:
    """Return the frame that shows a message; `html` is the rendered text of an ended answer."""
    return MessageCreated(
        message_id=message.pk,
        role=message.role,
        status=message.status,
        created_at=message.created_at.isoformat(),
        client_id=message.client_id,
        text=message.content if html is None else None,
        html=html,
        error=message.error or None,
    )


def _news_of(message: Message) -> MessageNews:
    is_answer = message.role == MessageRole.ASSISTANT
    html = render_markdown(message.content) if is_answer and not message.is_running else None
    created = created_frame(message, html)
    done = None
    if html is not None:
        done = Done(message_id=message.pk, status=message.status, html=html, error=message.error or None)
    return MessageNews(message.pk, message.content if message.is_running else None, created, done)
