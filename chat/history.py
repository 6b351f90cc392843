"""The running conversation as the model reads it."""

from dataclasses import dataclass

from chat.branches import read_tree
from chat.enums import MessageRole
from chat.models import Message
from memory.domain.context import HistoryTurn

# More than any prompt's budget of history holds; older messages are not even read.
HISTORY_MESSAGES = 80
UNANSWERED = "(No answer was given.)"


@dataclass(frozen=True, slots=True)
class History:
    """What was said before a question on its branch, oldest first, and the pages of memory that are of other branches
    of the conversation: what was said anew is not to be recalled in its old version.
    """

    turns: list[HistoryTurn]
    elsewhere: frozenset[int]


def history_of(question: Message) -> History:
    """Return what was said before `question`: the path through the tree, without other versions. Three queries.

    Roles alternate, because some models' templates insist on it: an answer that never came is said to be so.
    """
    path = read_tree(question.conversation_id).path(question.parent_id)
    said = Message.objects.filter(pk__in=path[-HISTORY_MESSAGES:]).order_by("pk")
    became = Message.objects.filter(conversation_id=question.conversation_id, page__isnull=False)
    pages = dict(became.values_list("pk", "page_id"))
    on_path = set(path)
    elsewhere = frozenset(page for pk, page in pages.items() if pk not in on_path and page is not None)
    return History([_turn(message) for message in said], elsewhere)


def _turn(message: Message) -> HistoryTurn:
    if message.role == MessageRole.USER:
        return HistoryTurn("user", message.content)
    return HistoryTurn("assistant", message.content or UNANSWERED, message.page_id)
