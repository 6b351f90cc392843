"""What one promotion call reads: unread pages of hot segments, hottest first, within its bounds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from memory.domain.provenance import own_words
from memory.domain.showing import Room, shown, tokens_of
from memory.llm.base import PageText
from memory.models import Memory, Page, Segment
from memory.models.knowledge import fingerprint


@dataclass(frozen=True, slots=True)
class Reading:
    """Pages for one call, oldest first, as rows and as the consolidator sees them, and the segments they are from."""

    segments: tuple[Segment, ...]
    pages: tuple[Page, ...]
    texts: tuple[PageText, ...]


def next_reading(memory: Memory, segments: Sequence[Segment], *, alone: Collection[int] = ()) -> Reading | None:
    """Fill one call with the unread pages of segments, in their order, each segment's oldest pages first; None when all
    have been read.

    Small segments share a call. It holds at most `promotion_tokens` tokens and twice `promotion_batch` pages; one page
    longer than that is shown by its ends. What was recalled into a message is left out of it. Segments whose keys are
    in `alone` share with none.
    """
    conf, recalled = memory.conf, _recalled(memory)
    taken: list[tuple[Page, PageText]] = []
    read_from: list[Segment] = []
    room, full = Room(conf.promotion_tokens, 2 * conf.promotion_batch), False
    for segment in segments:
        if full or (taken and (segment.pk in alone or read_from[0].pk in alone)):
            break
        for page in segment.pages.unanalysed()[: 2 * conf.promotion_batch]:
            text = shown(page, 0, conf.promotion_tokens, own_words(page.query, recalled))
            full = not room.take(tokens_of(text))
            if full:
                break
            taken.append((page, text))
            if segment not in read_from:
                read_from.append(segment)
    if not taken:
        return None
    taken.sort(key=lambda each: (each[0].occurred_at, each[0].position))
    texts = (replace(text, index=index) for index, (_, text) in enumerate(taken))
    return Reading(tuple(read_from), tuple(page for page, _ in taken), tuple(texts))


def _recalled(memory: Memory) -> frozenset[str]:
    """Fingerprints of all that recall can have shown: facts of any status, the assistant's, and the profile's lines.

    Not of what a person has written or wanted remembered: those are their own words, and stand on their own pages. When
    they are learnt again, they are recognised.
    """
    facts = [
        *memory.knowledge.filter(locked=False).values_list("fingerprint", flat=True),
        *memory.assistant.knowledge.values_list("fingerprint", flat=True),
    ]
    lines = (fingerprint(f"{name}: {value}") for name, value in memory.profile.values_list("name", "value"))
    return frozenset((*facts, *lines))
