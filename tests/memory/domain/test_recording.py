import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from memory.domain.recording import PageDraft, record_page, record_pages
from memory.enums import EventKind, Source
from memory.exceptions import ExternalIdConflict, InvalidPage
from memory.models import Memory, MemoryEvent, Page, Posting
from memory.signals import page_recorded
from tests.memory.factories import EPOCH, MemoryFactory

pytestmark = pytest.mark.django_db


def draft(query: str = "Hello", response: str = "Hi", external_id: str | None = None) -> PageDraft:
    return PageDraft(query, response, EPOCH, external_id)


def test_a_page_is_short_term_with_its_words_indexed_and_logged() -> None:
    memory = MemoryFactory()
    page = record_page(memory, query="My dog likes dogs", response="Good dog", occurred_at=EPOCH, metadata={"a": 1})
    memory.refresh_from_db()
    assert list(memory.pages.short_term()) == [page]
    assert (page.position, page.occurred_at, page.metadata, page.source) == (1, EPOCH, {"a": 1}, Source.CHAT)
    assert dict(Posting.objects.filter(page=page).values_list("term", "frequency")) == {"dog": 3, "like": 1, "good": 1}
    assert (memory.page_count, memory.term_count, memory.last_position) == (1, 5, 1)
    [event] = MemoryEvent.objects.filter(memory=memory)
    assert (event.kind, event.target_type, event.target_id) == (EventKind.RECORDED, "page", page.pk)


def test_the_same_external_id_twice_is_one_page() -> None:
    memory = MemoryFactory()
    first = record_page(memory, query="a", response="b", external_id="x")
    assert record_page(memory, query="a", response="b", external_id="x") == first
    assert memory.pages.count() == 1


def test_the_same_external_id_with_other_words_is_refused_and_nothing_stored() -> None:
    memory = MemoryFactory()
    with pytest.raises(ExternalIdConflict):
        record_pages(memory, [draft(external_id="x"), draft("Other", external_id="x")], Source.API)
    assert not memory.pages.exists()


def test_external_ids_of_two_memories_do_not_meet() -> None:
    one, two = MemoryFactory(), MemoryFactory()
    assert record_page(one, query="a", response="", external_id="x") != record_page(
        two, query="b", response="", external_id="x"
    )


@pytest.mark.parametrize("words", [("", ""), (" \n", "\t")])
def test_a_page_that_says_nothing_is_refused(words: tuple[str, str]) -> None:
    memory = MemoryFactory()
    with pytest.raises(InvalidPage):
        record_pages(memory, [draft(), draft(*words)], Source.API)
    assert not memory.pages.exists()


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidPage):
        record_page(MemoryFactory(), query="a", response="", occurred_at=datetime(2026, 1, 1))


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
def test_a_time_that_could_not_be_read_back_is_refused(at: datetime) -> None:
    """In another zone they lie beyond Python's calendar, and no list of the memory's pages could be read any more."""
    with pytest.raises(InvalidPage):
        record_page(MemoryFactory(), query="a", response="", occurred_at=at)


def test_words_are_kept_to_the_letter_but_for_nul() -> None:
    page = record_page(MemoryFactory(), query="  a\0b\r\n\tü🙂 \ud83d", response="\u202e")
    page.refresh_from_db()
    assert (page.query, page.response) == ("  a\ufffdb\r\n\tü🙂 \ufffd", "\u202e")


def test_a_receiver_that_raises_undoes_the_recording() -> None:
    memory = MemoryFactory()

    def refuse(**_: Any) -> None:
        raise RuntimeError("no")

    page_recorded.connect(refuse)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            record_page(memory, query="a", response="")
    finally:
        page_recorded.disconnect(refuse)
    memory.refresh_from_db()
    assert (memory.pages.count(), memory.page_count, MemoryEvent.objects.count()) == (0, 0, 0)


def test_recording_many_pages_costs_a_constant_number_of_queries(django_assert_num_queries: Any) -> None:
    memory = MemoryFactory()
    record_page(memory, query="warm", response="up")
    with django_assert_num_queries(10):
        record_pages(memory, [draft(str(n)) for n in range(200)], Source.IMPORT)


def test_the_database_refuses_two_pages_at_one_position() -> None:
    page = record_page(MemoryFactory(), query="a", response="")
    with pytest.raises(IntegrityError), transaction.atomic():
        Page.objects.create(memory=page.memory, position=page.position, query="b", occurred_at=EPOCH)


@pytest.mark.django_db(transaction=True)
def test_two_writers_lose_nothing_and_keep_their_order() -> None:
    """In the paper's own code, two writers lost half of the pages."""
    memory = MemoryFactory()

    def write(name: str) -> None:
        try:
            for n in range(20):
                record_page(
                    memory, query=f"{name}{n}", response="", occurred_at=datetime.now(UTC) + timedelta(seconds=n)
                )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = list(Page.objects.filter(memory=memory).order_by("position").values_list("position", "query"))
    assert [position for position, _ in rows] == list(range(1, 41))
    for name in "ab":
        assert [query for _, query in rows if query.startswith(name)] == [f"{name}{n}" for n in range(20)]
    assert Memory.objects.get(pk=memory.pk).page_count == 40
