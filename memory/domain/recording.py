"""Recording: the one door through which a page enters a memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from memory.domain.activity import event, log
from memory.domain.indexing import index_pages, text_length
from memory.enums import EventKind, Source
from memory.exceptions import ExternalIdConflict, InvalidPage
from memory.models import Memory, Page
from memory.signals import page_recorded

FIRST_YEAR, LAST_YEAR = 2, 9998
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class PageDraft:
    """A page to be. `occurred_at` is aware; `external_id` makes recording it twice harmless."""

    query: str
    response: str
    occurred_at: datetime
    external_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a call stored, and how many drafts were there already."""

    pages: list[Page]
    skipped: int


def record_page(
    memory: Memory,
    *,
    query: str,
    response: str,
    occurred_at: datetime | None = None,
    external_id: str | None = None,
    metadata: dict[str, Any] | None = None,
    source: Source = Source.CHAT,
) -> Page:
    """Record one page; with an `external_id` known already, return the page that has it.

    Effects and errors are those of `record_pages`.
    """
    draft = PageDraft(query, response, occurred_at or timezone.now(), external_id, metadata or {})
    recorded = record_pages(memory, [draft], source)
    return recorded.pages[0] if recorded.pages else memory.pages.get(external_id=external_id)


def record_pages(memory: Memory, drafts: Sequence[PageDraft], source: Source) -> Recorded:
    """Append pages to short-term memory, in order, all or none.

    In one transaction: lock the memory, leave out drafts whose `external_id` is stored with the same words,
    insert pages, index their words, log `recorded`, send `page_recorded`. No model is called.
    Raises InvalidPage (a draft says nothing, or its time is naive or at an end of the calendar) and
    ExternalIdConflict (the same id with other words, stored or within the drafts).
    """
    drafts = [_cleaned(draft) for draft in drafts]
    with transaction.atomic():
        locked = Memory.objects.locked(memory.pk)
        fresh = list(_not_stored(locked, drafts))
        if not fresh:
            return Recorded([], len(drafts))
        pages = Page.objects.bulk_create(
            [_page(locked, draft, locked.last_position + n, source) for n, draft in enumerate(fresh, start=1)],
            batch_size=_BATCH,
        )
        locked.last_position += len(pages)
        locked.save(update_fields=["last_position"])
        index_pages(locked, pages)
        log(*(event(EventKind.RECORDED, page, memory=memory, after={"source": source.value}) for page in pages))
        page_recorded.send(Page, memory=memory, pages=pages)
    return Recorded(pages, len(drafts) - len(pages))


def _cleaned(draft: PageDraft) -> PageDraft:
    if timezone.is_naive(draft.occurred_at):
        raise InvalidPage("A page's time needs a time zone.")
    if not readable(draft.occurred_at):
        raise InvalidPage(f"The year of a page's time must lie between {FIRST_YEAR} and {LAST_YEAR}.")
    query, response = whole_text(draft.query), whole_text(draft.response)
    if not query.strip() and not response.strip():
        raise InvalidPage
    return PageDraft(query, response, draft.occurred_at, draft.external_id, draft.metadata)


def readable(at: datetime) -> bool:
    """Say whether a time can be read back: at both ends of the calendar Postgres holds more than Python does."""
    return FIRST_YEAR <= at.year <= LAST_YEAR


def whole_text(text: str) -> str:
    """Return text that Postgres and UTF-8 can hold: NUL and half characters become U+FFFD, the rest stays."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _not_stored(memory: Memory, drafts: Sequence[PageDraft]) -> Iterator[PageDraft]:
    ids = [draft.external_id for draft in drafts if draft.external_id is not None]
    stored = {
        external_id: (query, response)
        for external_id, query, response in memory.pages.filter(external_id__in=ids).values_list(
            "external_id", "query", "response"
        )
    }
    for draft in drafts:
        if draft.external_id is None:
            yield draft
            continue
        words = stored.get(draft.external_id)
        if words is None:
            stored[draft.external_id] = (draft.query, draft.response)
            yield draft
        elif words != (draft.query, draft.response):
            raise ExternalIdConflict(
                f"A page with the id {draft.external_id!r} exists already and says something else."
            )


def _page(memory: Memory, draft: PageDraft, position: int, source: Source) -> Page:
    return Page(
        memory=memory,
        position=position,
        query=draft.query,
        response=draft.response,
        occurred_at=draft.occurred_at,
        source=source,
        external_id=draft.external_id,
        metadata=draft.metadata,
        length=text_length(draft.query, draft.response),
    )
