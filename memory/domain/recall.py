"""Recall: what of a memory belongs in front of the model for a question (paper, section 3.4). Read only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from django.db import transaction
from django.db.models import F

from memory.conf import MemorySettings
from memory.domain.heating import announce_hot
from memory.domain.long_term import FactScore, score_facts
from memory.domain.nearest import stored_models
from memory.domain.question import Speakers, query_vectors, understand
from memory.domain.scoring import PageScore, score_pages
from memory.domain.wording import HEADINGS, cost_of, heading_cost
from memory.enums import Subject, Tier
from memory.models import Memory, Page, Profile
from memory.models.page import page_text

LONG_TERM_SHARE = 0.12
"""Of the budget: the most that profile, traits and knowledge take; what they leave goes to pages."""
PROFILE_SHARE = 0.5
"""Of that: the most the profile takes before the facts nearest to the question have had their turn."""
SHORT_TERM_SHARE = 0.05
"""Of the budget: the most that the newest pages take without having to match."""
SMALLEST = 6
"""Tokens below which no line fits."""
CLIPPED_AT_LEAST = 50
"""Tokens below which a page is not worth cutting to."""
_FACT_TIERS = ((Subject.USER, Tier.USER_KNOWLEDGE), (Subject.ASSISTANT, Tier.ASSISTANT_KNOWLEDGE))


@dataclass(frozen=True, slots=True)
class RecalledItem:
    """One thing recalled and why: `signals` are in standard deviations, `tokens` is what it costs in the prompt,
    date and bullet included. Of a page that only half fits, `text` is that half and `half` says whose it is."""

    tier: Tier
    object_id: int
    text: str
    occurred_at: datetime | None
    score: float
    signals: dict[str, float]
    tokens: int
    segment_id: int | None = None
    half: Subject | None = None


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

    Order of filling: profile, traits and the nearest knowledge, the newest short-term pages (each at most their
    share), then pages of both tiers by score until the budget is full: the k best whole, of the others the half that
    fits. Pages in `exclude_pages` (those the prompt shows anyway) are left out. Any query is fine: empty, emoji,
    10,000 characters. An embedder that fails costs the dense signal, not the answer.
    """
    conf = memory.conf
    left = (conf.recall_budget if budget is None else budget) - _HEADING_TOKENS
    profile = list(memory.profile.all())
    languages = Memory.objects.values_list("languages", flat=True).get(pk=memory.pk)
    question = understand(query, _speakers(memory, profile), now, languages)
    vectors = query_vectors(question.text, stored_models(memory), conf.recall_embedding_timeout)
    long_term = _long_term(memory, profile, score_facts(memory, question, vectors), int(left * LONG_TERM_SHARE))
    left -= sum(item.tokens for item in long_term)
    ranked = [score for score in score_pages(memory, question, vectors) if score.page_id not in exclude_pages]
    pages = _page_items(memory, ranked, left)
    items = (*long_term, *pages)
    headings = sum(heading_cost(tier) for tier in {item.tier for item in items})
    return Recollection(query, items, headings + sum(item.tokens for item in items))


_HEADING_TOKENS = sum(heading_cost(tier) for tier in HEADINGS)


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


def _speakers(memory: Memory, profile: Sequence[Profile]) -> Speakers:
    names = [attribute.value for attribute in profile if attribute.name == "name"]
    user = memory.user
    return Speakers(" ".join((user.first_name, user.last_name, user.username, *names)), memory.assistant.name)


def _fill(items: Iterable[RecalledItem], budget: int) -> list[RecalledItem]:
    """Take items in order while they fit; one that does not is passed over for the shorter ones after it."""
    taken = []
    for item in items:
        if item.tokens <= budget:
            taken.append(item)
            budget -= item.tokens
        if budget < SMALLEST:
            break
    return taken


def _long_term(
    memory: Memory, profile: Sequence[Profile], facts: Mapping[Subject, Sequence[FactScore]], budget: int
) -> list[RecalledItem]:
    """Fill the long-term share: profile up to its half, the nearest facts, then the rest of profile and traits."""
    count = memory.conf.recall_knowledge
    attributes = [_item(Tier.PROFILE, row.pk, f"{row.name}: {row.value}") for row in profile]
    nearest = [_fact_item(tier, score) for subject, tier in _FACT_TIERS for score in facts[subject][:count]]
    traits = [
        _item(Tier.TRAIT, row.pk, f"{row.label}: {row.get_level_display().lower()}") for row in memory.traits.all()
    ]
    first = _fill(attributes, int(budget * PROFILE_SHARE))
    budget -= sum(item.tokens for item in first)
    second = _fill(nearest, budget)
    budget -= sum(item.tokens for item in second)
    rest = _fill([item for item in (*attributes, *traits) if item not in first], budget)
    return [*first, *second, *rest]


def _item(tier: Tier, pk: int, text: str) -> RecalledItem:
    return RecalledItem(tier, pk, text, None, 0.0, {}, cost_of(tier, text, None))


def _fact_item(tier: Tier, score: FactScore) -> RecalledItem:
    fact = score.fact
    cost = cost_of(tier, fact.text, fact.valid_from)
    return RecalledItem(tier, fact.pk, fact.text, fact.valid_from, score.total, score.signals(), cost)


def _page_items(memory: Memory, ranked: Sequence[PageScore], budget: int) -> list[RecalledItem]:
    """Fill the budget: the newest short-term pages within their share, then all others by score."""
    conf = memory.conf
    newest = sorted((s for s in ranked if s.segment_id is None), key=lambda s: -s.position)[: conf.short_term_capacity]
    # A page costs at least ten tokens or so: more candidates than this cannot fit.
    wanted = {score.page_id for score in (*newest, *ranked[: max(budget // 10, 1)])}
    columns = memory.pages.filter(pk__in=wanted).only("memory", "query", "response", "occurred_at")
    rows = {page.pk: page for page in columns}
    fixed = _fill((_whole(rows[s.page_id], s) for s in newest if s.page_id in rows), int(budget * SHORT_TERM_SHARE))
    left = budget - sum(item.tokens for item in fixed)
    have = {item.object_id for item in fixed}
    others = (
        _whole(rows[s.page_id], s) if rank < conf.recall_pages else _fitting_half(rows[s.page_id], s)
        for rank, s in enumerate(ranked)
        if s.page_id in rows and s.page_id not in have
    )
    return [*fixed, *_fill_clipping(others, left)]


def _fill_clipping(items: Iterable[RecalledItem], budget: int) -> list[RecalledItem]:
    """Like `_fill`, but a best match that alone exceeds the budget is cut to it instead of being lost."""
    rest = iter(items)
    first = next(rest, None)
    if first is None:
        return []
    if not first.tokens > budget >= CLIPPED_AT_LEAST:
        return _fill(chain((first,), rest), budget)
    length = budget * 4
    clipped = first
    while clipped.tokens > budget:
        text = f"{first.text[:length]}…"
        clipped = replace(first, text=text, tokens=cost_of(first.tier, text, first.occurred_at))
        length = length * 3 // 4
    return [clipped, *_fill(rest, budget - clipped.tokens)]


def _whole(page: Page, score: PageScore) -> RecalledItem:
    return _page_item(page, score, page.text, None)


def _fitting_half(page: Page, score: PageScore) -> RecalledItem:
    """A page beyond the k best: what was said by the one whose words fit the question, if one fits better."""
    if score.fits is None or not (page.query and page.response):
        return _whole(page, score)
    half = page_text(page.query, "") if score.fits is Subject.USER else page_text("", page.response)
    return _page_item(page, score, half, score.fits)


def _page_item(page: Page, score: PageScore, text: str, half: Subject | None) -> RecalledItem:
    tier = Tier.SHORT_TERM if score.segment_id is None else Tier.MID_TERM
    return RecalledItem(
        tier,
        page.pk,
        text,
        page.occurred_at,
        score.total,
        score.signals(),
        cost_of(tier, text, page.occurred_at),
        score.segment_id,
        half,
    )
