"""Promotion: a hot segment's unread pages become long-term memory (paper, section 3.2).

One structured call reads a bounded number of pages; the result is applied in one short transaction that first
checks that nobody else has read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from django.db import transaction

from memory.domain import knowledge, persona
from memory.domain.activity import event, log
from memory.domain.chaining import page_text
from memory.domain.ledger import noted
from memory.domain.tokens import count_tokens
from memory.domain.traits import TRAIT_DIMENSIONS
from memory.domain.vectors import alike, mean_direction, page_vector
from memory.embedding.base import Embedder, Vectors
from memory.enums import EventKind, Purpose, Subject
from memory.exceptions import PromotionConflict
from memory.llm.base import Consolidator, Fact, KnownFact, PromotionRequest, PromotionResult
from memory.models import Knowledge, Memory, ModelCall, Page, Profile, Segment, Trait
from memory.signals import segment_promoted

KNOWN_FACTS_SHOWN = 20


def unread_pages(segment: Segment, token_limit: int) -> list[Page]:
    """Return the segment's oldest unread pages that fit one call; the first is taken however long it is."""
    taken: list[Page] = []
    tokens = 0
    for page in segment.pages.unanalysed():
        tokens += count_tokens(page.text)
        if taken and tokens > token_limit:
            break
        taken.append(page)
    return taken


def promote(segment: Segment, consolidator: Consolidator, embedder: Embedder, now: datetime) -> list[Page]:
    """Analyse the segment's unread pages, one call's worth; return them, [] when all have been read.

    Effects, in order: the model call and its ledger row; the new facts' vectors; then, in one transaction:
    profile, traits, knowledge, pages marked as read, L_interaction restarts (at the number of pages still unread),
    events, `segment_promoted`. Raises ModelError (nothing but the ledger changed) and PromotionConflict (another
    worker read the pages first).
    """
    memory = segment.memory
    pages = unread_pages(segment, memory.conf.promotion_tokens)
    if not pages:
        return []
    known = _known_facts(memory, pages, embedder)
    request = _request(segment, pages, known)
    result, call = noted(memory, Purpose.PROMOTION, consolidator.name, lambda: consolidator.promote(request))
    user_vectors = embed_facts(embedder, result.user_knowledge)
    assistant_vectors = embed_facts(embedder, result.assistant_knowledge)
    learning = knowledge.Learning(memory, pages, call, embedder)
    with transaction.atomic():
        _claim(segment, pages, now)
        learnt: list[Profile | Trait | Knowledge] = [
            *persona.learn_profile(memory, result.profile, pages, call),
            *persona.learn_traits(memory, result.traits, pages, call),
            *knowledge.learn_knowledge(learning, Subject.USER, result.user_knowledge, user_vectors, known),
            *knowledge.learn_knowledge(learning, Subject.ASSISTANT, result.assistant_knowledge, assistant_vectors, {}),
        ]
        _close(segment, pages, result, call, now)
        segment_promoted.send(Segment, memory=memory, segment=segment, learnt=learnt)
    return pages


def embed_facts(embedder: Embedder, facts: Sequence[Fact]) -> Vectors:
    """Return a unit vector a fact, shape (n, d); (0, 0) for none, without a call."""
    if not facts:
        return np.zeros((0, 0), dtype=np.float32)
    return embedder.embed([fact.text for fact in facts])


def _known_facts(memory: Memory, pages: Sequence[Page], embedder: Embedder) -> dict[int, Knowledge]:
    vectors = alike([vector for page in pages if (vector := page_vector(page, embedder)) is not None])
    if vectors is None:
        return {}
    nearest = knowledge.nearest_facts(memory, mean_direction(vectors), embedder, KNOWN_FACTS_SHOWN)
    return dict(enumerate(nearest, start=1))


def _request(segment: Segment, pages: Sequence[Page], known: Mapping[int, Knowledge]) -> PromotionRequest:
    profile = list(segment.memory.profile.all())
    traits = list(segment.memory.traits.all())
    return PromotionRequest(
        title=segment.title,
        pages=tuple(page_text(page, index) for index, page in enumerate(pages)),
        profile={attribute.name: attribute.value for attribute in profile},
        traits={trait.dimension: trait.level for trait in traits},
        locked=frozenset(
            [attribute.name for attribute in profile if attribute.locked]
            + [trait.dimension for trait in traits if trait.locked]
        ),
        trait_dimensions=TRAIT_DIMENSIONS,
        known=tuple(KnownFact(number, entry.text, entry.confirmed_at) for number, entry in known.items()),
    )


def _claim(segment: Segment, pages: Sequence[Page], now: datetime) -> None:
    """Lock the memory and mark the pages as read, all or none."""
    Memory.objects.locked(segment.memory_id)
    ids = [page.pk for page in pages]
    if segment.pages.unanalysed().filter(pk__in=ids).update(analysed_at=now) != len(ids):
        raise PromotionConflict


def _close(segment: Segment, pages: Sequence[Page], result: PromotionResult, call: ModelCall, now: datetime) -> None:
    segment.length = segment.pages.unanalysed().count()
    segment.promoted_at = now
    segment.save(update_fields=["length", "promoted_at"])
    after = {
        "title": segment.title,
        "pages": [page.position for page in pages],
        "facts": len(result.user_knowledge) + len(result.assistant_knowledge),
    }
    log(event(EventKind.PROMOTED, segment, memory=segment.memory, model_call=call, after=after))
