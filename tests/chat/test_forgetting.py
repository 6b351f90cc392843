"""A conversation goes with what was learnt from it; what answers were given lets go of what is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from chat import writing
from chat.conversations import delete_conversation
from chat.enums import Status
from chat.exceptions import ConversationGone
from chat.forgetting import forget_conversation, pages_of, preview_conversation
from chat.models import Conversation, Message, RecalledItem
from memory.domain.forgetting import EVERYTHING, Target, forget, preview
from memory.domain.recall import RecalledItem as RecallItem
from memory.enums import Outcome, Role, Tier
from memory.exceptions import ForgettingChanged
from memory.models import Memory, Page
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.chat.test_writing import waiting_for_a_lock
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
)
from tests.memory.remembering import memory_of, page_of
from tests.memory.traces import traces_of

pytestmark = pytest.mark.django_db
Result = TypeVar("Result")


def talk_about(pages: Sequence[Page]) -> Conversation:
    """Return a conversation whose answers became these pages."""
    conversation = ConversationFactory(memory=pages[0].memory)
    for page in pages:
        question = QuestionFactory(conversation=conversation, content=page.query)
        AnswerFactory(parent=question, content=page.response or "Yes.", page=page)
    return conversation


def give(answer: Message, *items: tuple[Tier, int]) -> None:
    """Note that an answer was given these items of memory."""
    RecalledItem.objects.bulk_create(
        RecalledItem(message=answer, rank=rank, tier=tier, object_id=pk, score=1.0, tokens=9)
        for rank, (tier, pk) in enumerate(items, start=1)
    )


def agreed(conversation: Conversation) -> str:
    """Return the fingerprint of the preview that a person is shown."""
    shown = preview_conversation(conversation)
    assert shown is not None
    return shown.fingerprint


def beside(work: Callable[[], Result]) -> Future[Result]:
    """Begin work on another connection; return when it waits for this one, or has ended."""

    def run() -> Result:
        try:
            return work()
        finally:
            connection.close()

    threads = ThreadPoolExecutor(1)
    future = threads.submit(run)
    threads.shutdown(wait=False)
    for _ in range(500):
        if future.done() or waiting_for_a_lock():
            break
    return future


def test_a_conversation_leaves_nothing_neither_said_nor_learnt(person: User) -> None:
    memory = memory_of(("trip to Zanzibar", "food is rice", "late one", "late two"), MemoryFactory(user=person))
    conversation = talk_about([page_of(memory, "trip to Zanzibar"), page_of(memory, "late one")])
    kept = talk_about([page_of(memory, "late two")])
    shown = preview_conversation(conversation)
    assert shown is not None
    assert forget_conversation(person, conversation.pk, shown.fingerprint) == replace(shown, answers=0)
    assert traces_of("zanzibar") == {}
    assert list(Conversation.objects.all()) == [kept]
    assert sorted(memory.pages.values_list("query", flat=True)) == ["food is rice", "late two"]


def test_answers_given_something_that_goes_are_counted_once_and_let_go_of_it(memory: Memory) -> None:
    page, other = PageFactory(segment=SegmentFactory(memory=memory)), PageFactory(memory=memory)
    fact, attribute = KnowledgeFactory(memory=memory), ProfileFactory(memory=memory)
    trait = TraitFactory(memory=memory)
    for field, row in (("sources", fact), ("sources", attribute), ("evidence", trait)):
        getattr(row, field).add(page)
    first, second, third = (AnswerFactory(parent__conversation__memory=memory) for _ in range(3))
    give(first, (Tier.MID_TERM, page.pk), (Tier.USER_KNOWLEDGE, fact.pk), (Tier.PROFILE, attribute.pk))
    give(second, (Tier.TRAIT, trait.pk), (Tier.SHORT_TERM, other.pk))
    # The same keys of other kinds are other things.
    give(third, (Tier.SHORT_TERM, other.pk), (Tier.TRAIT, page.pk + trait.pk), (Tier.PROFILE, page.pk + attribute.pk))
    target = Target.pages([page.pk])
    assert preview(memory, target).answers == 2
    forget(memory, target, by=memory.user)
    left = RecalledItem.objects.values_list("message", "tier", "object_id")
    assert list(left) == [
        (second.pk, Tier.SHORT_TERM, other.pk),
        (third.pk, Tier.SHORT_TERM, other.pk),
        (third.pk, Tier.TRAIT, page.pk + trait.pk),
        (third.pk, Tier.PROFILE, page.pk + attribute.pk),
    ]


def test_what_is_shared_is_let_go_of_by_everybodys_answers_and_counted_in_ones_own(memory: Memory) -> None:
    entry = AssistantKnowledgeFactory(assistant=memory.assistant)
    theirs = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    for one in (memory, theirs, MemoryFactory()):
        give(AnswerFactory(parent__conversation__memory=one), (Tier.ASSISTANT_KNOWLEDGE, entry.pk))
    target = Target("assistant_knowledge", (entry.pk,))
    assert preview(memory, target).answers == 1
    forget(memory, target, by=memory.user)
    assert RecalledItem.objects.count() == 1


def test_everything_is_let_go_of_and_the_transcript_stays(memory: Memory) -> None:
    conversation = talk_about([PageFactory(memory=memory)])
    answer = conversation.messages.answers().get()
    give(answer, (Tier.SHORT_TERM, answer.page_id or 0))
    assert preview(memory, EVERYTHING).answers == 1
    forget(memory, EVERYTHING, by=memory.user)
    answer.refresh_from_db()
    assert (answer.page, answer.recalled.count(), conversation.messages.count()) == (None, 0, 2)


def test_other_conversations_keep_their_pages_and_answers(memory: Memory) -> None:
    mine, other = talk_about([PageFactory(memory=memory)]), talk_about([PageFactory(memory=memory)])
    forget_conversation(memory.user, mine.pk, agreed(mine))
    assert list(Conversation.objects.all()) == [other]
    assert pages_of(other).ids == tuple(memory.pages.values_list("pk", flat=True))


def test_a_conversation_without_a_page_has_nothing_to_preview(memory: Memory) -> None:
    conversation = AnswerFactory(parent__conversation__memory=memory).conversation
    assert preview_conversation(conversation) is None
    with pytest.raises(ForgettingChanged):
        forget_conversation(memory.user, conversation.pk, "")
    assert Conversation.objects.filter(pk=conversation.pk).exists()


def test_when_something_else_would_go_nothing_goes(memory: Memory) -> None:
    conversation = talk_about(PageFactory.create_batch(2, memory=memory))
    seen = agreed(conversation)
    page = memory.pages.earliest("pk")
    KnowledgeFactory(memory=memory).sources.add(page)
    with pytest.raises(ForgettingChanged):
        forget_conversation(memory.user, conversation.pk, seen)
    forget(memory, Target.pages([page.pk]), by=memory.user)
    with pytest.raises(ForgettingChanged):
        forget_conversation(memory.user, conversation.pk, seen)
    assert (conversation.messages.count(), memory.pages.count()) == (4, 1)
    forget_conversation(memory.user, conversation.pk, agreed(conversation))
    assert (Conversation.objects.count(), memory.pages.count()) == (0, 0)


def test_nobody_forgets_somebody_elses_conversation(memory: Memory) -> None:
    conversation = talk_about([PageFactory(memory=memory)])
    stranger = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER).user
    with pytest.raises(ConversationGone):
        forget_conversation(stranger, conversation.pk, agreed(conversation))
    assert (Conversation.objects.count(), memory.pages.count()) == (1, 1)


def recalled(tier: Tier, pk: int) -> RecallItem:
    return RecallItem(
        tier=tier, object_id=pk, text="", occurred_at=None, score=1.0, signals={}, tokens=9, segment_id=None
    )


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.FAILED])
def test_an_answer_keeps_no_key_of_what_was_forgotten_while_it_was_written(memory: Memory, status: Status) -> None:
    answer = running_answer(parent__conversation__memory=memory)
    gone, page = PageFactory.create_batch(2, memory=memory)
    fact = KnowledgeFactory(memory=memory)
    given = (
        recalled(Tier.SHORT_TERM, gone.pk),
        recalled(Tier.USER_KNOWLEDGE, fact.pk),
        recalled(Tier.SHORT_TERM, page.pk),
    )
    forget(memory, Target.pages([gone.pk]), by=memory.user)
    assert writing.end_answer(writing.Written(answer.pk, "Whole.", recalled=given), status, Outcome.OK)
    kept = RecalledItem.objects.values_list("rank", "tier", "object_id")
    assert list(kept) == [(2, Tier.USER_KNOWLEDGE, fact.pk), (3, Tier.SHORT_TERM, page.pk)]


# --- Two at once --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_ends_meanwhile_is_looked_at_first(memory: Memory) -> None:
    conversation = talk_about([PageFactory(memory=memory)])
    answer = running_answer(parent=QuestionFactory(conversation=conversation))
    seen = agreed(conversation)
    with transaction.atomic():
        assert writing.end_answer(writing.Written(answer.pk, "Whole."), Status.COMPLETE, Outcome.OK)
        forgetting = beside(lambda: forget_conversation(memory.user, conversation.pk, seen))
        assert not forgetting.done()
    with pytest.raises(ForgettingChanged):
        forgetting.result(5)
    assert (conversation.messages.count(), memory.pages.count()) == (4, 2)


@pytest.mark.django_db(transaction=True)
def test_an_answer_being_written_goes_with_its_conversation(memory: Memory) -> None:
    conversation = talk_about([PageFactory(memory=memory)])
    answer = running_answer(parent=QuestionFactory(conversation=conversation))
    forget_conversation(memory.user, conversation.pk, agreed(conversation))
    assert not writing.keep_texts({answer.pk: "So far, so"})
    assert not writing.end_answer(writing.Written(answer.pk, "Whole."), Status.COMPLETE, Outcome.OK)
    assert (Message.objects.count(), Page.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["delete", "forget"])
def test_a_conversation_and_its_pages_go_at_once_from_two_sides(memory: Memory, way: str) -> None:
    """The dashboard locks memory, then messages; whoever took them the other way round would wait for ever."""
    pages = PageFactory.create_batch(3, memory=memory)
    conversation, seen = talk_about(pages), ""
    give(conversation.messages.answers().latest("pk"), *((Tier.SHORT_TERM, page.pk) for page in pages))
    if way == "forget":
        seen = agreed(conversation)
    with transaction.atomic():
        forget(memory, Target.pages([pages[1].pk]), by=memory.user)
        going = beside(
            lambda: (
                forget_conversation(memory.user, conversation.pk, seen)
                if seen
                else delete_conversation(memory.user, conversation.pk)
            )
        )
        assert not going.done()
        forget(memory, Target.pages([pages[0].pk]), by=memory.user)
    if seen:
        with pytest.raises(ForgettingChanged):
            going.result(5)
    else:
        going.result(5)
    assert Conversation.objects.for_user(memory.user).exists() == bool(seen)
    assert list(memory.pages.all()) == [pages[2]]


@pytest.mark.django_db(transaction=True)
def test_an_answer_ends_while_its_conversation_is_deleted(memory: Memory) -> None:
    """Both take the memory first: the answer must not hold its own row while it waits."""
    answer = running_answer(parent__conversation__memory=memory)
    written = writing.Written(answer.pk, "Whole.")
    with transaction.atomic():
        Memory.objects.locked(memory.pk)
        ending = beside(lambda: writing.end_answer(written, Status.COMPLETE, Outcome.OK))
        assert not ending.done()
        delete_conversation(memory.user, answer.conversation_id)
    assert ending.result(5) is False
    assert not Page.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_a_deletion_holds_already_is_not_waited_for(memory: Memory) -> None:
    """A shared fact stood in the answers of two people: one deletes their conversation, one forgets the fact."""
    entry = AssistantKnowledgeFactory(assistant=memory.assistant)
    theirs = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    answers = [AnswerFactory(parent__conversation__memory=one) for one in (memory, theirs)]
    for answer in answers:
        give(answer, (Tier.ASSISTANT_KNOWLEDGE, entry.pk))
    with transaction.atomic():
        delete_conversation(theirs.user, answers[1].conversation_id)
        target = Target("assistant_knowledge", (entry.pk,))
        beside(lambda: forget(memory, target, by=memory.user)).result(5)
    assert not RecalledItem.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_dead_answer_is_swept_beside_a_forgetting(memory: Memory) -> None:
    running_answer(parent__conversation__memory=memory, lease=timedelta(seconds=-1))
    PageFactory(memory=memory)
    with transaction.atomic():
        forget(memory, EVERYTHING, by=memory.user)
        assert len(beside(writing.interrupt_expired).result(5)) == 1
