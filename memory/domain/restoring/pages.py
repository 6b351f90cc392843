"""Pages of a file join a memory: a batch at a time, each in one transaction of the caller's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from memory.domain.activity import event, log
from memory.domain.importing import Contents
from memory.domain.importing.contents import Place, Surroundings
from memory.domain.indexing import grow_segment, index_pages, text_length
from memory.domain.recording import PageDraft, record_pages
from memory.domain.restoring.standing import Standing
from memory.enums import EventKind, Source
from memory.models import DialogueChain, Memory, Page, Segment
from memory.signals import memory_imported

_RECORDED_AT = """
    UPDATE memory_page SET recorded_at = given.at
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS given (id, at) WHERE memory_page.id = given.id"""


def store_pages(
    memory: Memory, contents: Contents, drafts: Sequence[PageDraft], found: Standing, source: Source | None = None
) -> int:
    """Store those of `drafts`, pages of `contents`, that are not there; return how many, and note them in `found`.

    Pages that are only pages become short-term memory (`record_pages`). Those of an exported memory go where they were:
    into their chains and segments, which are made with the first of their pages, or stay in short-term memory. In
    order: lock the memory, chains and segments, pages, index, `recorded` for each, `memory_imported`. No model is
    called. `source` is what pages come from whatever the file says. Runs in the caller's transaction.
    """
    locked = Memory.objects.select_related("assistant").get(pk=Memory.objects.locked(memory.pk).pk)
    new = _not_stored(locked, [draft for draft in drafts if not found.is_there(draft)])
    if not new:
        return 0
    if contents.memory is None:
        pages = record_pages(locked, new, source or Source.IMPORT).pages
    else:
        pages = _restore(locked, contents.memory, new, found, source)
        memory_imported.send(Page, memory=locked)
    found.pages.update((page.external_id or "", page.pk) for page in pages)
    return len(pages)


def _not_stored(memory: Memory, drafts: Sequence[PageDraft]) -> list[PageDraft]:
    """Leave out what somebody else has stored since the memory was looked through."""
    ids = [draft.external_id for draft in drafts]
    stored = set(memory.pages.filter(external_id__in=ids).values_list("external_id", flat=True))
    return [draft for draft in drafts if draft.external_id not in stored]


def _restore(
    memory: Memory, whole: Surroundings, drafts: Sequence[PageDraft], found: Standing, source: Source | None
) -> list[Page]:
    places = [whole.places[draft.external_id or ""] for draft in drafts]
    _make_chains(memory, whole, places, found)
    segments = _make_segments(memory, whole, places, found)
    pages = [
        _page(memory, draft, place, found, memory.last_position + number, source)
        for number, (draft, place) in enumerate(zip(drafts, places, strict=True), start=1)
    ]
    Page.objects.bulk_create(pages)
    with connection.cursor() as cursor:
        cursor.execute(_RECORDED_AT, [[page.pk for page in pages], [place.recorded_at for place in places]])
    Memory.objects.filter(pk=memory.pk).update(last_position=memory.last_position + len(pages))
    _index(memory, pages, segments)
    log(*(event(EventKind.RECORDED, page, memory=memory, after={"source": page.source}) for page in pages))
    return pages


def _page(
    memory: Memory, draft: PageDraft, place: Place, found: Standing, position: int, source: Source | None
) -> Page:
    in_segment = place.segment is not None and place.chain is not None
    return Page(
        memory=memory,
        position=position,
        query=draft.query,
        response=draft.response,
        occurred_at=draft.occurred_at,
        source=source or place.source,
        external_id=draft.external_id,
        metadata=draft.metadata,
        chain_id=found.chains[place.chain] if in_segment and place.chain is not None else None,
        segment_id=found.segments[place.segment] if in_segment and place.segment is not None else None,
        keywords=list(place.keywords),
        analysed_at=place.analysed_at,
        disabled=place.disabled,
        length=text_length(draft.query, draft.response),
    )


def _make_chains(memory: Memory, whole: Surroundings, places: Iterable[Place], found: Standing) -> None:
    wanted = {place.chain for place in places if place.chain is not None} - found.chains.keys()
    rows = [whole.chains[number] for number in sorted(wanted)]
    made = DialogueChain.objects.bulk_create(
        DialogueChain(memory=memory, summary=row.summary, started_at=row.started_at, last_page_at=row.last_page_at)
        for row in rows
    )
    found.chains.update((row.id, chain.pk) for row, chain in zip(rows, made, strict=True))


def _make_segments(memory: Memory, whole: Surroundings, places: Iterable[Place], found: Standing) -> dict[int, Segment]:
    """Make the segments that are not there; return all that pages go to, by their keys."""
    numbers = {place.segment for place in places if place.segment is not None}
    rows = [whole.segments[number] for number in sorted(numbers - found.segments.keys())]
    made = Segment.objects.bulk_create(
        Segment(
            memory=memory,
            title=row.title,
            summary=row.summary,
            keywords=list(row.keywords),
            visits=row.visits,
            last_visited_at=row.last_visited_at,
            promoted_at=row.promoted_at,
            archived_at=row.archived_at,
        )
        for row in rows
    )
    for row, segment in zip(rows, made, strict=True):
        # Not what `auto_now_add` says.
        segment.created_at = row.created_at
        found.segments[row.id] = segment.pk
    Segment.objects.bulk_update(made, ["created_at"])
    return memory.segments.defer("embedding").in_bulk([found.segments[number] for number in numbers])


def _index(memory: Memory, pages: Sequence[Page], segments: dict[int, Segment]) -> None:
    """Add pages to the index, but for those of archived segments, and to their segments' terms and counts."""
    joined: dict[int, list[Page]] = {pk: [] for pk in segments}
    for page in pages:
        if page.segment_id is not None:
            joined[page.segment_id].append(page)
    archived = {pk for pk, segment in segments.items() if segment.archived_at is not None}
    index_pages(memory, [page for page in pages if page.segment_id not in archived])
    for pk, segment in segments.items():
        segment.term_count += sum(page.length for page in joined[pk])
        segment.length += sum(page.analysed_at is None and not page.disabled for page in joined[pk])
        # A direction that leaves these pages out is none any more: the job that gives vectors makes it anew.
        segment.embedding, segment.embedding_model = None, ""
        if pk not in archived:
            grow_segment(segment, joined[pk])
    Segment.objects.bulk_update(segments.values(), ["term_count", "length", "embedding", "embedding_model"])
