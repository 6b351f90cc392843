"""Full-text search over all of a person's conversations, with every assistant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.contrib.postgres.search import SearchQuery
from django.db import connection, transaction
from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber

from chat.enums import MessageRole
from chat.listing import Cursor
from chat.models import Conversation, Message
from chat.models.conversation import ConversationQuerySet
from chat.models.message import PUNCTUATION, SEARCH_CONFIGURATION, MessageQuerySet, words_of_content
from chat.wanted import Piece, Term, Wanted

PAGE_SIZE = 20
HITS_SHOWN = 3
"""Of one conversation, its newest."""
RARE = 5_000
"""Messages of everybody's that are taken from the index of words without a second thought."""
READ_AT_ONCE = 50
"""Conversations, at first."""
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

    Archived conversations are found, temporary and deleted ones are not. At most one query more each time that four
    times as many conversations have to be read; none for an empty question.
    """
    if not wanted:
        return Results([], None, after is not None)
    mine = Conversation.objects.for_user(user).lasting()
    if after:
        mine = mine.after(after.place)
    said = Said(wanted)
    by_title = mine.filter(_all(Q(title__icontains=term.text) for term in wanted.terms))
    both = [*_newest(by_title), *said.newest_in(mine)]
    newest = sorted({row.pk: row for row in both}.values(), key=lambda row: (row.last_message_at, row.pk), reverse=True)
    page = newest[:PAGE_SIZE]
    hits = said.newest_hits([conversation.pk for conversation in page])
    found = [_found(conversation, wanted, hits[conversation.pk]) for conversation in page]
    return Results(found, Cursor(False, page[-1].place) if len(newest) > PAGE_SIZE else None, after is not None)


def address_of(conversation: Conversation, message: Message) -> str:
    """Return the address at which a conversation opens at a message, on whichever branch it stands."""
    return f"{conversation.get_absolute_url()}?at={message.pk}#m{message.pk}"


class Said:
    """The messages that hold all terms, found in the way that is quicker for them.

    What is rare is taken from the index of words, whoever said it, and then looked up among the person's own. What is
    not would be a lot of other people's, and soon turns up in the person's newest conversations: these are read until
    the page is full. So is what no index of words can hold.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._rows = by_reading(Message.objects.all(), wanted)
        self._conversations: set[UUID] | None = None
        if any(term.indexed for term in wanted.terms) and (rare := _rare(wanted)) is not None:
            self._rows = Message.objects.filter(pk__in=rare)
            if any(not term.is_word for term in wanted.terms):
                # The index knows that the words are there, not that they stand side by side.
                self._rows = by_reading(self._rows, wanted)
            self._conversations = set(self._rows.values_list("conversation", flat=True))

    def newest_in(self, mine: ConversationQuerySet) -> list[Conversation]:
        """Return the newest of these conversations with such a message: one more than a page, if there are so many."""
        if self._conversations is not None:
            return list(_newest(mine.filter(pk__in=self._conversations)))
        found: list[UUID] = []
        ids = list(mine.newest_first().values_list("pk", flat=True))
        at, size = 0, READ_AT_ONCE
        while at < len(ids) and len(found) <= PAGE_SIZE:
            some = ids[at : at + size]
            with_hits = set(self._rows.filter(conversation__in=some).values_list("conversation", flat=True).distinct())
            found += [pk for pk in some if pk in with_hits]
            at, size = at + size, 4 * size
        return list(_newest(mine.filter(pk__in=found[: PAGE_SIZE + 1])))

    def newest_hits(self, conversation_ids: Sequence[UUID]) -> defaultdict[UUID, list[Message]]:
        """Return the newest such messages of each conversation, annotated with how many there are in all (`hits`)."""
        by_conversation: defaultdict[UUID, list[Message]] = defaultdict(list)
        within = F("conversation")
        rows = self._rows.filter(conversation__in=conversation_ids).annotate(
            rank=Window(RowNumber(), partition_by=within, order_by=F("pk").desc()),
            hits=Window(Count("pk"), partition_by=within),
        )
        for message in rows.filter(Q(rank__lte=HITS_SHOWN)).order_by("-pk").defer("prompt_tokens"):
            by_conversation[message.conversation_id].append(message)
        return by_conversation


@transaction.atomic
def _rare(wanted: Wanted) -> list[int] | None:
    """Return the keys of everybody's messages that hold all words; None when they are not rare.

    Whatever the planner believes, the index is used: to take texts apart into words as one goes takes 0.15 ms each.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    found = list(by_index(wanted).values_list("pk", flat=True)[: RARE + 1])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = on")
    return found if len(found) <= RARE else None


def by_index(wanted: Wanted) -> MessageQuerySet:
    """Return everybody's messages with all words, wherever they stand in them; what the index cannot hold is passed
    over.
    """
    # The index's own condition and expression, or the planner does not know it again.
    rows = Message.objects.ended().alias(words=words_of_content())
    for term in wanted.terms:
        if term.indexed:
            rows = rows.filter(Q(words=_tsquery(term)))
    return rows


def by_reading(rows: MessageQuerySet, wanted: Wanted) -> MessageQuerySet:
    """Return those of these messages that hold every term, by reading them."""
    rows = rows.ended()
    for term in wanted.terms:
        if term.indexed:
            # The first is quick to say no, the second knows where words begin.
            rows = rows.filter(content__icontains=term.words[0]).filter(content__iregex=_regex(term))
        if term.literal:
            rows = rows.filter(content__icontains=term.text)
    return rows


class _SomewhereQuery(SearchQuery):
    """Words that have to be there, but not side by side: the index has no positions, and every text would have to be
    taken apart again.
    """

    template = "replace(%(function)s(%(expressions)s)::text, '<->', '&')::tsquery"


def _tsquery(term: Term) -> SearchQuery:
    """Return the words of a term, with the last as the beginning of one unless the term is a phrase.

    PostgreSQL's parser takes the term apart as it took apart the messages.
    """
    text = term.text.translate(_AS_INDEXED)
    if term.is_phrase:
        return _SomewhereQuery(text, search_type="phrase", config=SEARCH_CONFIGURATION)
    # In quotes everything is text, blanks and operators included.
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    return _SomewhereQuery(f"'{quoted}':*", search_type="raw", config=SEARCH_CONFIGURATION)


def _regex(term: Term) -> str:
    words = "[^[:alnum:]]+".join(term.words)
    return f"(^|[^[:alnum:]]){words}{'($|[^[:alnum:]])' if term.is_phrase else ''}"


def _newest(rows: ConversationQuerySet) -> ConversationQuerySet:
    return rows.select_related("memory__assistant").newest_first()[: PAGE_SIZE + 1]


def _found(conversation: Conversation, wanted: Wanted, messages: list[Message]) -> Found:
    hits = [Hit(message, _snippet(wanted, message)) for message in messages]
    total = getattr(messages[0], "hits", 0) if messages else 0
    return Found(conversation, wanted.marked(conversation.title), hits, total - len(hits))


def _snippet(wanted: Wanted, message: Message) -> list[Piece]:
    return wanted.snippet(message.content, is_markdown=message.role == MessageRole.ASSISTANT)


def _all(conditions: Iterable[Q]) -> Q:
    every = Q()
    for condition in conditions:
        every &= condition
    return every
