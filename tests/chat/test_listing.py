from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from chat.enums import Mode
from chat.listing import Cursor, Listing, list_archived, list_conversations
from chat.models import Conversation
from memory.models import Memory
from tests.chat.factories import ConversationFactory
from tests.memory.factories import MemoryFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 25)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def headings(memory: Memory, zone: str = "UTC", today: date = TODAY) -> dict[str, str]:
    """Return the heading over each conversation's title."""
    with timezone.override(ZoneInfo(zone)):
        listing = list_conversations(memory.user, memory, today, None)
    return {row.title: group.heading for group in listing.groups for row in group.conversations}


def titles(listing: Listing) -> list[tuple[str, list[str]]]:
    return [(group.heading, [row.title for row in group.conversations]) for group in listing.groups]


@pytest.mark.parametrize(
    ("days", "heading"),
    [
        (-1, "Today"),
        (0, "Today"),
        (1, "Yesterday"),
        (2, "Previous 7 days"),
        (7, "Previous 7 days"),
        (8, "Previous 30 days"),
        (30, "Previous 30 days"),
        (31, "October 2026"),
        (330, "December 2025"),
    ],
)
def test_a_heading_for_every_age(memory: Memory, days: int, heading: str) -> None:
    ConversationFactory(memory=memory, title="It", last_message_at=NOON - timedelta(days=days))
    assert headings(memory) == {"It": heading}


def test_days_are_the_readers(memory: Memory) -> None:
    ConversationFactory(memory=memory, title="Before", last_message_at=datetime(2026, 11, 24, 16, 59, tzinfo=UTC))
    ConversationFactory(memory=memory, title="After", last_message_at=datetime(2026, 11, 24, 17, 0, tzinfo=UTC))
    # Midnight in Jakarta (+7).
    assert headings(memory, "Asia/Jakarta") == {"After": "Today", "Before": "Yesterday"}
    assert headings(memory, "UTC") == {"After": "Yesterday", "Before": "Yesterday"}
    assert headings(memory, "America/Los_Angeles", date(2026, 11, 24)) == {"After": "Today", "Before": "Today"}


def test_pinned_ones_come_first_and_what_is_hidden_is_not_there(memory: Memory) -> None:
    now = timezone.now()
    ConversationFactory(memory=memory, title="New", last_message_at=NOON)
    ConversationFactory(memory=memory, title="Old pin", last_message_at=NOON - timedelta(days=99), pinned_at=now)
    ConversationFactory(memory=memory, title="Archived", archived_at=now)
    ConversationFactory(memory=memory, title="Archived pin", archived_at=now, pinned_at=now)
    ConversationFactory(memory=memory, title="Deleted", deleted_at=now)
    ConversationFactory(memory=memory, title="Temporary", mode=Mode.TEMPORARY, closes_at=now)
    ConversationFactory(memory=MemoryFactory(user=memory.user), title="Elsewhere")
    ConversationFactory(memory=MemoryFactory(assistant=memory.assistant), title="Somebody else's")
    listing = list_conversations(memory.user, memory, TODAY, None)
    assert titles(listing) == [("Pinned", ["Old pin"]), ("Today", ["New"])]
    assert (listing.archived, listing.after) == (2, None)
    assert titles(list_archived(memory.user, memory, TODAY, None)) == [("March 2026", ["Archived pin", "Archived"])]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("pins", [0, 2, 5])
def test_pages_follow_each_other_without_a_gap_also_among_equal_times(memory: Memory, size: int, pins: int) -> None:
    rows = ConversationFactory.create_batch(7, memory=memory, last_message_at=NOON)
    for row in rows[:pins]:
        row.pinned_at = NOON
        row.save()
    seen: list[Conversation] = []
    said: list[str] = []
    after: Cursor | None = None
    while True:
        listing = list_conversations(memory.user, memory, TODAY, after, size)
        page = [row for group in listing.groups for row in group.conversations]
        assert len(page) <= size
        seen += page
        said += [group.heading for group in listing.groups if group.heading]
        if listing.after is None:
            break
        after = Cursor.parse(str(listing.after))
        assert after == listing.after
    ordered = [row.pk for row in Conversation.objects.pinned().newest_first()]
    ordered += [row.pk for row in Conversation.objects.unpinned().newest_first()]
    assert [row.pk for row in seen] == ordered
    assert said == (["Pinned"] if pins else []) + ["Today"]


@pytest.mark.parametrize(
    "text",
    ["", "x", "1,2", "2,2026-01-01T00:00:00+00:00,00", "0,2026-13-01T00:00:00+00:00," + 32 * "0",
     "0,2026-01-01T00:00:00," + 32 * "0", "0,2026-01-01T00:00:00+00:00,zz", "0,\0," + 32 * "0"],
)  # fmt: skip
def test_a_cursor_that_is_none_is_the_beginning(text: str) -> None:
    assert Cursor.parse(text) is None


@pytest.mark.parametrize("count", [1, 40])
def test_a_page_takes_the_same_queries_however_long(
    memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ConversationFactory.create_batch(count, memory=memory)
    with django_assert_num_queries(3):
        list_conversations(memory.user, memory, TODAY, None)
    with django_assert_num_queries(1):
        list_archived(memory.user, memory, TODAY, None)
