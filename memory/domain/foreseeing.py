"""Foreseeing: what goes, what stays and what has to be summed up anew when something is forgotten. Read only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from memory.domain.deciding import undecided_or_declined
from memory.enums import Actor, EventKind, Source
from memory.exceptions import NothingToForget
from memory.models import DialogueChain, Knowledge, Memory, MemoryEvent, Page, Profile, Segment, Trait

LongTermKind = Literal["knowledge", "assistant_knowledge", "profile", "trait"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a person wants forgotten: rows of one memory by their keys, or all of it."""

    kind: Literal["pages", "segment", "demo", "everything"] | LongTermKind
    ids: tuple[int, ...] = ()

    @classmethod
    def pages(cls, ids: Iterable[int]) -> Target:
        """Return these pages as a target, each once."""
        return cls("pages", tuple(sorted(set(ids))))


EVERYTHING = Target("everything")
DEMO = Target("demo")
"""All pages of the demo data."""


@dataclass(frozen=True, slots=True)
class Item:
    """A row by its key and by the words a person knows it by."""

    kind: Literal["segment"] | LongTermKind
    pk: int
    text: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Keys of rows, by kind; `knowledge` holds facts about the person and about the assistant."""

    pages: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    chains: tuple[int, ...] = ()
    knowledge: tuple[int, ...] = ()
    profile: tuple[int, ...] = ()
    traits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What forgetting a target takes and leaves: as foreseen, and as done."""

    target: Target
    pages: tuple[int, ...] = ()
    segments: tuple[Item, ...] = ()
    """Segments without a page left: they go."""
    chains: tuple[int, ...] = ()
    """Dialogue chains without a page left: they go."""
    long_term: tuple[Item, ...] = ()
    """What goes of facts, profile and traits: named by the person, or resting on nothing else."""
    weakened: tuple[Item, ...] = ()
    """What rests on other pages, too, and stays. A trait loses its reason with it: that may quote what is gone."""
    kept: tuple[Item, ...] = ()
    """What stays without any page left, because a person wrote or pinned it."""
    withdrawn: tuple[int, ...] = ()
    """Those of what goes that the person has proposed to the team, and nobody has approved."""
    shared: tuple[Item, ...] = ()
    """What the person has shared and the team has approved: it is the team's now, and stays."""
    blanked_segments: tuple[Item, ...] = ()
    """Segments that lose some of their pages: they are summed up anew from the others."""
    blanked_chains: tuple[int, ...] = ()
    answers: int = 0
    """Answers in the chat that were given something that goes; counted for a preview only."""

    @property
    def rows(self) -> Rows:
        """Return the keys of all that goes."""
        of_kind = {
            kind: tuple(item.pk for item in self.long_term if item.kind == kind)
            for kind in ("knowledge", "assistant_knowledge", "profile", "trait")
        }
        return Rows(
            pages=self.pages,
            segments=tuple(item.pk for item in self.segments),
            chains=self.chains,
            knowledge=of_kind["knowledge"] + of_kind["assistant_knowledge"],
            profile=of_kind["profile"],
            traits=of_kind["trait"],
        )

    @property
    def fingerprint(self) -> str:
        """Return the same 32 hex digits for the same rows going with the same words, and no others."""
        goes = (self.pages, self.segments, self.chains, self.long_term)
        return hashlib.sha256(repr(goes).encode()).hexdigest()[:32]


def foresee(memory: Memory, target: Target) -> Forgetting:
    """Work out what forgetting `target` takes. Raises NothingToForget where one of its rows is not in the memory."""
    match target.kind:
        case "everything":
            plan = _everything(memory)
        case "pages" | "segment" | "demo":
            plan = _pages(memory, target)
        case kind:
            plan = Forgetting(target, long_term=_named(memory, target, kind))
    return _with_shared(memory, plan)


def _with_shared(memory: Memory, plan: Forgetting) -> Forgetting:
    """Add what the person has proposed of the facts that go: it goes as well while nobody has let it in."""
    proposed = Knowledge.objects.about_assistant(memory.assistant).filter(proposed_by=memory.user_id)
    if plan.target != EVERYTHING:
        facts = [item.pk for item in plan.long_term if item.kind == "knowledge"]
        proposed = proposed.filter(shared_from__in=facts)
    proposed = proposed.exclude(pk__in=[item.pk for item in plan.long_term if item.kind == "assistant_knowledge"])
    if not (found := dict(proposed.order_by("pk").values_list("pk", "text"))):
        return plan
    unknown = set(undecided_or_declined(proposed).values_list("pk", flat=True))
    items = [Item("assistant_knowledge", pk, text) for pk, text in found.items()]
    goes = tuple(item for item in items if item.pk in unknown)
    return replace(
        plan,
        long_term=(*plan.long_term, *goes),
        weakened=tuple(item for item in plan.weakened if item not in goes),
        kept=tuple(item for item in plan.kept if item not in goes),
        withdrawn=tuple(item.pk for item in goes),
        shared=tuple(item for item in items if item.pk not in unknown),
    )


def _everything(memory: Memory) -> Forgetting:
    goes, weakened, kept = _resting(memory, Q(page__memory=memory), ("assistant_knowledge",))
    kinds: tuple[LongTermKind, ...] = ("knowledge", "profile", "trait")
    own = [Item(kind, row.pk, text_of(row)) for kind in kinds for row in _entries(memory, kind).order_by("pk")]
    return Forgetting(
        EVERYTHING,
        pages=tuple(memory.pages.order_by("pk").values_list("pk", flat=True)),
        segments=_titled(memory.segments.all()),
        chains=tuple(memory.chains.order_by("pk").values_list("pk", flat=True)),
        long_term=(*own, *goes),
        weakened=weakened,
        kept=kept,
    )


def _pages(memory: Memory, target: Target) -> Forgetting:
    ids = _page_ids(memory, target)
    gone = Q(page__in=ids)
    named = target.ids if target.kind == "segment" else ()
    segments = memory.segments.filter(Q(pages__in=ids) | Q(pk__in=named)).distinct()
    chains = memory.chains.filter(pages__in=ids).distinct()
    left_in_segment = Exists(Page.objects.filter(segment=OuterRef("pk")).exclude(pk__in=ids))
    left_in_chain = Exists(Page.objects.filter(chain=OuterRef("pk")).exclude(pk__in=ids))
    kinds: tuple[LongTermKind, ...] = ("knowledge", "assistant_knowledge", "profile", "trait")
    goes, weakened, kept = _resting(memory, gone, kinds, since_import=target.kind == "demo")
    return Forgetting(
        target,
        pages=ids,
        segments=_titled(segments.filter(~left_in_segment)),
        chains=_keys(chains.filter(~left_in_chain)),
        long_term=goes,
        weakened=weakened,
        kept=kept,
        blanked_segments=_titled(segments.filter(left_in_segment)),
        blanked_chains=_keys(chains.filter(left_in_chain)),
    )


def _page_ids(memory: Memory, target: Target) -> tuple[int, ...]:
    if target.kind == "demo":
        pages = memory.pages.filter(source=Source.DEMO)
        if not pages.exists():
            raise NothingToForget
    elif target.kind == "segment":
        _require(memory.segments.filter(pk__in=target.ids), target)
        pages = memory.pages.filter(segment__in=target.ids)
    else:
        pages = memory.pages.filter(pk__in=target.ids)
        _require(pages, target)
    return tuple(pages.order_by("pk").values_list("pk", flat=True))


def _require(rows: QuerySet[Any], target: Target) -> None:
    if not target.ids or rows.count() != len(set(target.ids)):
        raise NothingToForget


def _named(memory: Memory, target: Target, kind: LongTermKind) -> tuple[Item, ...]:
    rows = _entries(memory, kind).filter(pk__in=target.ids).order_by("pk")
    _require(rows, target)
    return tuple(Item(kind, row.pk, text_of(row)) for row in rows)


def _entries(memory: Memory, kind: LongTermKind) -> QuerySet[Any]:
    match kind:
        case "knowledge":
            return Knowledge.objects.about_user(memory).defer("embedding")
        case "assistant_knowledge":
            return Knowledge.objects.about_assistant(memory.assistant).defer("embedding")
        case "profile":
            return memory.profile.all()
        case _:
            return memory.traits.all()


def _resting(
    memory: Memory, gone: Q, kinds: Iterable[LongTermKind], *, since_import: bool = False
) -> tuple[tuple[Item, ...], tuple[Item, ...], tuple[Item, ...]]:
    """Sort entries with a source that goes: (those that go, those that stand on other pages, those kept by hand).

    `gone` is about a link between an entry and a page. With `since_import` only what a person did here counts as by
    hand: what is pinned or locked may have come so.
    """
    goes: list[Item] = []
    weakened: list[Item] = []
    kept: list[Item] = []
    for kind in kinds:
        changed = _changed_by_hand(memory, kind) if since_import else frozenset()
        for row in _touched(_entries(memory, kind), gone):
            by_hand = (row.locked or getattr(row, "pinned", False)) and (not since_import or row.pk in changed)
            (weakened if row.stands else kept if by_hand else goes).append(Item(kind, row.pk, text_of(row)))
    return tuple(goes), tuple(weakened), tuple(kept)


def _changed_by_hand(memory: Memory, kind: LongTermKind) -> frozenset[int]:
    """Return the keys of entries that a person has done something with since they came."""
    home = Q(memory=memory) | Q(memory__isnull=True, assistant=memory.assistant_id)
    name = "knowledge" if kind == "assistant_knowledge" else kind
    # To come with a file, to be proposed to the team or to be looked at by an operator is not to be changed.
    deeds = MemoryEvent.objects.filter(home, actor=Actor.PERSON, target_type=name)
    deeds = deeds.exclude(kind__in=(EventKind.IMPORTED, EventKind.PROPOSED, EventKind.OPENED))
    return frozenset(deeds.values_list("target_id", flat=True))


def _touched(rows: QuerySet[Any], gone: Q) -> Iterator[Any]:
    """Yield the rows that have a source in `gone`, with `stands`: whether they have another one, whoever's it is."""
    field = "evidence" if rows.model is Trait else "sources"
    links = getattr(rows.model, field).through._default_manager.filter(**{rows.model._meta.model_name: OuterRef("pk")})
    touched = rows.filter(Exists(links.filter(gone))).annotate(stands=Exists(links.exclude(gone)))
    yield from touched.order_by("pk")


def text_of(row: Model) -> str:
    """Return the words a person knows a long-term entry by."""
    match row:
        case Profile():
            return f"{row.name}: {row.value}"
        case Trait():
            return f"{row.label}: {row.get_level_display().lower()}"
        case _:
            return str(getattr(row, "text", row))


def _titled(segments: QuerySet[Segment]) -> tuple[Item, ...]:
    return tuple(Item("segment", pk, title) for pk, title in segments.order_by("pk").values_list("pk", "title"))


def _keys(rows: QuerySet[DialogueChain]) -> tuple[int, ...]:
    return tuple(rows.order_by("pk").values_list("pk", flat=True))
