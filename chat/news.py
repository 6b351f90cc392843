"""What a page does not show yet, read from the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chat.access import Seat
from chat.branches import WINDOW, read_tree
from chat.entries import entries_of, render_entry
from chat.enums import Mode
from chat.learning import newest_update, render_update, updates_of
from chat.models import Conversation, Message
from chat.modes import keep_open
from chat.protocol import Done, MemoryLearnt, MessageCreated
from chat.tree import Tree, fork


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


def news_for(seat: Seat, leaf: int, running: Collection[int], update_id: int = 0) -> News | None:
    """Return what a page lacks that shows the branch up to `leaf` and the notes up to `update_id`; None without such a
    conversation, also for a person who may not see it (any more).

    Articles are in the language that is active. Keeps a temporary conversation open. Four queries where nothing has
    changed. Raises SignedOut.
    """
    seat.require_signed_in()
    conversations = Conversation.objects.for_user(seat.user).select_related("memory__assistant")
    conversation = conversations.filter(pk=seat.conversation_id).first()
    if conversation is None:
        return None
    mode = Mode(conversation.mode)
    if mode == Mode.TEMPORARY:
        keep_open(conversation.pk)
    tree, rewind_to = None, None
    wanted: Sequence[int] = ()
    if (conversation.head_id or 0) != leaf:
        tree = read_tree(conversation.pk)
        rewind_to, wanted = _way(tree, leaf, conversation.head_id)
    newest = newest_update(conversation)
    return News(
        title=conversation.title,
        mode=mode,
        rewind_to=rewind_to,
        added=_read(conversation, wanted, tree),
        running=_read(conversation, running, tree),
        learnt=_notes(conversation, update_id) if newest > update_id else [],
        update_id=max(newest, update_id),
    )


def _way(tree: Tree, leaf: int, head: int | None) -> tuple[int | None, Sequence[int]]:
    """Return the way from one branch to another: the message to go back to, if any, and those that follow it.

    Of more than a page holds the end follows; a page that does not hold what comes before it is loaded again.
    """
    shown, wanted = tree.path(leaf), tree.path(head)
    common = fork(shown, wanted)
    first = max(common, len(wanted) - WINDOW)
    back = first > common or common < len(shown) or (leaf != 0 and not shown)
    return ((wanted[first - 1] if first else 0) if back else None), wanted[first:]


def _notes(conversation: Conversation, after: int) -> list[MemoryLearnt]:
    return [MemoryLearnt(update_id=note.id, html=render_update(note)) for note in updates_of(conversation, after)]


def _read(conversation: Conversation, ids: Collection[int], tree: Tree | None) -> list[MessageNews]:
    """Return messages as they stand; the tree is read where it is not given and one of them has ended."""
    if not ids:
        return []
    messages = list(Message.objects.filter(pk__in=ids, conversation=conversation).order_by("pk"))
    ended = [message for message in messages if not message.is_running]
    entries = entries_of(ended, tree or read_tree(conversation.pk)) if ended else []
    articles = {entry.message.pk: render_entry(entry, conversation) for entry in entries}
    return [_news_of(message, articles.get(message.pk)) for message in messages]


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
