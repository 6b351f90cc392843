"""A memory as JSON, the schema `memoryos.memory`: everything but vectors and index, which are made anew."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet

from memory.domain.exporting.names import page_id
from memory.models import DialogueChain, Knowledge, Memory, Page, Profile, Segment, Trait

SCHEMA, VERSION = "memoryos.memory", 1
BATCH = 200


def json_of(memory: Memory, now: datetime, *, shared: bool) -> Iterator[bytes]:
    """Yield a memory as one JSON object, a line a row.

    `shared` says whether the knowledge about the assistant, which its members share, belongs to it. Pages come first:
    what refers to one that is recorded meanwhile does without it.
    """
    last = memory.pages.order_by("-position").values_list("position", flat=True).first() or 0
    head = {
        "key": str(memory.key),
        "assistant": {"name": memory.assistant.name, "slug": memory.assistant.slug},
        "exported_at": now.isoformat(),
    }
    yield f'{{"schema": "{SCHEMA}", "version": {VERSION}, "memory": {_dumped(head)}'.encode()
    yield from _list("pages", _pages(memory, last))
    yield from _list("chains", _rows(memory.chains.all(), _chain))
    yield from _list("segments", _rows(memory.segments.defer("embedding"), _segment))
    yield from _list("profile", _with_pages(memory, memory.profile.order_by("pk"), _profile, last))
    yield from _list("traits", _with_pages(memory, memory.traits.order_by("pk"), _trait, last))
    yield from _list("knowledge", _facts(memory, last, shared=shared))
    yield b"\n}\n"


def _list(name: str, batches: Iterable[list[dict[str, Any]]]) -> Iterator[bytes]:
    yield f',\n"{name}": ['.encode()
    first = True
    for batch in batches:
        text = ",\n".join(_dumped(row) for row in batch)
        yield f"{'' if first else ','}\n{text}".encode()
        first = False
    yield b"]"


def _pages(memory: Memory, last: int) -> Iterator[list[dict[str, Any]]]:
    at = 0
    pages = memory.pages.filter(position__lte=last).defer("embedding").order_by("position")
    while batch := list(pages.filter(position__gt=at)[:BATCH]):
        yield [_page(memory, page) for page in batch]
        at = batch[-1].position


def _facts(memory: Memory, last: int, *, shared: bool) -> Iterator[list[dict[str, Any]]]:
    yield from _with_pages(memory, Knowledge.objects.about_user(memory).defer("embedding"), _fact, last)
    if shared:
        of_assistant = Knowledge.objects.about_assistant(memory.assistant).defer("embedding")
        yield from _with_pages(memory, of_assistant, _fact, last)


def _batches(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    at = 0
    while batch := list(rows.order_by("pk").filter(pk__gt=at)[:BATCH]):
        yield batch
        at = batch[-1].pk


def _rows(rows: QuerySet[Any], told: Callable[[Any], dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for batch in _batches(rows):
        yield [told(row) for row in batch]


def _with_pages(
    memory: Memory, rows: QuerySet[Any], told: Callable[[Any, list[str]], dict[str, Any]], last: int
) -> Iterator[list[dict[str, Any]]]:
    for batch in _batches(rows):
        pages = _pages_of(memory, rows.model, [row.pk for row in batch], last)
        yield [told(row, pages[row.pk]) for row in batch]


def _pages_of(memory: Memory, kind: type[Model], keys: list[int], last: int) -> defaultdict[int, list[str]]:
    """Return the ids of the pages that rows rest on: of this memory alone, for other members' are nobody's business."""
    field = "evidence" if kind is Trait else "sources"
    links = getattr(kind, field).through._default_manager
    name = kind._meta.model_name
    found: defaultdict[int, list[str]] = defaultdict(list)
    of_rows = links.filter(**{f"{name}__in": keys}, page__memory=memory, page__position__lte=last)
    told = of_rows.order_by("page__position").values_list(name, "page__external_id", "page__position")
    for row, external_id, position in told:
        found[row].append(page_id(memory.key, external_id, position))
    return found


def _page(memory: Memory, page: Page) -> dict[str, Any]:
    return {
        "id": page_id(memory.key, page.external_id, page.position),
        "position": page.position,
        "query": page.query,
        "response": page.response,
        "occurred_at": page.occurred_at.isoformat(),
        "recorded_at": page.recorded_at.isoformat(),
        "source": page.source,
        "metadata": page.metadata,
        "chain": page.chain_id,
        "segment": page.segment_id,
        "keywords": page.keywords,
        "analysed_at": _iso(page.analysed_at),
        "disabled": page.disabled,
    }


def _chain(chain: DialogueChain) -> dict[str, Any]:
    return {
        "id": chain.pk,
        "summary": chain.summary,
        "started_at": chain.started_at.isoformat(),
        "last_page_at": chain.last_page_at.isoformat(),
    }


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.pk,
        "title": segment.title,
        "summary": segment.summary,
        "keywords": segment.keywords,
        "visits": segment.visits,
        "length": segment.length,
        "last_visited_at": segment.last_visited_at.isoformat(),
        "created_at": segment.created_at.isoformat(),
        "promoted_at": _iso(segment.promoted_at),
        "archived_at": _iso(segment.archived_at),
    }


def _profile(attribute: Profile, pages: list[str]) -> dict[str, Any]:
    return {
        "name": attribute.name,
        "value": attribute.value,
        "locked": attribute.locked,
        "disabled": attribute.disabled,
        "created_at": attribute.created_at.isoformat(),
        "updated_at": attribute.updated_at.isoformat(),
        "sources": pages,
    }


def _trait(trait: Trait, pages: list[str]) -> dict[str, Any]:
    return {
        "dimension": trait.dimension,
        "level": trait.level,
        "reason": trait.reason,
        "locked": trait.locked,
        "disabled": trait.disabled,
        "created_at": trait.created_at.isoformat(),
        "updated_at": trait.updated_at.isoformat(),
        "evidence": pages,
    }


def _fact(fact: Knowledge, pages: list[str]) -> dict[str, Any]:
    return {
        "id": fact.pk,
        "subject": fact.subject,
        "text": fact.text,
        "status": fact.status,
        "pinned": fact.pinned,
        "locked": fact.locked,
        "times_confirmed": fact.times_confirmed,
        "confirmed_at": fact.confirmed_at.isoformat(),
        "valid_from": _iso(fact.valid_from),
        "valid_to": _iso(fact.valid_to),
        "superseded_by": fact.superseded_by_id,
        "created_at": fact.created_at.isoformat(),
        "updated_at": fact.updated_at.isoformat(),
        "sources": pages,
    }


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
