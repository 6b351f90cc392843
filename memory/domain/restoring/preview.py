"""What importing a file would do, in numbers and examples. Read only; the words are the views'."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from memory.domain.importing import Contents
from memory.domain.restoring.long_term import facts_here, may_bring, wanted_facts
from memory.domain.restoring.merging import Meeting, meet, verdict_on_attribute, verdict_on_trait
from memory.domain.restoring.standing import Standing
from memory.enums import Subject
from memory.models import Import, Memory, Trait

SAMPLES = 3
CLASHES = 20
_EXCERPT = 280


@dataclass(slots=True)
class Preview:
    """Numbers by kind, the first pages, what meets something else here, and what is left out."""

    assistant: str = ""
    own: bool = False
    """Whether it is this memory's own export."""
    pages: dict[str, int] = field(default_factory=dict)
    """Of the file: `new`, `known`, `differing`."""
    first: str | None = None
    last: str | None = None
    segments: int = 0
    short_term: int = 0
    profile: dict[str, int] = field(default_factory=dict)
    traits: dict[str, int] = field(default_factory=dict)
    facts: dict[str, int] = field(default_factory=dict)
    assistant_knowledge: dict[str, int] = field(default_factory=dict)
    clashes: list[dict[str, str]] = field(default_factory=list)
    more_clashes: int = 0
    samples: list[dict[str, str]] = field(default_factory=list)
    warnings: dict[str, int] = field(default_factory=dict)
    left_out: int = 0
    """Facts about the assistant that this person may not bring."""

    @property
    def is_nothing_new(self) -> bool:
        """Whether importing would change nothing that counts."""
        writes = [self.profile, self.traits, self.facts, self.assistant_knowledge]
        found = self.pages.get("new", 0) + sum(
            kind.get(verdict, 0) for kind in writes for verdict in ("new", "replaces", "ended")
        )
        return not found

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def preview(memory: Memory, contents: Contents, found: Standing, upload: Import) -> Preview:
    """Say what importing a file's contents would do."""
    told = Preview(pages=_count_pages(contents, found), warnings={k: n for k, n in contents.warnings.items() if n})
    moments = [page.occurred_at for page in contents.pages]
    if moments:
        told.first, told.last = min(moments).isoformat(), max(moments).isoformat()
    told.samples = [
        {"at": page.occurred_at.isoformat(), "query": _excerpt(page.query), "response": _excerpt(page.response)}
        for page in contents.pages[:SAMPLES]
    ]
    if contents.memory is not None:
        told.assistant, told.own = contents.memory.assistant, contents.memory.key == str(memory.key)
        told.segments = len(contents.memory.segments.keys() - found.segments.keys())
        told.short_term = sum(
            place.segment is None and key not in found.pages for key, place in contents.memory.places.items()
        )
        _meet_persona(memory, contents, told)
        _meet_facts(memory, contents, told, shared=may_bring(upload.by, memory))
    else:
        told.short_term = told.pages["new"]
    told.more_clashes = max(0, len(told.clashes) - CLASHES)
    told.clashes = told.clashes[:CLASHES]
    return told


def _count_pages(contents: Contents, found: Standing) -> dict[str, int]:
    known, differing = len(found.pages), len(found.differing)
    return {
        "all": len(contents.pages),
        "new": len(contents.pages) - known,
        "known": known - differing,
        "differing": differing,
    }


def _meet_persona(memory: Memory, contents: Contents, told: Preview) -> None:
    if contents.memory is None:
        return
    known = {attribute.name.casefold(): attribute for attribute in memory.profile.all()}
    profile: Counter[str] = Counter()
    for row in contents.memory.profile:
        here = known.get(row.name.casefold())
        verdict = verdict_on_attribute(row, here)
        profile[verdict] += 1
        if here is not None and verdict != "same":
            told.clashes.append(
                {"kind": "profile", "name": here.name, "here": here.value, "file": row.value, "verdict": verdict}
            )
    held = {trait.dimension: trait for trait in memory.traits.all()}
    traits: Counter[str] = Counter()
    for found in contents.memory.traits:
        trait: Trait | None = held.get(found.dimension)
        verdict = verdict_on_trait(found, trait)
        traits[verdict] += 1
        if trait is not None and verdict != "same":
            levels = {"here": trait.level, "file": str(found.level)}
            told.clashes.append({"kind": "trait", "name": found.dimension, **levels, "verdict": verdict})
    told.profile, told.traits = dict(profile), dict(traits)


def _meet_facts(memory: Memory, contents: Contents, told: Preview, *, shared: bool) -> None:
    rows = wanted_facts(contents, shared=shared)
    told.left_out = len(wanted_facts(contents, shared=True)) - len(rows)
    counts: dict[Subject, Counter[str]] = {subject: Counter() for subject in Subject}
    words = {row.id: row.text for row in rows}
    for meeting in meet(rows, facts_here(memory, rows)):
        counts[meeting.row.subject][_verdict(meeting)] += 1
        if meeting.ends:
            ended_by = words.get(meeting.row.superseded_by or -1, "")
            told.clashes.append(
                {"kind": "fact", "name": "", "here": meeting.row.text, "file": ended_by, "verdict": "ended"}
            )
    told.facts, told.assistant_knowledge = dict(counts[Subject.USER]), dict(counts[Subject.ASSISTANT])


def _verdict(meeting: Meeting) -> str:
    return "new" if meeting.here is None else "ended" if meeting.ends else "same"


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"
