"""What a person may do with a conversation's turns: say something, say it anew, have it answered anew, go on, choose a
version, stop. One door per state change; what becomes of an answer after that is its writer's: `chat.writing`.

Messages form a tree (`chat.tree`). Nothing said is overwritten: another version is a sibling, and the conversation's
head says which branch is shown, to every page alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from chat import wishes
from chat.access import Seat
from chat.branches import read_tree
from chat.conversations import lock_memory_soon, locked_for
from chat.enums import MessageRole, Mode, Status
from chat.exceptions import AssistantArchived, Busy, ConversationGone, MessageNotFound, NotContinuable
from chat.limits import take_answer
from chat.models import Conversation, Message
from chat.models.conversation import ConversationQuerySet
from chat.modes import TEMPORARY_LEASE
from chat.text import accept_message, title_from
from chat.writing import LEASE, remember_shown
from memory.models import Memory

_HOLD = """
    SELECT 1 FROM memory_membership place JOIN memory_memory memory USING (assistant_id, user_id)
    WHERE place.user_id = %s
        AND memory.id = COALESCE((SELECT memory_id FROM chat_conversation WHERE id = %s), %s)
    FOR KEY SHARE OF place"""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer to be written; `is_repeated` where the question had been sent before.

    `beginning` is the text that the answer goes on from.
    """

    conversation_id: UUID
    question_id: int
    answer_id: int
    is_repeated: bool = False
    beginning: str = ""


@transaction.atomic
def begin_turn(seat: Seat, text: str, client_id: str) -> Turn:
    """Take what a person says and open its answer.

    In one transaction: lock the memory, if something is to be remembered at once ("remember that ..."); hold the
    membership; lock the conversation, or create it named after this message; return the turn of a `client_id` seen
    before; end an answer whose writer died; store the question at the end of the shown branch; remember what it wishes
    for; open the answer with a lease; take the conversation out of the archive. Raises EmptyMessage, MessageTooLong,
    ConversationGone, AssistantArchived, TooManyAnswers, MemoryBusy, and Busy while another answer is being written.
    """
    text = accept_message(text, settings.CHAT_MESSAGE_MAX_CHARACTERS)
    wish = wishes.make_way(seat, text)
    _hold_membership(seat)
    now = timezone.now()
    conversation = _locked(seat) or _created(seat, text, now)
    if repeated := _sent_before(conversation, client_id):
        return repeated
    _make_room(seat, conversation)
    return _ask(conversation, conversation.head_id, text, client_id, now, wish)


@transaction.atomic
def begin_edit(seat: Seat, message_id: int, text: str, client_id: str) -> Turn:
    """Say one's message anew: another version beside it, with an answer of its own; the earlier one stays.

    Effects, order and errors are those of `begin_turn`, but that the memory is locked in any case, and what the earlier
    versions wished to have remembered is taken back before the question is stored (`chat.wishes.take_back`).
    MessageNotFound where there is no such message of the person's.
    """
    text = accept_message(text, settings.CHAT_MESSAGE_MAX_CHARACTERS)
    wish = wishes.make_way(seat, text, anew=True)
    _hold_membership(seat)
    conversation = _existing(seat)
    if repeated := _sent_before(conversation, client_id):
        return repeated
    earlier = conversation.messages.filter(pk=message_id, role=MessageRole.USER).first()
    if earlier is None:
        raise MessageNotFound
    _make_room(seat, conversation)
    wishes.take_back(earlier, wish)
    return _ask(conversation, earlier.parent_id, text, client_id, timezone.now(), wish)


@transaction.atomic
def begin_regenerate(seat: Seat, message_id: int) -> Turn:
    """Open another answer to the question of an ended one, beside it; this is also what Retry does.

    Raises ConversationGone, AssistantArchived, MessageNotFound, TooManyAnswers, Busy.
    """
    _hold_membership(seat)
    conversation = _existing(seat)
    _make_room(seat, conversation)
    return _open_answer(conversation, _answer_in(conversation, message_id).question, timezone.now())


@transaction.atomic
def begin_continue(seat: Seat, message_id: int) -> Turn:
    """Let an unfinished answer go on: a version that begins with its text takes its place.

    The row of the unfinished one stays, so that a continuation that fails loses nothing.
    Raises ConversationGone, AssistantArchived, MessageNotFound, NotContinuable, TooManyAnswers, Busy.
    """
    _hold_membership(seat)
    conversation = _existing(seat)
    _make_room(seat, conversation)
    unfinished = _answer_in(conversation, message_id)
    if not unfinished.is_continuable:
        raise NotContinuable
    return _open_answer(conversation, unfinished.question, timezone.now(), continues=unfinished)


@transaction.atomic
def select_version(seat: Seat, message_id: int) -> None:
    """Show the branch on which a message stands, to its newest end.

    In one transaction: lock the memory and the conversation; end an answer whose writer died; move the head; let memory
    hold the versions that are shown now, in place of those it holds of the same turns, as far as these are in
    short-term memory; that of an archived assistant stays as it is. Raises ConversationGone, MessageNotFound, Busy,
    MemoryBusy.
    """
    lock_memory_soon(Memory.objects.filter(conversations=seat.conversation_id, user=seat.user))
    conversation = _existing(seat)
    if not conversation.messages.filter(pk=message_id).exists():
        raise MessageNotFound
    _interrupt_dead(conversation)
    _require_quiet(conversation)
    tree = read_tree(conversation.pk)
    conversation.head_id = tree.leaf(message_id)
    conversation.save(update_fields=["head"])
    remember_shown(conversation, tree.path(conversation.head_id))


def request_stop(seat: Seat, message_id: int) -> None:
    """Flag a running answer; its writer, in whichever process, sees the flag at its next write.

    An answer that has ended meanwhile stays as it is. Raises ConversationGone and MessageNotFound.
    """
    if not seat.exists():
        raise ConversationGone
    answers = Message.objects.answers().filter(conversation_id=seat.conversation_id, pk=message_id)
    if not answers.exists():
        raise MessageNotFound
    answers.writable().update(stop_requested_at=timezone.now())


def stop_all(conversations: ConversationQuerySet) -> int:
    """Flag every running answer of these conversations, as `request_stop` does one; return how many.

    For when people are no longer to be answered: nobody asks whether they may see them.
    """
    return Message.objects.filter(conversation__in=conversations).writable().update(stop_requested_at=timezone.now())


def _existing(seat: Seat) -> Conversation:
    conversation = locked_for(seat.user, seat.conversation_id)
    if conversation is None:
        raise ConversationGone
    return conversation


def _locked(seat: Seat) -> Conversation | None:
    conversation = locked_for(seat.user, seat.conversation_id)
    if conversation is None and seat.new_in is None:
        raise ConversationGone
    return conversation


def _created(seat: Seat, text: str, now: datetime) -> Conversation:
    memory = Memory.objects.for_user(seat.user).filter(pk=seat.new_in or 0).first()
    if memory is None:
        raise ConversationGone
    Conversation.objects.get_or_create(
        pk=seat.conversation_id,
        defaults={
            "memory": memory,
            "title": title_from(text),
            "mode": seat.mode,
            "closes_at": Now() + TEMPORARY_LEASE if seat.mode == Mode.TEMPORARY else None,
            "created_at": now,
            "last_message_at": now,
        },
    )
    return _existing(seat)


def _sent_before(conversation: Conversation, client_id: str) -> Turn | None:
    sent = conversation.messages.filter(client_id=client_id).values_list("pk", Max("children")).first()
    return Turn(conversation.pk, sent[0], sent[1], is_repeated=True) if sent else None


def _answer_in(conversation: Conversation, message_id: int) -> Message:
    answer = conversation.messages.answers().filter(pk=message_id).select_related("parent").first()
    if answer is None:
        raise MessageNotFound
    return answer


def _make_room(seat: Seat, conversation: Conversation) -> None:
    if conversation.memory.assistant.archived_at is not None:
        raise AssistantArchived
    # Seldom does one run, so that it is looked for first.
    if conversation.messages.streaming().exists():
        _interrupt_dead(conversation)
        _require_quiet(conversation)
    # The last of all locks.
    take_answer(seat.user)


def _hold_membership(seat: Seat) -> None:
    """Keep the person a member until the transaction ends: who ends a membership then sees the answer, and stops it.

    Before the conversation is locked: the end of an account takes the membership first, and then conversations.
    Raises ConversationGone.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [seat.user.pk, seat.conversation_id, seat.new_in])
        if cursor.fetchone() is None:
            raise ConversationGone


def _interrupt_dead(conversation: Conversation) -> None:
    conversation.messages.expired().end(Status.INTERRUPTED)


def _require_quiet(conversation: Conversation) -> None:
    if conversation.messages.streaming().exists():
        raise Busy


def _is_off_record(conversation: Conversation) -> bool:
    """Tell whether what is said now stays out of memory for good: by the conversation's mode, or in a pause."""
    return conversation.mode != Mode.NORMAL or conversation.memory.learning_paused_at is not None


def _ask(
    conversation: Conversation, parent_id: int | None, text: str, client_id: str, now: datetime, wish: str | None
) -> Turn:
    question = Message.objects.create(
        conversation=conversation,
        parent_id=parent_id,
        role=MessageRole.USER,
        content=text,
        client_id=client_id,
        off_record=_is_off_record(conversation),
        created_at=now,
    )
    wishes.heed_wish(question, wish)
    return _open_answer(conversation, question, now)


def _open_answer(
    conversation: Conversation, question: Message, now: datetime, continues: Message | None = None
) -> Turn:
    answer = Message.objects.create(
        conversation=conversation,
        parent=question,
        role=MessageRole.ASSISTANT,
        status=Status.STREAMING,
        content=continues.content if continues else "",
        continues=continues,
        # What was said off the record stays so, whenever it is answered.
        off_record=question.off_record or _is_off_record(conversation),
        lease_expires_at=Now() + LEASE,
        created_at=now,
    )
    conversation.head = answer
    conversation.last_message_at = now
    conversation.archived_at = None
    conversation.save(update_fields=["head", "last_message_at", "archived_at"])
    return Turn(conversation.pk, question.pk, answer.pk, beginning=answer.content)
