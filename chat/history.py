"""The running conversation as the model reads it."""

from dataclasses import dataclass

from chat.enums import MessageRole
from chat.models import Message
from chat.tree import Node, Tree
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
    """Return what was said before `question`: the path through the tree, without other versions. Two queries.

    Roles alternate, because some models' templates insist on it: an answer that never came is said to be so.
    """
    messages = Message.objects.filter(conversation_id=question.conversation_id).order_by("pk")
    rows = list(messages.values_list("pk", "parent_id", "page_id"))
    path = Tree.of(Node(pk, parent) for pk, parent, _ in rows).path(question.parent_id)
    on_path = set(path)
    elsewhere = frozenset(page for pk, _, page in rows if page is not None and pk not in on_path)
    said = Message.objects.filter(pk__in=path[-HISTORY_MESSAGES:]).order_by("pk")
    return History([_turn(*each) for each in said.values_list("role", "content", "page_id")], elsewhere)


def _turn(role: str, content: str, page_id: int | None) -> HistoryTurn:
    if role == MessageRole.USER:
        return HistoryTurn("user", content)
    return HistoryTurn("assistant", content or UNANSWERED, page_id)
