"""The running conversation as the model reads it."""

from collections.abc import Iterator
from itertools import islice

from chat.enums import MessageRole
from chat.models import Message
from memory.domain.context import HistoryTurn

# More than any prompt's budget of history holds; older messages are not even read.
HISTORY_MESSAGES = 80
UNANSWERED = "(No answer was given.)"


def history_of(question: Message) -> list[HistoryTurn]:
    """Return what was said before `question`, oldest first: the path through the tree, without other attempts.

    Roles alternate, because some models' templates insist on it: an answer that never came is said to be so.
    """
    return [_turn(message) for message in islice(_ancestors(question), HISTORY_MESSAGES)][::-1]


def _ancestors(question: Message) -> Iterator[Message]:
    newest = Message.objects.filter(conversation_id=question.conversation_id, pk__lt=question.pk).order_by("-pk")
    by_id = {message.pk: message for message in newest[: 2 * HISTORY_MESSAGES]}
    at = question.parent_id
    while at is not None and at in by_id:
        yield by_id[at]
        at = by_id[at].parent_id


def _turn(message: Message) -> HistoryTurn:
    if message.role == MessageRole.USER:
        return HistoryTurn("user", message.content)
    return HistoryTurn("assistant", message.content or UNANSWERED, message.page_id)
