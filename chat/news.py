"""What a page does not show yet, read from the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db import connection
from django.utils import timezone

from chat.access import Seat
from chat.branches import WINDOW, read_tree
from chat.entries import entries_of, render_entry
from chat.enums import Mode
from chat.exceptions import ConversationGone, SignedOut
from chat.learning import render_update, updates_of
from chat.models import Conversation, Message
from chat.modes import keep_open
from chat.protocol import Done, MemoryLearnt, MessageCreated
from chat.signed_in import holds
from chat.tree import Tree, fork

# The session's end, as `chat.signed_in` sees it, and whether the person may see the conversation, as
# `ConversationQuerySet.for_user` says, together with what can have changed.
_LOOK = """
    SELECT session.session_data, person.password, conversation.title, conversation.mode, conversation.head_id,
        coalesce((SELECT max(id) FROM chat_memoryupdate WHERE conversation_id = conversation.id), 0)
    FROM chat_conversation AS conversation
    JOIN memory_memory AS memory ON memory.id = conversation.memory_id
    JOIN memory_membership AS membership USING (user_id, assistant_id)
    JOIN auth_user AS person ON person.id = user_id, django_session AS session
    WHERE user_id = %s AND conversation.id = %s AND conversation.deleted_at IS NULL
        AND person.is_active AND session.session_key = %s AND session.expire_date > %s"""


@dataclass(frozen=True, slots=True)
class MessageNews:
    """A message as it stands now; `running_text` and `done` are None where they do not apply."""

    message_id: int
    running_text: str | None
    created: MessageCreated
    done: Done | None


@dataclass(frozen=True, slots=True)
class News:
    """A conversation's title and mode, and how to bring a page up to date.

    `rewind_to` is the last message that stays, 0 for none; None where the page's branch only grows. `added` are the
    messages that come after it, `running` those that were running when the page last knew, both in order. `learnt` are
    notes of what memory learnt, `update_id` is the newest there is.
    """

    title: str
    mode: Mode
    rewind_to: int | None
    added: list[MessageNews]
    running: list[MessageNews]
    learnt: list[MemoryLearnt]
    update_id: int


@dataclass(frozen=True, slots=True)
class _State:
    """How a conversation stands."""

    title: str
    mode: Mode
    head_id: int | None
    newest_update: int


def news_for(seat: Seat, leaf: int, running: Collection[int], update_id: int = 0) -> News | None:
    """Return what a page lacks that shows the branch up to `leaf` and the notes up to `update_id`; None without such a
    conversation, also for a person who may not see it (any more). Raises ConversationGone where it can never come to
    be: its person has left the assistant.

    Articles are in the language that is active. Keeps a temporary conversation open. One query where nothing has
    changed: every open page asks this all the time. Raises SignedOut.
    """
    state = _look(seat)
    if state is None:
        if seat.new_in is not None and not seat.may_begin():
            raise ConversationGone
        return None
    if state.mode == Mode.TEMPORARY:
        keep_open(seat.conversation_id)
    tree, rewind_to = None, None
    wanted: Sequence[int] = ()
    if (state.head_id or 0) != leaf:
        tree = read_tree(seat.conversation_id)
        rewind_to, wanted = _way(tree, leaf, state.head_id)
    reading = _Reading(seat.conversation_id, tree)
    return News(
        title=state.title,
        mode=state.mode,
        rewind_to=rewind_to,
        added=reading.messages(wanted),
        running=reading.messages(running),
        learnt=reading.notes(update_id) if state.newest_update > update_id else [],
        update_id=max(state.newest_update, update_id),
    )


def _look(seat: Seat) -> _State | None:
    """Return how a conversation stands; None without one that this person may see. Raises SignedOut."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [seat.user.pk, seat.conversation_id, seat.session_key, timezone.now()])
        row = cursor.fetchone()
    if row is None:
        seat.require_signed_in()
        return None
    session, password, title, mode, head_id, newest = row
    if not holds(session, password, seat.user.pk):
        raise SignedOut
    return _State(title, Mode(mode), head_id, newest)


def _way(tree: Tree, leaf: int, head: int | None) -> tuple[int | None, Sequence[int]]:
    """Return the way from one branch to another: the message to go back to, if any, and those that follow it.

    Of more than a page holds the end follows; a page that does not hold what comes before it is loaded again.
    """
    shown, wanted = tree.path(leaf), tree.path(head)
    common = fork(shown, wanted)
    first = max(common, len(wanted) - WINDOW)
    back = first > common or common < len(shown) or (leaf != 0 and not shown)
    return ((wanted[first - 1] if first else 0) if back else None), wanted[first:]


class _Reading:
    """Reads what a page lacks; the conversation itself, and its tree where it is not given, at the first need."""

    def __init__(self, conversation_id: UUID, tree: Tree | None) -> None:
        self._id = conversation_id
        self._tree = tree

    @cached_property
    def _conversation(self) -> Conversation:
        return Conversation.objects.select_related("memory__assistant").get(pk=self._id)

    def notes(self, after: int) -> list[MemoryLearnt]:
        found = updates_of(self._conversation, after)
        return [MemoryLearnt(update_id=note.id, html=render_update(note)) for note in found]

    def messages(self, ids: Collection[int]) -> list[MessageNews]:
        """Return messages as they stand."""
        if not ids:
            return []
        messages = list(Message.objects.filter(pk__in=ids, conversation=self._id).order_by("pk"))
        articles = self._articles([message for message in messages if not message.is_running])
        return [_news_of(message, articles.get(message.pk)) for message in messages]

    def _articles(self, ended: Sequence[Message]) -> dict[int, str]:
        if not ended:
            return {}
        self._tree = self._tree or read_tree(self._id)
        entries = entries_of(ended, self._tree)
        return {entry.message.pk: render_entry(entry, self._conversation) for entry in entries}


def _news_of(message: Message, article: str | None) -> MessageNews:
    created = MessageCreated(
        message_id=message.pk,
        role=message.role,
        status=message.status,
        client_id=message.client_id,
        text=message.content if article is None else None,
        html=article,
    )
    done = None if article is None else Done(message_id=message.pk, status=message.status, html=article)
    return MessageNews(message.pk, message.content if article is None else None, created, done)
