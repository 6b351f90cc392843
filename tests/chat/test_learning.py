"""What a transfer and a promotion learnt from a conversation is noted for it, and lets go of what is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from chat.learning import Note, Stretch, newest_update, note_promotion, render_update, updates_of
from chat.models import Conversation, LearntItem, MemoryUpdate
from memory.domain.forgetting import Target, forget
from memory.domain.promotion import promote
from memory.domain.transfer import transfer
from memory.enums import KnowledgeStatus, Tier
from memory.llm.base import Fact, ProfileFinding, PromotionResult, TraitFinding
from memory.models import Knowledge, Memory, Page, Segment
from tests.chat.factories import AnswerFactory, ConversationFactory
from tests.chat.test_forgetting import talk_about
from tests.memory.domain.batches import remember
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
)
from tests.memory.fakes import ScriptedConsolidator, WordEmbedder

pytestmark = pytest.mark.django_db

EMBEDDER = WordEmbedder()
NOW = EPOCH + timedelta(days=1)


def told(conversation: Conversation) -> list[str]:
    return [note.amounts for note in updates_of(conversation)]


def words(note: Note) -> list[str]:
    return [item.text for item in note.items]


def learning(**findings: Any) -> ScriptedConsolidator:
    return ScriptedConsolidator(promote=lambda _: PromotionResult(**findings))


def note(conversation: Conversation, *facts: Knowledge) -> MemoryUpdate:
    """Note facts by hand, as one update."""
    update = MemoryUpdate.objects.create(conversation=conversation, created_at=NOW)
    for fact in facts:
        LearntItem.objects.create(update=update, tier=Tier.USER_KNOWLEDGE, object_id=fact.pk)
    return update


def test_a_transfer_notes_where_the_pages_of_a_conversation_went(memory: Memory) -> None:
    remember(8, memory)
    pages = list(memory.pages.order_by("position"))
    moving, staying = talk_about(pages[:2]), talk_about(pages[6:])
    transfer(memory, ScriptedConsolidator(), EMBEDDER, NOW)
    [update] = updates_of(moving)
    assert (update.amounts, words(update)) == ("1 topic", ["Everything"])
    assert update.items[0].address == f"/memory/{memory.assistant.slug}/segments/{memory.segments.get().pk}/"
    assert updates_of(staying) == []


def test_a_promotion_notes_what_rests_on_the_conversation_and_nothing_else(memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, length=2)
    here, there = PageFactory(segment=segment, query="I like tea"), PageFactory(segment=segment, query="I am a cook")
    conversation, other = talk_about([here]), talk_about([there])
    thinking = learning(
        profile=(ProfileFinding("occupation", "cook", (1,)),),
        traits=(TraitFinding("outdoors", "high", "hikes", (0, 1)),),
        user_knowledge=(Fact("The user likes tea.", (0,)),),
    )
    promote(segment, thinking, EMBEDDER, NOW)
    assert told(conversation) == ["1 trait, 1 fact"]
    assert words(updates_of(conversation)[0]) == ["Outdoors: high", "The user likes tea."]
    assert told(other) == ["1 profile entry, 1 trait"]


def test_a_promotion_that_learns_nothing_new_notes_nothing(memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, length=1)
    conversation = talk_about([PageFactory(segment=segment)])
    promote(segment, ScriptedConsolidator(), EMBEDDER, NOW)
    assert not MemoryUpdate.objects.exists()
    assert told(conversation) == []


@pytest.mark.django_db(transaction=True)
def test_what_two_segments_teach_in_one_transaction_is_one_note_and_the_next_is_another(memory: Memory) -> None:
    segments = SegmentFactory.create_batch(2, memory=memory)
    pages = [PageFactory(segment=segment) for segment in segments]
    conversation = talk_about(pages)
    shared, own = KnowledgeFactory(memory=memory), KnowledgeFactory(memory=memory)
    shared.sources.add(*pages)
    own.sources.add(pages[1])
    with transaction.atomic():
        note_promotion(memory, segments[0], [shared])
        note_promotion(memory, segments[1], [shared, own])
    assert told(conversation) == ["2 facts"]
    with transaction.atomic():
        note_promotion(memory, segments[1], [own])
    assert told(conversation) == ["2 facts", "1 fact"]


def test_another_memorys_conversation_is_not_told(memory: Memory) -> None:
    stranger = ConversationFactory(memory=MemoryFactory(assistant=memory.assistant))
    page = PageFactory(segment=SegmentFactory(memory=memory, length=1), query="I like tea")
    # However the row came to be: a page of somebody else's memory teaches this conversation nothing.
    AnswerFactory(parent__conversation=stranger, page=page)
    promote(_segment(page), learning(user_knowledge=(Fact("The user likes tea.", (0,)),)), EMBEDDER, NOW)
    assert not MemoryUpdate.objects.exists()


def test_notes_are_read_after_the_one_a_page_has(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    facts = KnowledgeFactory.create_batch(3, memory=memory)
    first = note(conversation, facts[0])
    second = note(conversation, facts[1], facts[2])
    note(ConversationFactory(memory=memory), facts[0])
    assert [update.id for update in updates_of(conversation)] == [first.pk, second.pk]
    assert [update.id for update in updates_of(conversation, first.pk)] == [second.pk]
    assert updates_of(conversation, second.pk) == []


def test_notes_are_read_of_a_stretch_and_of_very_many_the_newest(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = ConversationFactory(memory=memory)
    ids = []
    for day, fact in enumerate(KnowledgeFactory.create_batch(4, memory=memory)):
        ids.append(note(conversation, fact).pk)
        MemoryUpdate.objects.filter(pk=ids[-1]).update(created_at=NOW + timedelta(days=day))
    assert newest_update(conversation) == ids[-1]
    assert newest_update(ConversationFactory(memory=memory)) == 0
    second, fourth = NOW + timedelta(days=1), NOW + timedelta(days=3)

    def read(after: int = 0, **ends: datetime) -> list[int]:
        return [update.id for update in updates_of(conversation, after, Stretch(**ends))]

    assert read(since=second) == ids[1:]
    assert read(until=fourth) == ids[:3]
    assert read(since=second, until=fourth) == ids[1:3]
    assert read(ids[1], since=second) == ids[2:]
    monkeypatch.setattr("chat.learning.MOST_NOTES", 2)
    assert read() == ids[2:]


def test_what_was_deleted_is_not_told_any_more(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    facts = KnowledgeFactory.create_batch(2, memory=memory)
    note(conversation, *facts)
    facts[0].delete()
    assert told(conversation) == ["1 fact"]
    facts[1].delete()
    assert updates_of(conversation) == []


def test_forgetting_takes_what_is_forgotten_out_of_the_notes(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    gone, stays = KnowledgeFactory.create_batch(2, memory=memory)
    both, alone = note(conversation, gone, stays), note(conversation, gone)
    others = MemoryFactory(assistant=memory.assistant)
    theirs = note(ConversationFactory(memory=others), KnowledgeFactory(memory=others))
    forget(memory, Target("knowledge", (gone.pk,)), by=memory.user)
    assert set(MemoryUpdate.objects.values_list("pk", flat=True)) == {both.pk, theirs.pk}
    assert not MemoryUpdate.objects.filter(pk=alone.pk).exists()
    assert list(both.items.values_list("object_id", flat=True)) == [stays.pk]


def test_proposals_are_not_told(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    proposal = AssistantKnowledgeFactory(assistant=memory.assistant, status=KnowledgeStatus.PROPOSED)
    update = MemoryUpdate.objects.create(conversation=conversation, created_at=NOW)
    LearntItem.objects.create(update=update, tier=Tier.ASSISTANT_KNOWLEDGE, object_id=proposal.pk)
    assert updates_of(conversation) == []


@pytest.mark.parametrize("count", [1, 3])
def test_notes_take_the_same_queries_however_many(
    memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    conversation = ConversationFactory(memory=memory)
    for number in range(count):
        update = note(conversation, KnowledgeFactory(memory=memory))
        trait = TraitFactory(memory=memory, dimension=("openness", "food", "sleep")[number])
        rows = (Tier.PROFILE, ProfileFactory(memory=memory)), (Tier.TRAIT, trait)
        for tier, row in (*rows, (Tier.MID_TERM, SegmentFactory(memory=memory))):
            LearntItem.objects.create(update=update, tier=tier, object_id=row.pk)
    conversation = Conversation.objects.select_related("memory__assistant").get(pk=conversation.pk)
    with django_assert_num_queries(6):
        assert len(updates_of(conversation)) == count


def test_a_note_shows_words_as_words(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    fact = KnowledgeFactory(memory=memory, text="<script>alert(1)</script>")
    note(conversation, fact)
    html = render_update(updates_of(conversation)[0])
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "Memory updated: 1 fact" in html
    assert f'href="/memory/{memory.assistant.slug}/knowledge/{fact.pk}/"' in html


def _segment(page: Page) -> Segment:
    assert page.segment is not None
    return page.segment
