"""The list of conversations in the side bar: newest first, under Today, Yesterday and Earlier, page by page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from chat.models import Conversation

PAGE_SIZE = 30
ZONE_COOKIE = "timezone"


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations of one stretch of days; `heading` is blank where the page before has said it already."""

    heading: str
    conversations: list[Conversation]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list. `before` and `heading` lead to the next one; `before` is None on the last."""

    groups: list[Group]
    before: str | None
    heading: str


def list_conversations(user: User, memory_id: int, today: date, before: datetime | None, said: str) -> Listing:
    """Return a page of a memory's conversations, those last written to before `before`. One query.

    `today` is the reader's day, with `tzinfo` of the current time zone; `said` is the heading the page before ended
    under.
    """
    rows = Conversation.objects.for_user(user).filter(memory_id=memory_id).newest_first()
    if before:
        rows = rows.before(before)
    found = list(rows[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE]
    groups = list(_grouped(page, today, said))
    more = page[-1].last_message_at.isoformat() if len(found) > PAGE_SIZE else None
    return Listing(groups, more, _heading(page[-1], today) if page else said)


def zone_of(request: HttpRequest) -> ZoneInfo:
    """Return the reader's time zone: what their browser says of itself in a cookie, else UTC."""
    try:
        return ZoneInfo(unquote(request.COOKIES.get(ZONE_COOKIE, "")) or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _grouped(page: list[Conversation], today: date, said: str) -> Iterator[Group]:
    for heading, conversations in groupby(page, key=lambda row: _heading(row, today)):
        yield Group("" if heading == said else heading, list(conversations))


def _heading(conversation: Conversation, today: date) -> str:
    day = timezone.localtime(conversation.last_message_at).date()
    if day >= today:
        return "Today"
    return "Yesterday" if day == today - timedelta(days=1) else "Earlier"
