"""Answers that were given a page of memory, for its page on the dashboard. Read only."""

from __future__ import annotations

from chat.models import RecalledItem
from memory.domain.forgetting import Rows
from memory.domain.uses import Use, Uses
from memory.models import Memory, Page

LATEST = 10
ASKED = 160
"""Characters of a question that are shown."""


def answers_given(memory: Memory, page: Page) -> Uses:
    """Return the answers in this memory's conversations that were given the page: how many, and the latest.

    Two queries, however many there are. Of deleted conversations, which can still be brought back, nobody is told.
    """
    given = RecalledItem.objects.in_memory(memory).given().among(Rows(pages=(page.pk,)))
    given = given.filter(message__conversation__deleted_at__isnull=True)
    newest = given.select_related("message__parent", "message__conversation").order_by("-message_id")[:LATEST]
    return Uses(given.order_by().values("message").distinct().count(), tuple(_use(item) for item in newest))


def _use(item: RecalledItem) -> Use:
    answer = item.message
    question = " ".join(answer.question.content[: 4 * ASKED].split())
    asked = question if len(question) <= ASKED else f"{question[: ASKED - 1]}…"
    return Use(
        asked, answer.created_at, item.score, f"{answer.conversation.get_absolute_url()}?at={answer.pk}#m{answer.pk}"
    )
