"""Which pages of a file are in a memory already, and in which of its segments and chains. Read only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from memory.domain.exporting.names import own_position
from memory.domain.importing import Contents
from memory.domain.recording import PageDraft
from memory.models import Memory, Page

_BATCH = 1000


@dataclass(slots=True)
class Standing:
    """What of a file is there: keys of rows by what the file calls them."""

    pages: dict[str, int] = field(default_factory=dict)
    differing: set[str] = field(default_factory=set)
    """Ids of pages that are there with other words. They stay as they are."""
    segments: dict[int, int] = field(default_factory=dict)
    chains: dict[int, int] = field(default_factory=dict)

    def is_there(self, draft: PageDraft) -> bool:
        """Say whether nothing is to be stored for a page."""
        return draft.external_id in self.pages


@dataclass(frozen=True, slots=True)
class _Row:
    pk: int
    words: tuple[str, str]
    segment: int | None
    chain: int | None


def standing(memory: Memory, contents: Contents) -> Standing:
    """Find a file's pages by their ids, or by their positions where the file is this memory's own.

    A segment or chain of the file is the one here that holds most of its pages: rows carry no ids of other
    installations, and a person may have moved on since.
    """
    found = Standing()
    places = contents.memory.places if contents.memory else {}
    segments: defaultdict[int, Counter[int]] = defaultdict(Counter)
    chains: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for draft, row in _stored(memory, contents.pages):
        key = draft.external_id or ""
        found.pages[key] = row.pk
        if row.words != (draft.query, draft.response):
            found.differing.add(key)
        place = places.get(key)
        if place and place.segment is not None and place.chain is not None and row.segment and row.chain:
            segments[place.segment][row.segment] += 1
            chains[place.chain][row.chain] += 1
    found.segments = {number: votes.most_common(1)[0][0] for number, votes in segments.items()}
    found.chains = {number: votes.most_common(1)[0][0] for number, votes in chains.items()}
    return found


def _stored(memory: Memory, drafts: Sequence[PageDraft]) -> Iterator[tuple[PageDraft, _Row]]:
    for start in range(0, len(drafts), _BATCH):
        batch = drafts[start : start + _BATCH]
        by_id = _rows(memory, external_ids=[draft.external_id or "" for draft in batch])
        own = {draft.external_id: own_position(memory.key, draft.external_id or "") for draft in batch}
        by_position = _rows(memory, positions=[position for position in own.values() if position is not None])
        for draft in batch:
            row = by_id.get(draft.external_id) or by_position.get(own[draft.external_id])
            if row is not None:
                yield draft, row


def _rows(
    memory: Memory, *, external_ids: Iterable[str] = (), positions: Iterable[int] = ()
) -> dict[str | int | None, _Row]:
    """Return stored pages by their external ids, or those that have none by their positions."""
    wanted: Iterable[object] = external_ids or positions
    if not wanted:
        return {}
    pages = Page.objects.filter(memory=memory)
    pages = (
        pages.filter(external_id__in=external_ids)
        if external_ids
        else pages.filter(external_id__isnull=True, position__in=positions)
    )
    rows = pages.order_by().values_list("external_id", "position", "pk", "query", "response", "segment", "chain")
    return {
        position if external_id is None else external_id: _Row(pk, (query, response), segment, chain)
        for external_id, position, pk, query, response, segment, chain in rows
    }
