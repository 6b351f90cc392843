"""What a file holds, whatever its format: page drafts, and of an exported memory all that stands around them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from memory.domain.recording import PageDraft
from memory.enums import KnowledgeStatus, Source, Subject, TraitLevel

Warned = Literal[
    "future",
    "hidden",
    "no_text",
    "undated",
    "lost_source",
    "lost_segment",
    "empty_segment",
    "no_branch",
]
"""What was left out or put right, by reason; in words: `memory.views.imports`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of an exported memory is, and what had been done with it."""

    recorded_at: datetime
    source: Source
    chain: int | None = None
    segment: int | None = None
    keywords: tuple[str, ...] = ()
    analysed_at: datetime | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class ChainRow:
    """A dialogue chain; `id` is its number in the file."""

    id: int
    summary: str
    started_at: datetime
    last_page_at: datetime


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A segment; how many of its pages are unread is counted from the pages."""

    id: int
    title: str
    summary: str
    keywords: tuple[str, ...]
    visits: int
    last_visited_at: datetime
    created_at: datetime
    promoted_at: datetime | None
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A profile attribute and the ids of the pages it was learnt from."""

    name: str
    value: str
    locked: bool
    disabled: bool
    created_at: datetime
    updated_at: datetime
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TraitRow:
    """A trait and the ids of its evidence."""

    dimension: str
    level: TraitLevel
    reason: str
    locked: bool
    disabled: bool
    created_at: datetime
    updated_at: datetime
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact; `superseded_by` is another one's number in the file."""

    id: int
    subject: Subject
    text: str
    status: KnowledgeStatus
    pinned: bool
    locked: bool
    times_confirmed: int
    confirmed_at: datetime
    valid_from: datetime | None
    valid_to: datetime | None
    superseded_by: int | None
    created_at: datetime
    updated_at: datetime
    pages: tuple[str, ...]


@dataclass(slots=True)
class Surroundings:
    """All that an exported memory holds beside the words of its pages; `places` by the pages' ids."""

    key: str
    assistant: str
    places: dict[str, Place] = field(default_factory=dict)
    chains: dict[int, ChainRow] = field(default_factory=dict)
    segments: dict[int, SegmentRow] = field(default_factory=dict)
    profile: list[ProfileRow] = field(default_factory=list)
    traits: list[TraitRow] = field(default_factory=list)
    facts: list[FactRow] = field(default_factory=list)


@dataclass(slots=True)
class Contents:
    """A file's pages, oldest first, each with an id of its own, so that importing again adds nothing."""

    format: str
    pages: list[PageDraft]
    warnings: Counter[Warned] = field(default_factory=Counter)
    memory: Surroundings | None = None
