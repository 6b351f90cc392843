"""Weighing: which findings of a promotion's answer are learnt at all, and how its facts relate to what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from memory.domain import knowledge
from memory.domain.discretion import discreet, private_matters
from memory.domain.duplicates import Draft, Relation, pair_of, relations, undecided
from memory.domain.ledger import embedded, noted
from memory.domain.lexical import terms
from memory.domain.provenance import repetition, support
from memory.domain.reading import Reading
from memory.embedding.base import Embedder, Vectors
from memory.enums import KnowledgeStatus, Purpose, Subject
from memory.exceptions import InvalidConsolidation
from memory.llm.base import Consolidator, Fact, MergeRequest, PageText, ProfileFinding, PromotionResult
from memory.llm.builtin.merging import judge as judge_by_rules
from memory.models import Knowledge, Memory


@dataclass(frozen=True, slots=True)
class Weighed:
    """The facts of one subject on their way in: vectors of shape (n, d), how they relate to what is known, and the
    numbers of those that confirm nothing, because the user has not said them again."""

    facts: tuple[Fact, ...]
    vectors: Vectors
    drafts: tuple[Draft, ...]
    relations: tuple[Relation, ...]
    unsaid: frozenset[int]


def grounded(memory: Memory, reading: Reading, answer: PromotionResult) -> PromotionResult:
    """Return what rests on the user's own words and, of the assistant, what tells of nobody.

    A profile is what people state of themselves: what only stands in a question or an answer is none.
    """
    ignored = _own_name(memory)

    def rests(fact: Fact) -> bool:
        return not support(fact.text, _cited(reading, fact.page_indexes), ignored).echoes

    def is_stated(finding: ProfileFinding) -> bool:
        found = repetition(finding.value, _cited(reading, finding.page_indexes), ignored - set(terms(finding.value)))
        return not found.only_heard

    assistant: tuple[Fact, ...] = ()
    if answer.assistant_knowledge:
        private = private_matters(memory, answer.profile, answer.user_knowledge)
        assistant = discreet(answer.assistant_knowledge, reading.texts, private)
    return replace(
        answer,
        profile=tuple(filter(is_stated, answer.profile)),
        user_knowledge=tuple(filter(rests, answer.user_knowledge)),
        assistant_knowledge=assistant,
    )


def weigh(
    memory: Memory,
    reading: Reading,
    subject: Subject,
    facts: Sequence[Fact],
    known: Mapping[int, Knowledge],
    embedder: Embedder,
) -> Weighed:
    """Give facts their vectors and relate them to what is known and to each other.

    A fact near to a known one, or against it, that the user has not stated on its pages is left out: it is memory that
    came back in a question or an answer. Raises ModelError.
    """
    facts = [fact for fact in facts if fact.text.strip()]
    if not facts:
        return Weighed((), np.zeros((0, 0), dtype=np.float32), (), (), frozenset())
    vectors = embedded(memory, embedder, [fact.text for fact in facts])
    drafts = [_draft(fact, vector, reading, known) for fact, vector in zip(facts, vectors, strict=True)]
    entries = [*knowledge.standing(memory, subject), *knowledge.unwanted(memory, subject)]
    found = relations(drafts, entries, embedder.name)
    if subject is Subject.ASSISTANT:
        # An assistant that repeats what it recalls of itself confirms nothing.
        return Weighed(tuple(facts), vectors, tuple(drafts), tuple(found), frozenset(range(len(facts))))
    ignored = _own_name(memory)
    again = [repetition(fact.text, _cited(reading, fact.page_indexes), ignored) for fact in facts]
    touching = {relation.new for relation in found if isinstance(relation.old, Knowledge)}
    touching |= {number for number, draft in enumerate(drafts) if draft.settled}
    kept = [number for number in range(len(facts)) if number not in touching or not again[number].only_heard]
    drafts = [drafts[number] for number in kept]
    return Weighed(
        tuple(facts[number] for number in kept),
        vectors[kept],
        tuple(drafts),
        tuple(relations(drafts, entries, embedder.name)),
        frozenset(place for place, number in enumerate(kept) if not again[number].said_again),
    )


def judge(memory: Memory, consolidator: Consolidator, weighed: Sequence[Weighed]) -> None:
    """Have all undecided relations judged in one call of at most `promotion_tokens`; without any there is no call.

    What a person has disabled is shown to no model: such pairs are judged by the built-in rules. Raises ModelError,
    which is in the ledger, and InvalidConsolidation.
    """
    for each in weighed:
        _judge_unwanted(each)
    share = memory.conf.promotion_tokens // max(len(weighed), 1)
    open_ones = [(each, relation) for each in weighed for relation in undecided(each.relations, each.drafts, share)]
    if not open_ones:
        return
    request = MergeRequest(
        tuple(pair_of(number, relation, each.drafts) for number, (each, relation) in enumerate(open_ones, start=1))
    )
    result, _ = noted(memory, Purpose.MERGE, consolidator.name, lambda: consolidator.merge(request))
    if len(result.verdicts) != len(open_ones):
        raise InvalidConsolidation(f"{len(result.verdicts)} verdicts for {len(open_ones)} pairs.")
    for (_, relation), verdict in zip(open_ones, result.verdicts, strict=True):
        relation.verdict = verdict


def _judge_unwanted(weighed: Weighed) -> None:
    for relation in weighed.relations:
        old = relation.old
        if relation.verdict is None and isinstance(old, Knowledge) and old.status == KnowledgeStatus.DISABLED:
            relation.verdict = judge_by_rules(pair_of(relation.new, relation, weighed.drafts))


def _draft(fact: Fact, vector: Vectors, reading: Reading, known: Mapping[int, Knowledge]) -> Draft:
    return Draft(
        text=fact.text.strip()[: knowledge.TEXT_LENGTH],
        vector=vector,
        said_at=max(page.occurred_at for page in knowledge.sources_of(fact, reading.pages)),
        settled=frozenset(known[number].pk for number in fact.supersedes if number in known),
    )


def _cited(reading: Reading, indexes: Sequence[int]) -> Sequence[PageText]:
    return [reading.texts[index] for index in indexes] or reading.texts


def _own_name(memory: Memory) -> frozenset[str]:
    """The terms of the user's name: an answer that addresses them says nothing about them by that."""
    names = memory.profile.filter(name__icontains="name").values_list("value", flat=True)
    return frozenset(term for name in names for term in terms(name))
