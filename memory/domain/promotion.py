"""Promotion: hot segments' unread pages become long-term memory (paper, section 3.2).

One structured call reads a bounded number of pages, a second one judges near duplicates where there are any; the result
is applied in one short transaction that first checks that nobody else has read the pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.db import transaction

from memory.domain import knowledge, persona
from memory.domain.activity import event, last_forgetting, log
from memory.domain.discretion import discreet, private_matters
from memory.domain.duplicates import Draft, Relation, pair_of, relations, undecided
from memory.domain.ledger import embedded, noted
from memory.domain.lexical import terms
from memory.domain.provenance import said_again, support
from memory.domain.reading import Reading, next_reading
from memory.domain.traits import TRAIT_DIMENSIONS
from memory.domain.vectors import alike, as_array, page_vector
from memory.embedding.base import Embedder, Vectors
from memory.enums import EventKind, Purpose, Subject
from memory.exceptions import InvalidConsolidation, PromotionConflict
from memory.llm.base import Consolidator, Fact, KnownFact, MergeRequest, PromotionRequest, PromotionResult
from memory.models import Knowledge, Memory, ModelCall, Page, Profile, Segment, Trait
from memory.signals import segment_promoted

KNOWN_FACTS_SHOWN = 50
"""Facts nearest to the pages that a model is shown; rules are shown all."""


@dataclass(slots=True)
class _Learnt:
    """The facts of one subject on their way in: vectors (n, d), how they relate to what is known, and the numbers of
    those that the user has not said again."""

    facts: tuple[Fact, ...]
    vectors: Vectors
    drafts: list[Draft]
    relations: list[Relation]
    unsaid: frozenset[int]


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
    InvalidConsolidation (nothing but the ledger changed) and PromotionConflict (another worker read the pages first).
    """
    forgotten = last_forgetting(memory)
    _retitle(memory, reading)
    known = _known_facts(memory, reading.pages, embedder, consolidator)
    request = _request(memory, reading, known)
    answer, call = noted(memory, Purpose.PROMOTION, consolidator.name, lambda: consolidator.promote(request))
    result = _grounded(memory, reading, answer)
    user = _learnt(memory, reading, Subject.USER, result.user_knowledge, known, embedder)
    assistant = _learnt(memory, reading, Subject.ASSISTANT, result.assistant_knowledge, {}, embedder)
    _judge(memory, consolidator, (user, assistant))
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


def _known_facts(
    memory: Memory, pages: Sequence[Page], embedder: Embedder, consolidator: Consolidator
) -> dict[int, Knowledge]:
    """The active facts that some page is nearest to, nearest first; to a consolidator that counts no tokens, all."""
    facts = list(memory.knowledge.active().order_by("pk"))
    vectors = alike([vector for page in pages if (vector := page_vector(page, embedder)) is not None])
    if consolidator.is_model and len(facts) > KNOWN_FACTS_SHOWN:
        facts.sort(key=lambda fact: -_nearness(fact, vectors, embedder))
        facts = facts[:KNOWN_FACTS_SHOWN]
    return dict(enumerate(facts, start=1))


def _nearness(fact: Knowledge, pages: Vectors | None, embedder: Embedder) -> float:
    vector = as_array(fact.embedding) if fact.embedding_model == embedder.name else None
    if vector is None or pages is None or vector.shape != pages.shape[1:]:
        return -1.0
    return float((pages @ vector).max())


def _request(memory: Memory, reading: Reading, known: Mapping[int, Knowledge]) -> PromotionRequest:
    profile = list(memory.profile.all())
    traits = list(memory.traits.all())
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


def _grounded(memory: Memory, reading: Reading, result: PromotionResult) -> PromotionResult:
    """Leave what rests on the user's own words and, of the assistant, what tells of nobody."""
    ignored = _own_name(memory)

    def rests(text: str, indexes: Sequence[int]) -> bool:
        cited = [reading.texts[index] for index in indexes] or reading.texts
        return not support(text, cited, ignored).echoes

    assistant: tuple[Fact, ...] = ()
    if result.assistant_knowledge:
        private = private_matters(memory, result.profile, result.user_knowledge)
        assistant = discreet(result.assistant_knowledge, reading.texts, private)
    return replace(
        result,
        profile=tuple(finding for finding in result.profile if rests(finding.value, finding.page_indexes)),
        user_knowledge=tuple(fact for fact in result.user_knowledge if rests(fact.text, fact.page_indexes)),
        assistant_knowledge=assistant,
    )


def _own_name(memory: Memory) -> frozenset[str]:
    """The terms of the user's name: an answer that addresses them says nothing about them by that."""
    names = memory.profile.filter(name__icontains="name").values_list("value", flat=True)
    return frozenset(term for name in names for term in terms(name))


def _learnt(
    memory: Memory,
    reading: Reading,
    subject: Subject,
    facts: tuple[Fact, ...],
    known: Mapping[int, Knowledge],
    embedder: Embedder,
) -> _Learnt:
    """Give facts their vectors and relate them to what is known and to each other."""
    facts = tuple(fact for fact in facts if fact.text.strip())
    if not facts:
        return _Learnt((), np.zeros((0, 0), dtype=np.float32), [], [], frozenset())
    vectors = embedded(memory, embedder, [fact.text for fact in facts])
    drafts = [
        Draft(
            fact.text.strip()[: knowledge.TEXT_LENGTH],
            vector,
            max(page.occurred_at for page in knowledge.sources_of(fact, reading.pages)),
            frozenset(known[number].pk for number in fact.supersedes if number in known),
        )
        for fact, vector in zip(facts, vectors, strict=True)
    ]
    found = relations(drafts, list(knowledge.standing(memory, subject)), embedder.name)
    return _Learnt(facts, vectors, drafts, found, _unsaid(memory, reading, subject, facts))


def _unsaid(memory: Memory, reading: Reading, subject: Subject, facts: Sequence[Fact]) -> frozenset[int]:
    """The numbers of facts that, if they are known, have not been said again.

    An assistant that repeats what it recalls of itself confirms nothing.
    """
    if subject is Subject.ASSISTANT:
        return frozenset(range(len(facts)))
    ignored = _own_name(memory)
    cited = [[reading.texts[index] for index in fact.page_indexes] or reading.texts for fact in facts]
    return frozenset(
        number
        for number, (fact, pages) in enumerate(zip(facts, cited, strict=True))
        if not said_again(fact.text, pages, ignored)
    )


def _judge(memory: Memory, consolidator: Consolidator, learnt: Sequence[_Learnt]) -> None:
    """Have all undecided relations judged in one call; without any there is no call."""
    open_ones = [(each, relation) for each in learnt for relation in undecided(each.relations)]
    if not open_ones:
        return
    pairs = tuple(pair_of(number, relation, each.drafts) for number, (each, relation) in enumerate(open_ones, start=1))
    request = MergeRequest(pairs)
    result, _ = noted(memory, Purpose.MERGE, consolidator.name, lambda: consolidator.merge(request))
    if len(result.verdicts) != len(pairs):
        raise InvalidConsolidation(f"{len(result.verdicts)} verdicts for {len(pairs)} pairs.")
    for (_, relation), verdict in zip(open_ones, result.verdicts, strict=True):
        relation.verdict = verdict


def _learn(
    learning: knowledge.Learning, subject: Subject, learnt: _Learnt, known: Mapping[int, Knowledge]
) -> list[Knowledge]:
    return knowledge.learn_knowledge(
        learning, subject, learnt.facts, learnt.vectors, known, learnt.relations, learnt.unsaid
    )


def _retitle(memory: Memory, reading: Reading) -> None:
    """Take the segments' titles as they are now: those of before may quote what has been forgotten meanwhile."""
    titles = dict(memory.segments.filter(pk__in=[s.pk for s in reading.segments]).values_list("pk", "title"))
    for segment in reading.segments:
        segment.title = titles.get(segment.pk, "")


def _claim(memory: Memory, reading: Reading, now: datetime, forgotten: int) -> None:
    """Lock the memory and mark the pages as read, all or none; not when the model was shown what is forgotten now."""
    Memory.objects.locked(memory.pk)
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
    segment.save(update_fields=["length", "promoted_at"])
    after = {
        "title": segment.title,
        "pages": [page.position for page in reading.pages if page.segment_id == segment.pk],
        "facts": sum(isinstance(row, Knowledge) for row in learnt),
    }
    log(event(EventKind.PROMOTED, segment, memory=segment.memory, model_call=call, after=after))
    mine = [row for row in learnt if _rests_on(row, segment)]
    segment_promoted.send(Segment, memory=segment.memory, segment=segment, learnt=mine)


def _rests_on(row: Profile | Trait | Knowledge, segment: Segment) -> bool:
    pages = row.evidence if isinstance(row, Trait) else row.sources
    return pages.filter(segment=segment).exists()
