"""Full-text search over all of a person's conversations, with every assistant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, Exists, F, OuterRef, Q, Window
from django.db.models.functions import RowNumber

from chat.listing import Cursor
from chat.models import Conversation, Message
from chat.models.conversation import ConversationQuerySet
from chat.models.message import PUNCTUATION, SEARCH_CONFIGURATION, MessageQuerySet, words_of_content
from chat.wanted import Piece, Term, Wanted

PAGE_SIZE = 20
HITS_SHOWN = 3
"""Of one conversation, its newest."""
_AS_INDEXED = str.maketrans(PUNCTUATION, " " * len(PUNCTUATION))


@dataclass(frozen=True, slots=True)
class Hit:
    """A message in which everything stands that was looked for, and what surrounds the first of it."""

    message: Message
    snippet: list[Piece]


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation with something in its title or messages. `more` counts hits that are not shown."""

    conversation: Conversation
    title: list[Piece]
    hits: list[Hit]
    more: int

    @property
    def address(self) -> str:
        """Where it opens: at the newest hit, if there is one."""
        return (
            address_of(self.conversation, self.hits[0].message) if self.hits else self.conversation.get_absolute_url()
        )


@dataclass(frozen=True, slots=True)
class Results:
    """One page of what was found, newest conversations first. `after` leads to the next; it is None on the last."""

    found: list[Found]
    after: Cursor | None
    is_further: bool


def search(user: User, wanted: Wanted, after: Cursor | None) -> Results:
    """Return a page of the person's conversations with a title, or a message of any branch, that holds all terms.

    Archived conversations are found, temporary and deleted ones are not. Three queries, none for an empty question.
    """
    if not wanted:
        return Results([], None, after is not None)
    page, more = _page(user, wanted, after)
    hits = _newest_hits([conversation.pk for conversation in page], wanted)
    found = [_found(conversation, wanted, hits[conversation.pk]) for conversation in page]
    return Results(found, Cursor(False, page[-1].place) if more else None, after is not None)


def address_of(conversation: Conversation, message: Message) -> str:
    """Return the address at which a conversation opens at a message, on whichever branch it stands."""
    return f"{conversation.get_absolute_url()}?at={message.pk}#m{message.pk}"


def _page(user: User, wanted: Wanted, after: Cursor | None) -> tuple[list[Conversation], bool]:
    """Return the newest conversations with a hit in the title or in a message, and whether there are more.

    Two questions, because a database that is asked for the one or the other at once uses no index for either.
    """
    mine = Conversation.objects.for_user(user).lasting()
    if after:
        mine = mine.after(after.place)
    by_title = mine.filter(_all(Q(title__icontains=term.text) for term in wanted.terms))
    said = matching(Message.objects.filter(conversation=OuterRef("pk")), wanted)
    both = [*_newest(by_title), *_newest(mine.filter(Exists(said)))]
    newest = sorted({row.pk: row for row in both}.values(), key=lambda row: (row.last_message_at, row.pk), reverse=True)
    return newest[:PAGE_SIZE], len(newest) > PAGE_SIZE


def _newest(rows: ConversationQuerySet) -> ConversationQuerySet:
    return rows.select_related("memory__assistant").newest_first()[: PAGE_SIZE + 1]


def matching(messages: MessageQuerySet, wanted: Wanted) -> MessageQuerySet:
    """Return those of these messages that hold every term."""
    # The index's own condition and expression, or the planner does not know it again.
    rows = messages.ended()
    if any(term.indexed for term in wanted.terms):
        rows = rows.alias(words=words_of_content())
    for term in wanted.terms:
        if term.indexed:
            rows = rows.filter(Q(words=_tsquery(term)))
        if term.literal:
            rows = rows.filter(content__icontains=term.text)
    return rows


def _tsquery(term: Term) -> SearchQuery:
    text = term.text.translate(_AS_INDEXED)
    if term.is_phrase:
        return SearchQuery(text, search_type="phrase", config=SEARCH_CONFIGURATION)
    # In quotes everything is text to PostgreSQL's parser, which takes it apart as it took apart the messages.
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    return SearchQuery(f"'{quoted}':*", search_type="raw", config=SEARCH_CONFIGURATION)


def _newest_hits(conversation_ids: Sequence[UUID], wanted: Wanted) -> defaultdict[UUID, list[Message]]:
    """Return the newest hits of each conversation, annotated with how many there are in all (`hits`)."""
    by_conversation: defaultdict[UUID, list[Message]] = defaultdict(list)
    within = F("conversation")
    rows = matching(Message.objects.filter(conversation__in=conversation_ids), wanted)
    rows = rows.annotate(
        rank=Window(RowNumber(), partition_by=within, order_by=F("pk").desc()),
        hits=Window(Count("pk"), partition_by=within),
    ).filter(rank__lte=HITS_SHOWN)
    for message in rows.order_by("-pk").defer("prompt_tokens"):
        by_conversation[message.conversation_id].append(message)
    return by_conversation


def _found(conversation: Conversation, wanted: Wanted, messages: list[Message]) -> Found:
    hits = [Hit(message, wanted.snippet(message.content)) for message in messages]
    total = getattr(messages[0], "hits", 0) if messages else 0
    return Found(conversation, wanted.marked(conversation.title), hits, total - len(hits))


def _all(conditions: Iterable[Q]) -> Q:
    every = Q()
    for condition in conditions:
        every &= condition
    return every
