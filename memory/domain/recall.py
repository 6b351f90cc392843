"""Recall: what of a memory belongs in front of the model for a question (paper, section 3.4). Read only."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import F

from memory.conf import MemorySettings
from memory.domain.knowledge import knowledge_of
from memory.domain.lexical import term_counts
from memory.domain.scoring import PageScore, score_pages
from memory.domain.tokens import count_tokens
from memory.domain.transfer import announce_hot
from memory.domain.vectors import as_array
from memory.embedding import get_embedder
from memory.embedding.base import Vectors
from memory.enums import Subject, Tier
from memory.exceptions import ModelError
from memory.models import Knowledge, Memory, Page

logger = logging.getLogger(__name__)

LONG_TERM_SHARE = 0.25
"""Of the budget: the most that profile, traits and knowledge take; what they leave goes to pages."""
PROFILE_SHARE = 0.5
"""Of that: the most the profile takes before the facts nearest to the question have had their turn."""
HEADINGS: dict[Tier, str] = {
    Tier.PROFILE: "Profile of the person",
    Tier.TRAIT: "Traits of the person",
    Tier.USER_KNOWLEDGE: "What you know about the person",
    Tier.ASSISTANT_KNOWLEDGE: "What you know about yourself",
    Tier.MID_TERM: "Earlier exchanges that may matter here",
    Tier.SHORT_TERM: "The latest exchanges",
}
"""What stands over each tier in the prompt, in this order."""
PAGE_TIERS = (Tier.SHORT_TERM, Tier.MID_TERM)
SHORT_TERM_SHARE = 0.25
"""Of the budget: the most that the newest pages take without having to match."""
CLIPPED_AT_LEAST = 50
"""Tokens below which a page is not worth cutting to."""
QUERY_CHARACTERS = 4000
"""A longer question is searched for by its beginning and its end, where people say what they want."""


@dataclass(frozen=True, slots=True)
class RecalledItem:
    """One thing recalled and why: `signals` are in standard deviations, `tokens` is what it costs in the prompt,
    date and bullet included."""

    tier: Tier
    object_id: int
    text: str
    occurred_at: datetime | None
    score: float
    signals: dict[str, float]
    tokens: int
    segment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Recollection:
    """What a question recalled: by tier, best first within the tier.

    `tokens` is what it costs in the prompt, headings included, and within the budget.
    """

    query: str
    items: tuple[RecalledItem, ...]
    tokens: int

    def of(self, *tiers: Tier) -> tuple[RecalledItem, ...]:
        return tuple(item for item in self.items if item.tier in tiers)

    def visited_segments(self, conf: MemorySettings) -> list[int]:
        """Return the ids of the at most m segments that hold the k best mid-term pages."""
        best = self.of(Tier.MID_TERM)[: conf.recall_pages]
        return list(dict.fromkeys(item.segment_id for item in best if item.segment_id))[: conf.recall_segments]


def recall(
    memory: Memory,
    query: str,
    *,
    now: datetime,
    budget: int | None = None,
    exclude_pages: Collection[int] = frozenset(),
) -> Recollection:
    """Recall for a question within `budget` tokens (default: the assistant's setting).

    Order of filling: profile, traits and the nearest knowledge (at most a quarter), the newest short-term pages
    (at most a quarter), then pages of both tiers by score until the budget is full. Pages in `exclude_pages` (those
    the prompt shows anyway) are left out. Any query is fine: empty, emoji, 10,000 characters. An embedder that
    fails costs the dense signal, not the answer.
    """
    conf = memory.conf
    left = (conf.recall_budget if budget is None else budget) - _HEADING_TOKENS
    query = shortened(query)
    vector, model = _query_vector(query, conf.recall_embedding_timeout)
    long_term = _long_term(memory, query, vector, model, int(left * LONG_TERM_SHARE))
    left -= sum(item.tokens for item in long_term)
    ranked = [score for score in score_pages(memory, query, vector, model) if score.page_id not in exclude_pages]
    pages = _page_items(memory, ranked, left)
    items = (*long_term, *pages)
    headings = sum(_heading_tokens(tier) for tier in {item.tier for item in items})
    return Recollection(query, items, headings + sum(item.tokens for item in items))


def line_of(tier: Tier, text: str, occurred_at: datetime | None) -> str:
    """Return a recalled item as the prompt shows it: pages with their date, everything else as a bullet."""
    # Whatever was said once must not be able to close the block that marks it as data.
    text = text.replace("<memory>", "‹memory›").replace("</memory>", "‹/memory›")
    if tier in PAGE_TIERS and occurred_at is not None:
        return f"[{occurred_at:%Y-%m-%d %H:%M}]\n{text}"
    return f"- {text}"


def cost_of(tier: Tier, text: str, occurred_at: datetime | None) -> int:
    """Return the tokens of an item's line with its line break."""
    return count_tokens(f"{line_of(tier, text, occurred_at)}\n")


def heading_of(tier: Tier) -> str:
    return f"## {HEADINGS[tier]}"


def _heading_tokens(tier: Tier) -> int:
    return count_tokens(f"\n\n{heading_of(tier)}\n")


_HEADING_TOKENS = sum(_heading_tokens(tier) for tier in HEADINGS)


def count_visits(memory: Memory, segment_ids: Collection[int], at: datetime) -> None:
    """Count one visit of each segment: once an answer, by the answer's own transaction, never by recall itself.

    Adds 1 to N_visit, restarts the recency at `at`, and sends `segment_heated` for those that passed tau.
    """
    if not segment_ids:
        return
    with transaction.atomic():
        Memory.objects.locked(memory.pk)
        visited = memory.segments.active().filter(pk__in=segment_ids)
        visited.update(visits=F("visits") + 1, last_visited_at=at)
        announce_hot(memory, list(visited), at)


def shortened(query: str) -> str:
    """Return a query of at most 4,000 characters: the beginning and the end of a longer one."""
    half = QUERY_CHARACTERS // 2
    return query if len(query) <= QUERY_CHARACTERS else f"{query[:half]}\n{query[-half:]}"


def _query_vector(query: str, timeout: float) -> tuple[Vectors | None, str]:
    embedder = get_embedder()
    if not query.strip():
        return None, embedder.name
    try:
        return embedder.embed([query], timeout=timeout)[0], embedder.name
    except ModelError as error:
        logger.warning("Recall goes on without vectors: %s", error)
        return None, embedder.name


def _fill(items: Iterable[RecalledItem], budget: int) -> list[RecalledItem]:
    """Take items in order while they fit; one that does not is passed over for the shorter ones after it."""
    taken = []
    for item in items:
        if item.tokens <= budget:
            taken.append(item)
            budget -= item.tokens
    return taken


def _long_term(memory: Memory, query: str, vector: Vectors | None, model: str, budget: int) -> list[RecalledItem]:
    """Fill the long-term share: profile up to its half, the nearest facts, then the rest of profile and traits."""
    conf = memory.conf
    profile = [
        _item(Tier.PROFILE, attribute.pk, f"{attribute.name}: {attribute.value}", None)
        for attribute in memory.profile.all()
    ]
    traits = [
        _item(Tier.TRAIT, trait.pk, f"{trait.label}: {trait.get_level_display().lower()}", None)
        for trait in memory.traits.all()
    ]
    facts = [
        item
        for subject, tier in ((Subject.USER, Tier.USER_KNOWLEDGE), (Subject.ASSISTANT, Tier.ASSISTANT_KNOWLEDGE))
        for item in _knowledge(memory, subject, tier, query, vector, model)[: conf.recall_knowledge]
    ]
    first = _fill(profile, int(budget * PROFILE_SHARE))
    budget -= sum(item.tokens for item in first)
    nearest = _fill(facts, budget)
    budget -= sum(item.tokens for item in nearest)
    rest = _fill([item for item in (*profile, *traits) if item not in first], budget)
    return [*first, *nearest, *rest]


def _item(
    tier: Tier, pk: int, text: str, occurred_at: datetime | None, signals: dict[str, float] | None = None
) -> RecalledItem:
    signals = signals or {}
    return RecalledItem(tier, pk, text, occurred_at, sum(signals.values()), signals, cost_of(tier, text, occurred_at))


def _knowledge(
    memory: Memory, subject: Subject, tier: Tier, query: str, vector: Vectors | None, model: str
) -> list[RecalledItem]:
    """The active facts of a subject by dense + lexical score; they are few (capacity), so they are scored here."""
    entries = list(knowledge_of(memory, subject).active().order_by("-pinned", "pk"))
    if not entries:
        return []
    dense = _z(np.array([_dense(entry, vector, model) for entry in entries]))
    lexical = _z(np.array(_overlap(entries, query)))
    items = [
        _item(tier, entry.pk, entry.text, entry.valid_from, {"dense": float(d), "lexical": float(w)})
        for entry, d, w in zip(entries, dense, lexical, strict=True)
    ]
    return sorted(items, key=lambda item: -item.score)


def _dense(entry: Knowledge, vector: Vectors | None, model: str) -> float:
    stored = as_array(entry.embedding) if entry.embedding_model == model else None
    if stored is None or vector is None or stored.shape != vector.shape:
        return 0.0
    return float(np.dot(stored, vector))


def _overlap(entries: Sequence[Knowledge], query: str) -> list[float]:
    """Sum of the rarity of shared words, rarity taken over these entries."""
    wanted = set(term_counts(query))
    shared = [wanted & set(term_counts(entry.text)) for entry in entries]
    holders = {term: sum(term in terms for terms in shared) for term in wanted}
    return [sum(float(np.log1p(len(entries) / holders[term])) for term in terms) for terms in shared]


def _z(values: np.ndarray) -> np.ndarray:
    deviation = values.std()
    return (values - values.mean()) / deviation if deviation > 1e-9 else np.zeros_like(values)


def _page_items(memory: Memory, ranked: Sequence[PageScore], budget: int) -> list[RecalledItem]:
    """Fill the budget: the newest short-term pages within their share, then all others by score."""
    capacity = memory.conf.short_term_capacity
    newest = sorted((s for s in ranked if s.segment_id is None), key=lambda s: -s.position)[:capacity]
    # A page costs at least ten tokens or so: more candidates than this cannot fit.
    wanted = {score.page_id for score in (*newest, *ranked[: max(budget // 10, 1)])}
    rows = {page.pk: page for page in memory.pages.filter(pk__in=wanted).defer("embedding", "metadata")}
    fixed = _fill((_page_item(rows[s.page_id], s) for s in newest if s.page_id in rows), int(budget * SHORT_TERM_SHARE))
    left = budget - sum(item.tokens for item in fixed)
    have = {item.object_id for item in fixed}
    others = (_page_item(rows[s.page_id], s) for s in ranked if s.page_id in rows and s.page_id not in have)
    return [*fixed, *_fill_clipping(others, left)]


def _fill_clipping(items: Iterable[RecalledItem], budget: int) -> list[RecalledItem]:
    """Like `_fill`, but a best match that alone exceeds the budget is cut to it instead of being lost."""
    listed = list(items)
    if not listed or not listed[0].tokens > budget >= CLIPPED_AT_LEAST:
        return _fill(listed, budget)
    first, length = listed[0], budget * 4
    clipped = first
    while clipped.tokens > budget:
        text = f"{first.text[:length]}…"
        clipped = replace(first, text=text, tokens=cost_of(first.tier, text, first.occurred_at))
        length = length * 3 // 4
    return [clipped, *_fill(listed[1:], budget - clipped.tokens)]


def _page_item(page: Page, score: PageScore) -> RecalledItem:
    tier = Tier.SHORT_TERM if page.segment_id is None else Tier.MID_TERM
    return RecalledItem(
        tier,
        page.pk,
        page.text,
        page.occurred_at,
        score.total,
        score.signals(),
        cost_of(tier, page.text, page.occurred_at),
        page.segment_id,
    )
