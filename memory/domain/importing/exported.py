"""An exported memory: the schema `memoryos.memory` of docs/export.md, version 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from memory.domain.importing.contents import (
    ChainRow,
    Contents,
    FactRow,
    Place,
    ProfileRow,
    SegmentRow,
    Surroundings,
    TraitRow,
    Warned,
)
from memory.domain.importing.entries import Entry
from memory.domain.recording import PageDraft
from memory.domain.traits import TRAIT_DIMENSIONS
from memory.enums import KnowledgeStatus, Source, Subject, TraitLevel
from memory.exceptions import ImportFault
from memory.models.knowledge import fingerprint

NAME = "memoryos"
SCHEMA, VERSION = "memoryos.memory", 1
Numbered = TypeVar("Numbered", ChainRow, SegmentRow, FactRow)


def recognises(data: Any) -> bool:
    """Say whether it names this schema, in whatever version."""
    return isinstance(data, dict) and data.get("schema") == SCHEMA


def read(data: Any, *, now: datetime, conversation: str | None = None) -> Contents:
    """Return the memory, with the references between its parts checked.

    What refers to something that is not in the file is put right and counted among the warnings: a file is written
    while the memory lives.
    """
    whole = Entry(data, _("The file"))
    if whole.get("version") != VERSION:
        fault = _("The file is an exported memory of version %(version)s; this installation reads version 1.")
        raise ImportFault(fault % {"version": whole.get("version")})
    head = Entry(whole.get("memory"), _("The file's 'memory'"))
    assistant = head.get("assistant")
    named = assistant.get("name") if isinstance(assistant, dict) else None
    memory = Surroundings(head.text("key", 64), named if isinstance(named, str) else "")
    contents = Contents(NAME, [], memory=memory)
    memory.chains = _numbered(_chain(entry) for entry in _each(whole, "chains", _("Chain %(number)s")))
    memory.segments = _numbered(_segment(entry) for entry in _each(whole, "segments", _("Segment %(number)s")))
    for entry in _each(whole, "pages", _("Page %(number)s")):
        _add_page(contents, memory, entry)
    # Whatever does not read a page that is in the file rests on one that was forgotten meanwhile.
    known = {page.external_id for page in contents.pages}
    lost = contents.warnings
    memory.profile = _once([_profile(e, known, lost) for e in _each(whole, "profile", _("Attribute %(number)s"))])
    memory.traits = _once([_trait(e, known, lost) for e in _each(whole, "traits", _("Trait %(number)s"))])
    facts = _numbered(_fact(entry, known, lost) for entry in _each(whole, "knowledge", _("Fact %(number)s")))
    memory.facts = list(facts.values())
    _check_facts(memory.facts)
    _drop_empty(contents, memory)
    return contents


def _each(whole: Entry, name: str, where: str) -> Iterator[Entry]:
    for number, value in enumerate(whole.items(name), start=1):
        yield Entry(value, where % {"number": number})


def _numbered(rows: Iterable[Numbered]) -> dict[int, Numbered]:
    """Return rows by their numbers. Raises ImportFault where two have the same."""
    found: dict[int, Numbered] = {}
    for row in rows:
        if row.id in found:
            kind = {ChainRow: _("chains"), SegmentRow: _("segments"), FactRow: _("facts")}[type(row)]
            raise ImportFault(_("Two %(kind)s have the id %(id)s.") % {"kind": kind, "id": row.id})
        found[row.id] = row
    return found


Persona = TypeVar("Persona", ProfileRow, TraitRow)


def _once(rows: list[Persona]) -> list[Persona]:
    names = Counter(row.name.casefold() if isinstance(row, ProfileRow) else row.dimension for row in rows)
    if twice := next((name for name, count in names.items() if count > 1), None):
        raise ImportFault(_("%(name)s stands twice in the profile or the traits.") % {"name": repr(twice)})
    return rows


def _add_page(contents: Contents, memory: Surroundings, entry: Entry) -> None:
    key = entry.text("id", 200)
    if key in memory.places:
        raise ImportFault(_("%(where)s: its id %(id)s stands twice.") % {"where": entry.where, "id": repr(key)})
    query, response = entry.text("query", required=False), entry.text("response", required=False)
    if not query.strip() and not response.strip():
        raise ImportFault(_("%(where)s is empty.") % {"where": entry.where})
    chain, segment = entry.key_or_none("chain"), entry.key_or_none("segment")
    if (chain is None) != (segment is None):
        raise entry.fault("chain", _("must be there exactly where 'segment' is"))
    if segment not in memory.segments or chain not in memory.chains:
        contents.warnings["lost_segment"] += segment is not None
        chain = segment = None
    analysed_at = entry.moment_or_none("analysed_at")
    contents.pages.append(PageDraft(query, response, entry.moment("occurred_at"), key, entry.metadata("metadata")))
    memory.places[key] = Place(
        recorded_at=entry.moment("recorded_at"),
        source=Source(entry.one_of("source", Source.values)),
        chain=chain,
        segment=segment,
        keywords=entry.texts("keywords", 64),
        analysed_at=analysed_at if segment is not None else None,
        disabled=entry.flag("disabled"),
    )


def _drop_empty(contents: Contents, memory: Surroundings) -> None:
    """Leave out chains and segments that hold no page."""
    chains = {place.chain for place in memory.places.values()}
    segments = {place.segment for place in memory.places.values()}
    contents.warnings["empty_segment"] += len(memory.segments.keys() - segments)
    memory.chains = {key: row for key, row in memory.chains.items() if key in chains}
    memory.segments = {key: row for key, row in memory.segments.items() if key in segments}


def _chain(entry: Entry) -> ChainRow:
    return ChainRow(
        id=entry.key("id"),
        summary=entry.text("summary", required=False),
        started_at=entry.moment("started_at"),
        last_page_at=entry.moment("last_page_at"),
    )


def _segment(entry: Entry) -> SegmentRow:
    return SegmentRow(
        id=entry.key("id"),
        title=entry.text("title", 120, required=False),
        summary=entry.text("summary", required=False),
        keywords=entry.texts("keywords", 64),
        visits=entry.number("visits"),
        last_visited_at=entry.moment("last_visited_at"),
        created_at=entry.moment("created_at"),
        promoted_at=entry.moment_or_none("promoted_at"),
        archived_at=entry.moment_or_none("archived_at"),
    )


def _profile(entry: Entry, known: set[str | None], lost: Counter[Warned]) -> ProfileRow:
    return ProfileRow(
        name=entry.text("name", 60).strip(),
        value=entry.text("value", 500).strip(),
        locked=entry.flag("locked"),
        disabled=entry.flag("disabled"),
        created_at=entry.moment("created_at"),
        updated_at=entry.moment("updated_at"),
        pages=_sources(entry, "sources", known, lost),
    )


def _trait(entry: Entry, known: set[str | None], lost: Counter[Warned]) -> TraitRow:
    return TraitRow(
        dimension=entry.one_of("dimension", TRAIT_DIMENSIONS),
        level=TraitLevel(entry.one_of("level", TraitLevel.values)),
        reason=_up_to(entry, "reason", 1000),
        locked=entry.flag("locked"),
        disabled=entry.flag("disabled"),
        created_at=entry.moment("created_at"),
        updated_at=entry.moment("updated_at"),
        pages=_sources(entry, "evidence", known, lost),
    )


def _fact(entry: Entry, known: set[str | None], lost: Counter[Warned]) -> FactRow:
    subject = Subject(entry.one_of("subject", Subject.values))
    # Only what members share is proposed to those who curate it.
    statuses = set(KnowledgeStatus.values) - ({KnowledgeStatus.PROPOSED} if subject is Subject.USER else set())
    return FactRow(
        id=entry.key("id"),
        subject=subject,
        text=entry.text("text", 1000).strip(),
        status=KnowledgeStatus(entry.one_of("status", statuses)),
        pinned=entry.flag("pinned"),
        locked=entry.flag("locked"),
        times_confirmed=entry.number("times_confirmed", 1),
        confirmed_at=entry.moment("confirmed_at"),
        valid_from=entry.moment_or_none("valid_from"),
        valid_to=entry.moment_or_none("valid_to"),
        superseded_by=entry.key_or_none("superseded_by"),
        created_at=entry.moment("created_at"),
        updated_at=entry.moment("updated_at"),
        pages=_sources(entry, "sources", known, lost),
    )


def _check_facts(facts: list[FactRow]) -> None:
    """Raise ImportFault where two facts in use say the same, or one is superseded by itself."""
    in_use = (KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED)
    said = Counter((fact.subject, fingerprint(fact.text)) for fact in facts if fact.status in in_use)
    for number, fact in enumerate(facts, start=1):
        where = _("Fact %(number)s") % {"number": number}
        if fact.status in in_use and said[fact.subject, fingerprint(fact.text)] > 1:
            raise ImportFault(_("%(where)s says the same as another one in use.") % {"where": where})
        if fact.superseded_by == fact.id:
            raise ImportFault(_("%(where)s is superseded by itself.") % {"where": where})


def _up_to(entry: Entry, name: str, longest: int) -> str:
    text = entry.text(name, required=False)
    if len(text) > longest:
        entry.text(name, longest)
    return text


def _sources(entry: Entry, name: str, known: set[str | None], lost: Counter[Warned]) -> tuple[str, ...]:
    named = entry.texts(name, 200)
    there = tuple(dict.fromkeys(key for key in named if key in known))
    lost["lost_source"] += len(set(named)) - len(there)
    return there
