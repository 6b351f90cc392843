"""Recall: what of a memory belongs in front of the model for a question (paper, section 3.4). Read only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice

from django.db import connection, transaction
from django.db.models import F

from memory.conf import MemorySettings
from memory.domain.heating import announce_hot
from memory.domain.holdings import Holdings, read_holdings
from memory.domain.laps import Laps
from memory.domain.long_term import FactScore, Said, read_persona, score_facts
from memory.domain.nearest import Probe, probes_of
from memory.domain.question import Question, Speakers, query_vectors, understand
from memory.domain.scoring import PageScore, score_pages
from memory.domain.traits import label_of
from memory.domain.wording import HEADINGS, cost_of, heading_cost
from memory.embedding import get_embedder
from memory.enums import Subject, Tier
from memory.models import Memory, SegmentVisit
from memory.models.page import page_text

LONG_TERM_SHARE = 0.12
"""Of the budget: the most that profile, traits and knowledge take; what they leave goes to pages."""
PROFILE_SHARE = 0.5
"""Of that: the most the profile takes before the facts nearest to the question have had their turn."""
SHORT_TERM_SHARE = 0.05
"""Of the budget: the most that the newest pages take without having to match."""
SMALLEST, SMALLEST_PAGE = 6, 24
"""Tokens below which no line of long-term memory fits, and none of a page is worth looking for."""
TEXTS_AT_ONCE = 64
"""Pages whose words are read together; seldom more are shown."""
LEFT_OUT = 20
"""Of what was found and did not get into the prompt: how many are told, the best."""
LEFT_OUT_LONG_TERM = 8
"""Of those: the most that are facts, attributes and traits."""
CLIPPED_AT_LEAST = 50
"""Tokens below which a page is not worth cutting to."""
PageText = tuple[str, str]
"""The two halves of a page: query, response."""
_TEXTS = "SELECT id, query, response FROM memory_page WHERE id = ANY(%s)"
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

    `tokens` is what it costs in the prompt, headings included, and within the budget. `left_out` are the best of what
    was found as well and had no room in it, at most `LEFT_OUT`. `without_meaning` says that the embedding model could
    not be asked, so that words alone had to do.
    """

    query: str
    items: tuple[RecalledItem, ...]
    tokens: int
    left_out: tuple[RecalledItem, ...] = ()
    without_meaning: bool = False

    def of(self, *tiers: Tier) -> tuple[RecalledItem, ...]:
        return tuple(item for item in self.items if item.tier in tiers)

    def visited_segments(self, conf: MemorySettings) -> list[int]:
        """Return the ids of the at most m segments that hold the k best mid-term pages."""
        best = self.of(Tier.MID_TERM)[: conf.recall_pages]
        return list(dict.fromkeys(item.segment_id for item in best if item.segment_id))[: conf.recall_segments]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question as it is put to a memory, and what has to be read of the memory to understand it."""

    holdings: Holdings
    profile: list[Said]
    traits: list[Said]
    question: Question
    probes: list[Probe]
    without_meaning: bool


def inquire(memory: Memory, query: str, now: datetime, laps: Laps | None = None) -> Inquiry:
    """Return what a question asks of a memory, by its words and by its vectors. Read only, two queries.

    An embedder that fails costs the vectors, and `without_meaning` says so.
    """
    laps = laps or Laps()
    holdings = read_holdings(memory)
    profile, traits = read_persona(memory)
    question = understand(query, _speakers(holdings, profile), now, holdings.languages)
    laps.mark("question")
    vectors = query_vectors(question.text, holdings.models, memory.conf.recall_embedding_timeout)
    laps.mark("embedding")
    away = bool(question.text.strip()) and get_embedder().name not in vectors
    return Inquiry(holdings, profile, traits, question, probes_of(vectors), away)


def recall(
    memory: Memory,
    query: str,
    *,
    now: datetime,
    budget: int | None = None,
    exclude_pages: Collection[int] = frozenset(),
    laps: Laps | None = None,
) -> Recollection:
    """Recall for a question within `budget` tokens (default: the assistant's setting).

    Order of filling: profile, traits and the nearest knowledge, the newest short-term pages (each at most their share),
    then pages of both tiers by score until the budget is full: the k best whole, of the others the half that fits.
    Pages in `exclude_pages` (those the prompt shows anyway) and whatever the person has disabled are not looked at. Any
    query is fine: empty, emoji, 10,000 characters. An embedder that fails costs the dense signal, not the answer.
    `laps` are told how long each step takes.
    """
    conf, laps = memory.conf, laps or Laps()
    left = (conf.recall_budget if budget is None else budget) - _HEADING_TOKENS
    asked = inquire(memory, query, now, laps)
    nearest = _nearest_facts(score_facts(memory, asked.question, asked.probes), conf.recall_knowledge)
    persona = _persona(asked.profile, asked.traits)
    laps.mark("facts")
    long_term = _long_term(persona, nearest, int(left * LONG_TERM_SHARE))
    left -= sum(item.tokens for item in long_term)
    excluded = {*exclude_pages, *asked.holdings.disabled}
    # A page costs at least ten tokens or so: more than this cannot fit.
    limit = max(left // 10, 1) + len(excluded)
    ranked = score_pages(memory, asked.holdings, asked.question, asked.probes, limit)
    ranked = [score for score in ranked if score.page_id not in excluded]
    laps.mark("pages")
    pages, pages_left_out = _page_items(memory, ranked, left)
    laps.mark("filling")
    items = (*long_term, *pages)
    headings = sum(heading_cost(tier) for tier in {item.tier for item in items})
    left_out = (*_not_among([*nearest, *persona], long_term)[:LEFT_OUT_LONG_TERM], *pages_left_out)[:LEFT_OUT]
    tokens = headings + sum(item.tokens for item in items)
    return Recollection(query, items, tokens, left_out, asked.without_meaning)


_HEADING_TOKENS = sum(heading_cost(tier) for tier in HEADINGS)


def count_visits(memory: Memory, segment_ids: Collection[int], at: datetime) -> None:
    """Count one visit of each segment: once an answer, by the answer's own transaction, never by recall itself.

    Adds 1 to N_visit, restarts the recency at `at`, notes when it was, and sends `segment_heated` for those that passed
    tau.
    """
    if not segment_ids:
        return
    with transaction.atomic():
        Memory.objects.locked(memory.pk)
        visited = memory.segments.active().filter(pk__in=segment_ids)
        visited.update(visits=F("visits") + 1, last_visited_at=at)
        segments = list(visited.defer("embedding"))
        SegmentVisit.objects.bulk_create(SegmentVisit(segment=segment, visited_at=at) for segment in segments)
        announce_hot(memory, segments, at)


def _speakers(holdings: Holdings, profile: Sequence[Said]) -> Speakers:
    names = [attribute.value for attribute in profile if attribute.name == "name"]
    return Speakers(" ".join((holdings.user_names, *names)), holdings.assistant_name)


def _fill(items: Iterable[RecalledItem], budget: int, least: int = SMALLEST) -> list[RecalledItem]:
    """Take items in order while they fit; one that does not is passed over for the shorter ones after it.

    Ends when less than `least` tokens are left.
    """
    taken = []
    for item in items:
        if item.tokens <= budget:
            taken.append(item)
            budget -= item.tokens
        if budget < least:
            break
    return taken


def _nearest_facts(facts: Mapping[Subject, Sequence[FactScore]], count: int) -> list[RecalledItem]:
    return [_fact_item(tier, score) for subject, tier in _FACT_TIERS for score in facts[subject][:count]]


def _persona(profile: Sequence[Said], traits: Sequence[Said]) -> list[RecalledItem]:
    attributes = [_item(Tier.PROFILE, row.pk, f"{row.name}: {row.value}") for row in profile]
    levels = [_item(Tier.TRAIT, row.pk, f"{label_of(row.name)}: {row.value}") for row in traits]
    return [*attributes, *levels]


def _long_term(persona: Sequence[RecalledItem], facts: Sequence[RecalledItem], budget: int) -> list[RecalledItem]:
    """Fill the long-term share: profile up to its half, the nearest facts, then the rest of profile and traits."""
    attributes = [item for item in persona if item.tier is Tier.PROFILE]
    first = _fill(attributes, int(budget * PROFILE_SHARE))
    budget -= sum(item.tokens for item in first)
    second = _fill(facts, budget)
    budget -= sum(item.tokens for item in second)
    rest = _fill([item for item in persona if item not in first], budget)
    return [*first, *second, *rest]


def _not_among(found: Sequence[RecalledItem], taken: Sequence[RecalledItem]) -> list[RecalledItem]:
    have = {(item.tier, item.object_id) for item in taken}
    return [item for item in found if (item.tier, item.object_id) not in have]


def _item(tier: Tier, pk: int, text: str) -> RecalledItem:
    return RecalledItem(tier, pk, text, None, 0.0, {}, cost_of(tier, text, None))


def _fact_item(tier: Tier, score: FactScore) -> RecalledItem:
    fact = score.fact
    cost = cost_of(tier, fact.text, fact.valid_from)
    return RecalledItem(tier, fact.pk, fact.text, fact.valid_from, score.total, score.signals(), cost)


def _page_items(
    memory: Memory, ranked: Sequence[PageScore], budget: int
) -> tuple[list[RecalledItem], list[RecalledItem]]:
    """Fill the budget: the newest short-term pages within their share, then all others by score.

    Returns what was taken and the best of what was not, as far as its words have been read anyway.
    """
    newest = sorted((s for s in ranked if s.segment_id is None), key=lambda s: -s.position)
    newest = newest[: memory.conf.short_term_capacity]
    texts = _read_texts([*newest, *ranked[:TEXTS_AT_ONCE]])
    fixed = _fill((_whole(texts[s.page_id], s) for s in newest if s.page_id in texts), int(budget * SHORT_TERM_SHARE))
    left = budget - sum(item.tokens for item in fixed)
    have = {item.object_id for item in fixed}
    rest = (item for item in _best_first(ranked, texts, memory.conf.recall_pages) if item.object_id not in have)
    taken = [*fixed, *_fill_clipping(rest, left)]
    return taken, _passed_over(ranked[:TEXTS_AT_ONCE], texts, {item.object_id for item in taken})


def _passed_over(
    ranked: Iterable[PageScore], texts: Mapping[int, PageText], have: Collection[int]
) -> list[RecalledItem]:
    """Return the best pages that fit the question better than most and had no room, at most `LEFT_OUT`."""
    found = (score for score in ranked if score.total > 0 and score.page_id in texts and score.page_id not in have)
    return [_whole(texts[score.page_id], score) for score in islice(found, LEFT_OUT)]


def _best_first(ranked: Sequence[PageScore], texts: dict[int, PageText], whole: int) -> Iterator[RecalledItem]:
    """Yield the pages that are still there, the first `whole` of them whole; read their words as they are asked for."""
    for rank, score in enumerate(ranked):
        if rank and rank % TEXTS_AT_ONCE == 0:
            texts |= _read_texts(ranked[rank : rank + TEXTS_AT_ONCE])
        if text := texts.get(score.page_id):
            yield _whole(text, score) if rank < whole else _fitting_half(text, score)


def _read_texts(scores: Sequence[PageScore]) -> dict[int, PageText]:
    """Return the two halves of each page by its key; plain values, for an instance a page costs more than all else."""
    with connection.cursor() as cursor:
        cursor.execute(_TEXTS, [[score.page_id for score in scores]])
        return {pk: (query, response) for pk, query, response in cursor.fetchall()}


def _fill_clipping(items: Iterable[RecalledItem], budget: int) -> list[RecalledItem]:
    """Like `_fill`, but a best match that alone exceeds the budget is cut to it instead of being lost."""
    rest = iter(items)
    first = next(rest, None)
    if first is None:
        return []
    if not first.tokens > budget >= CLIPPED_AT_LEAST:
        return _fill(chain((first,), rest), budget, SMALLEST_PAGE)
    length = budget * 4
    clipped = first
    while clipped.tokens > budget:
        text = f"{first.text[:length]}…"
        clipped = replace(first, text=text, tokens=cost_of(first.tier, text, first.occurred_at))
        length = length * 3 // 4
    return [clipped, *_fill(rest, budget - clipped.tokens, SMALLEST_PAGE)]


def _whole(text: PageText, score: PageScore) -> RecalledItem:
    return _page_item(score, page_text(*text), None)


def _fitting_half(text: PageText, score: PageScore) -> RecalledItem:
    """A page beyond the k best: what was said by the one whose words fit the question, if one fits better."""
    if score.fits is None or not all(text):
        return _whole(text, score)
    query, response = text
    half = page_text(query, "") if score.fits is Subject.USER else page_text("", response)
    return _page_item(score, half, score.fits)


def _page_item(score: PageScore, text: str, half: Subject | None) -> RecalledItem:
    tier = Tier.SHORT_TERM if score.segment_id is None else Tier.MID_TERM
    said = datetime.fromtimestamp(score.said, UTC)
    cost = cost_of(tier, text, said)
    return RecalledItem(tier, score.page_id, text, said, score.total, score.signals(), cost, score.segment_id, half)
