"""Promotion: hot segments' unread pages become long-term memory (paper, section 3.2).

One structured call reads a bounded number of pages, a second one judges near duplicates where there are any; the result
is applied in one short transaction that first checks that nobody else has read the pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile

from django.db import transaction

from memory.domain import knowledge, persona
from memory.domain.activity import event, last_forgetting, log
from memory.domain.ledger import noted
from memory.domain.pausing import lock_learning
from memory.domain.reading import Reading, next_reading
from memory.domain.showing import Room
from memory.domain.tokens import count_tokens
from memory.domain.traits import TRAIT_DIMENSIONS
from memory.domain.vectors import alike, as_array, page_vector
from memory.domain.weighing import Weighed, grounded, judge, weigh
from memory.embedding.base import Embedder, Vectors
from memory.enums import EventKind, Purpose, Subject
from memory.exceptions import PromotionConflict
from memory.llm.base import Consolidator, KnownFact, PromotionRequest
from memory.models import Knowledge, Memory, ModelCall, Page, Profile, Segment, Trait
from memory.signals import segment_promoted

KNOWN_FACTS_SHOWN = 50
"""Facts nearest to the pages that a model is shown; rules are shown all."""
PROFILE_SHOWN = 100
"""Attributes that a model is shown, those changed last."""
KNOWN_SHARE = 2
"""Known facts, and the profile, take at most this part of `promotion_tokens` each, beside the pages."""


def promote(segment: Segment, consolidator: Consolidator, embedder: Embedder, now: datetime) -> list[Page]:
    """Analyse one segment's unread pages, one call's worth; see `promote_reading`. [] when all have been read."""
    reading = next_reading(segment.memory, [segment])
    return promote_reading(segment.memory, reading, consolidator, embedder, now) if reading else []


def promote_reading(
    memory: Memory, reading: Reading, consolidator: Consolidator, embedder: Embedder, now: datetime
) -> list[Page]:
    """Analyse the pages of a reading and return them.

    Effects, in order: the model call and its ledger row; what does not rest on the user's own words, or would tell
    other members of someone, is dropped; the new facts' vectors; where facts nearly say what is known, one call that
    judges them; then, in one transaction: profile, traits, knowledge, pages marked as read, L_interaction restarts (at
    the number of pages still unread), events, `segment_promoted` for each segment. Raises ModelError,
    InvalidConsolidation (nothing but the ledger changed), LearningPaused and PromotionConflict (another worker read the
    pages first, or one of them was disabled meanwhile).
    """
    forgotten = last_forgetting(memory)
    _retitle(memory, reading)
    known = _known_facts(memory, reading.pages, embedder, consolidator)
    request = _request(memory, reading, known)
    answer, call = noted(memory, Purpose.PROMOTION, consolidator.name, lambda: consolidator.promote(request))
    result = grounded(memory, reading, answer)
    user = weigh(memory, reading, Subject.USER, result.user_knowledge, known, embedder)
    assistant = weigh(memory, reading, Subject.ASSISTANT, result.assistant_knowledge, {}, embedder)
    judge(memory, consolidator, (user, assistant))
    learning = knowledge.Learning(memory, reading.pages, call, embedder)
    with transaction.atomic():
        _claim(memory, reading, now, forgotten)
        learnt: list[Profile | Trait | Knowledge] = [
            *persona.learn_profile(memory, result.profile, reading.pages, call),
            *persona.learn_traits(memory, result.traits, reading.pages, call),
            *_learn(learning, Subject.USER, user, known),
            *_learn(learning, Subject.ASSISTANT, assistant, {}),
        ]
        for segment in reading.segments:
            _close(segment, reading, learnt, call, now)
    return list(reading.pages)


def _retitle(memory: Memory, reading: Reading) -> None:
    """Take the segments' titles as they are now: one may have quoted what was forgotten since they were read."""
    titles = dict(memory.segments.values_list("pk", "title").filter(pk__in=[one.pk for one in reading.segments]))
    for segment in reading.segments:
        segment.title = titles.get(segment.pk, "")


def _known_facts(
    memory: Memory, pages: Sequence[Page], embedder: Embedder, consolidator: Consolidator
) -> dict[int, Knowledge]:
    """The active facts that some page is nearest to, nearest first, as many as the call has room for; to a consolidator
    that counts no tokens, all.
    """
    facts = list(memory.knowledge.active().order_by("pk"))
    vectors = alike([vector for page in pages if (vector := page_vector(page, embedder)) is not None])
    if consolidator.is_model:
        room = Room(memory.conf.promotion_tokens // KNOWN_SHARE, KNOWN_FACTS_SHOWN)
        nearest = sorted(facts, key=lambda fact: -_nearness(fact, vectors, embedder))
        shown = list(takewhile(lambda fact: room.take(count_tokens(fact.text)), nearest))
        facts = shown if len(shown) < len(facts) else facts
    return dict(enumerate(facts, start=1))


def _nearness(fact: Knowledge, pages: Vectors | None, embedder: Embedder) -> float:
    vector = as_array(fact.embedding) if fact.embedding_model == embedder.name else None
    if vector is None or pages is None or vector.shape != pages.shape[1:]:
        return -1.0
    return float((pages @ vector).max())


def _request(memory: Memory, reading: Reading, known: Mapping[int, Knowledge]) -> PromotionRequest:
    profile = _profile_shown(memory)
    traits = list(memory.traits.filter(disabled=False))
    return PromotionRequest(
        title="; ".join(segment.title for segment in reading.segments),
        pages=reading.texts,
        profile={attribute.name: attribute.value for attribute in profile},
        traits={trait.dimension: trait.level for trait in traits},
        locked=frozenset(
            [attribute.name for attribute in profile if attribute.locked]
            + [trait.dimension for trait in traits if trait.locked]
        ),
        trait_dimensions=TRAIT_DIMENSIONS,
        known=tuple(KnownFact(number, entry.text, entry.confirmed_at) for number, entry in known.items()),
    )


def _profile_shown(memory: Memory) -> list[Profile]:
    """Return the attributes in use that a call has room for, those changed last, in order of their names."""
    room = Room(memory.conf.promotion_tokens // KNOWN_SHARE, PROFILE_SHOWN)
    latest = memory.profile.filter(disabled=False).order_by("-updated_at", "-pk")[:PROFILE_SHOWN]
    kept = takewhile(lambda attribute: room.take(count_tokens(f"{attribute.name}: {attribute.value}")), latest)
    return sorted(kept, key=lambda attribute: attribute.name)


def _learn(
    learning: knowledge.Learning, subject: Subject, weighed: Weighed, known: Mapping[int, Knowledge]
) -> list[Knowledge]:
    return knowledge.learn_knowledge(
        learning, subject, weighed.facts, weighed.vectors, known, weighed.relations, weighed.unsaid
    )


def _claim(memory: Memory, reading: Reading, now: datetime, forgotten: int) -> None:
    """Lock the memory and mark the pages as read, all or none; not when the model was shown what is forgotten now, nor
    when learning was paused meanwhile."""
    lock_learning(memory)
    ids = [page.pk for page in reading.pages]
    if forgotten != last_forgetting(memory):
        raise PromotionConflict("Something was forgotten while the model was reading; nothing was changed.")
    if memory.pages.unanalysed().filter(pk__in=ids).update(analysed_at=now) != len(ids):
        raise PromotionConflict


def _close(
    segment: Segment,
    reading: Reading,
    learnt: Sequence[Profile | Trait | Knowledge],
    call: ModelCall,
    now: datetime,
) -> None:
    segment.length = segment.pages.unanalysed().count()
    segment.promoted_at = now
    changed = ["length", "promoted_at"]
    if not segment.length:
        segment.analysis_asked_at = None
        changed.append("analysis_asked_at")
    segment.save(update_fields=changed)
    mine = [row for row in learnt if _rests_on(row, segment)]
    after = {
        "title": segment.title,
        "pages": [page.position for page in reading.pages if page.segment_id == segment.pk],
        "facts": sum(isinstance(row, Knowledge) for row in mine),
    }
    log(event(EventKind.PROMOTED, segment, memory=segment.memory, model_call=call, after=after))
    segment_promoted.send(Segment, memory=segment.memory, segment=segment, learnt=mine)


def _rests_on(row: Profile | Trait | Knowledge, segment: Segment) -> bool:
    pages = row.evidence if isinstance(row, Trait) else row.sources
    return pages.filter(segment=segment).exists()
