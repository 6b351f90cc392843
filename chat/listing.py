"""The list of conversations: pinned ones, then the others by date from new to old, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from urllib.parse import unquote
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chat.models import Conversation
from chat.models.conversation import ConversationQuerySet, Place
from memory.models import Memory

PAGE_SIZE = 30
MOST_ROWS = 300
"""Of a list that is shown again as long as it had been."""
ZONE_COOKIE = "timezone"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of the list ended. As text it stands in an address."""

    pinned: bool
    place: Place

    def __str__(self) -> str:
        # In UTC with a Z: a plus would be a blank in an address.
        moment = self.place.last_message_at.astimezone(UTC).isoformat().removesuffix("+00:00")
        return f"{int(self.pinned)},{moment}Z,{self.place.id.hex}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Return the cursor that a text stands for; None for anything that is none."""
        match text.split(","):
            case ["0" | "1" as pinned, moment, key] if (place := _place(moment, key)) is not None:
                return cls(pinned == "1", place)
        return None


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations of one stretch of days; `heading` is blank where the page before has said it already."""

    heading: str
    conversations: list[Conversation]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list. `after` leads to the next one; it is None on the last."""

    groups: list[Group]
    after: Cursor | None
    is_further: bool
    archived: int = 0
    """How many conversations the archive holds; told on the first page of the list."""


def list_conversations(user: User, memory: Memory, today: date, after: Cursor | None, size: int = PAGE_SIZE) -> Listing:
    """Return a page of a person's conversations with a memory: those below `after`. At most three queries.

    `today` is the reader's day, by the current time zone.
    """
    mine = Conversation.objects.for_user(user).filter(memory=memory)
    rows = mine.listed()
    found: list[Conversation] = []
    if after is None or after.pinned:
        found = list(_below(rows.pinned(), after)[: size + 1])
    if len(found) <= size:
        found += _below(rows.unpinned(), None if after is None or after.pinned else after)[: size + 1 - len(found)]
    said = _heading(after.pinned, after.place.last_message_at, today) if after else ""
    groups = _grouped(found[:size], today, said)
    archived = mine.archived().count() if after is None else 0
    return Listing(list(groups), _cursor(found, size), after is not None, archived)


def list_archived(user: User, memory: Memory, today: date, after: Cursor | None, size: int = PAGE_SIZE) -> Listing:
    """Return a page of a person's archived conversations with a memory. One query."""
    rows = Conversation.objects.for_user(user).filter(memory=memory).archived()
    found = list(_below(rows, after)[: size + 1])
    for row in found:
        # In the archive nothing is on top.
        row.pinned_at = None
    said = _heading(False, after.place.last_message_at, today) if after else ""
    return Listing(list(_grouped(found[:size], today, said)), _cursor(found, size), after is not None)


def zone_of(request: HttpRequest) -> ZoneInfo:
    """Return the reader's time zone: what their browser says of itself in a cookie, else UTC."""
    try:
        return ZoneInfo(unquote(request.COOKIES.get(ZONE_COOKIE, "")) or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _place(moment: str, key: str) -> Place | None:
    try:
        at, pk = parse_datetime(moment), UUID(hex=key)
    except ValueError:
        return None
    return Place(at, pk) if at is not None and timezone.is_aware(at) else None


def _below(rows: ConversationQuerySet, after: Cursor | None) -> ConversationQuerySet:
    return (rows.after(after.place) if after else rows).newest_first()


def _cursor(found: list[Conversation], size: int) -> Cursor | None:
    if len(found) <= size:
        return None
    last = found[size - 1]
    return Cursor(last.pinned_at is not None, last.place)


def _grouped(page: list[Conversation], today: date, said: str) -> Iterator[Group]:
    def heading_of(row: Conversation) -> str:
        return _heading(row.pinned_at is not None, row.last_message_at, today)

    for heading, conversations in groupby(page, key=heading_of):
        yield Group("" if heading == said else heading, list(conversations))


def _heading(pinned: bool, moment: datetime, today: date) -> str:
    if pinned:
        return _("Pinned")
    day = timezone.localtime(moment).date()
    if day >= today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    if day >= today - timedelta(days=7):
        return _("Previous 7 days")
    if day >= today - timedelta(days=30):
        return _("Previous 30 days")
    return date_format(day, "YEAR_MONTH_FORMAT")
