"""Who may be in which conversation."""

from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core import signing

from chat.enums import Mode
from chat.exceptions import ConversationGone, SignedOut
from chat.models import Conversation
from chat.signed_in import is_signed_in
from memory.models import Memory

_SALT = "chat.new-conversation"


@dataclass(frozen=True, slots=True)
class Seat:
    """A person at a conversation, as the socket was opened.

    `new_in` is the memory in which the conversation will come to be with its first message, in `mode`; None when it
    must exist already.
    """

    user: User
    session_key: str | None
    conversation_id: UUID
    new_in: int | None = None
    mode: Mode = Mode.NORMAL

    def require_signed_in(self) -> None:
        """Raise SignedOut when the session has ended since the socket was opened, or the account was closed."""
        if not is_signed_in(self.user.pk, self.session_key):
            raise SignedOut

    def exists(self) -> bool:
        """Tell whether the conversation has a row that this person may see."""
        return Conversation.objects.for_user(self.user).filter(pk=self.conversation_id).exists()

    def require_place(self, exists: bool) -> None:
        """Raise SignedOut or ConversationGone where nobody may be here any more; `exists` says that it had a row."""
        self.require_signed_in()
        if not self.exists() and (exists or not self.may_begin()):
            raise ConversationGone

    def may_begin(self) -> bool:
        """Tell whether the conversation that this seat is reserved at could still come to be."""
        return Memory.objects.for_user(self.user).filter(pk=self.new_in or 0).exists()


def reserve_conversation(memory: Memory, mode: Mode = Mode.NORMAL) -> tuple[UUID, str]:
    """Return the id of a conversation to be, and the token that lets its owner, and nobody else, begin it.

    No row is written: a page that is opened and left leaves nothing behind, and two tabs begin two conversations.
    """
    conversation_id = uuid4()
    reservation = [conversation_id.hex, memory.pk, memory.user_id, mode.value]
    return conversation_id, signing.dumps(reservation, salt=_SALT)


def take_seat(seat: Seat, token: str) -> tuple[Seat, bool]:
    """Return the person's seat and whether the conversation exists already.

    Raises ConversationGone when it does not and `token` does not reserve it for this person, or it is someone
    else's.
    """
    if seat.exists():
        return seat, True
    memory_id, mode = _reserved(seat, token)
    if memory_id is None or Conversation.objects.filter(pk=seat.conversation_id).exists():
        raise ConversationGone
    return replace(seat, new_in=memory_id, mode=mode), False


def _reserved(seat: Seat, token: str) -> tuple[int | None, Mode]:
    try:
        reserved, memory_id, user_id, mode = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None, Mode.NORMAL
    if reserved != seat.conversation_id.hex or user_id != seat.user.pk:
        return None, Mode.NORMAL
    memories = Memory.objects.for_user(seat.user).filter(pk=memory_id)
    return memories.values_list("pk", flat=True).first(), Mode(mode)
