"""What one call to a model is shown: each page whole or by its ends, and in all no more than the call may hold.

Transfer, promotion, summing up and the question about near duplicates share this. Only the copy for the prompt is
shortened; what is stored stays whole. A document pasted into a message therefore costs what any page can cost, once.
"""

from __future__ import annotations

from dataclasses import dataclass

from memory.domain.tokens import clipped, count_tokens
from memory.llm.base import PageText
from memory.llm.bounds import QUERY_EXCERPT, RESPONSE_EXCERPT
from memory.models import Page
from memory.models.page import page_text

HIDDEN = "…"
"""What stands for the words of a page that a person does not want used. Not blank: blank summaries are rebuilt."""
QUERY_SHARE = 0.75
"""Of the tokens of a call: the most that one page's message takes; its answer takes the rest."""


@dataclass(slots=True)
class Room:
    """What is left of a call, in tokens and in pieces (pages, facts, pairs). The first piece always finds room: it is
    shortened before it is offered, and a call without any would never get on."""

    tokens: int
    pieces: int
    untouched: bool = True

    def take(self, tokens: int) -> bool:
        """Say whether there is room for one more piece of so many tokens, and take it."""
        if not self.untouched and (self.pieces < 1 or tokens > self.tokens):
            return False
        self.tokens -= tokens
        self.pieces -= 1
        self.untouched = False
        return True


def shown(page: Page, index: int, token_limit: int, query: str | None = None) -> PageText:
    """Return a page as a consolidator sees it: of what is too long for a call of `token_limit` tokens, the beginning
    and the end, with the gap plainly marked. `query` stands in for the page's own message. Of a disabled page it sees
    that there is one, and when.
    """
    if page.disabled:
        return PageText(index, HIDDEN, "", page.occurred_at)
    message_limit = int(token_limit * QUERY_SHARE)
    return PageText(
        index,
        clipped(page.query if query is None else query, message_limit, QUERY_EXCERPT),
        clipped(page.response, token_limit - message_limit, RESPONSE_EXCERPT),
        page.occurred_at,
    )


def tokens_of(text: PageText) -> int:
    """Return what a page costs in a prompt."""
    return count_tokens(page_text(text.query, text.response))
