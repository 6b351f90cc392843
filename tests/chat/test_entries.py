from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from chat.branches import WINDOW, Window, read_tree, window
from chat.entries import Entry, entries_of, in_order, render_entry, stretch_of
from chat.enums import Mode
from chat.learning import Note, note_wish, updates_of
from chat.models import Conversation, Message, RecalledItem
from memory.enums import Tier
from memory.models import Memory
from tests.chat.factories import SAID_AT, AnswerFactory, ConversationFactory, QuestionFactory
from tests.memory.factories import KnowledgeFactory, PageFactory

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def give(answer: Message, count: int, *, in_prompt: bool = True) -> None:
    start = answer.recalled.count()
    for rank in range(start + 1, start + count + 1):
        RecalledItem.objects.create(
            message=answer, rank=rank, tier=Tier.MID_TERM, object_id=rank, score=1, tokens=9, in_prompt=in_prompt
        )


@pytest.mark.parametrize("count", [1, 3])
def test_entries_count_what_was_given_and_learnt_in_the_same_queries(
    memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    conversation = ConversationFactory(memory=memory)
    for _ in range(count):
        page = PageFactory(memory=memory)
        answer = AnswerFactory(parent__conversation=conversation, page=page)
        give(answer, 2)
        give(answer, 3, in_prompt=False)
        KnowledgeFactory(memory=memory).sources.add(page)
    messages, tree = list(conversation.messages.order_by("pk")), read_tree(conversation.pk)
    with django_assert_num_queries(2):
        entries = entries_of(messages, tree)
    assert [(entry.recalled, entry.learnt) for entry in entries] == [(0, 0), (2, 1)] * count


@pytest.mark.parametrize(
    ("given", "learnt", "words"),
    [(0, 0, "No memories used"), (1, 0, "1 memory used"), (3, 2, "3 memories used · 2 learnt")],
)
def test_an_answer_says_how_many_memories_it_was_given(memory: Memory, given: int, learnt: int, words: str) -> None:
    page = PageFactory(memory=memory)
    answer = AnswerFactory(parent__conversation__memory=memory, page=page)
    give(answer, given)
    for fact in KnowledgeFactory.create_batch(learnt, memory=memory):
        fact.sources.add(page)
    conversation = answer.conversation
    [entry] = entries_of([answer], read_tree(conversation.pk))
    html = render_entry(entry, conversation)
    assert f">{words}</span>" in html
    address = f"/c/{conversation.pk}/m/{answer.pk}/memory/"
    assert f'href="{address}" hx-get="{address}"' in html
    assert 'aria-expanded="false"' in html
    for name in ("Remember this", "Forget this"):
        assert f'aria-label="{name}"' in html


def test_each_note_stands_in_one_window_after_the_message_it_followed(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    for minute in range(0, 2 * WINDOW, 2):
        question = QuestionFactory(conversation=conversation, created_at=SAID_AT + timedelta(minutes=minute))
        # An answer's note is noted while the next message is still to come.
        AnswerFactory(parent=question, created_at=question.created_at, finished_at=question.created_at + MINUTE)
    moments = [SAID_AT + MINUTE * minute for minute in (-1, 0.5, WINDOW - 0.5, WINDOW, 9999)]
    for at in moments:
        note_wish(conversation, KnowledgeFactory(memory=memory), at)
    path = read_tree(conversation.pk).path(conversation.head_id)
    end = window(path)
    shown = [log_of(conversation, part) for part in (window(path, before=end.earlier or 0), end)]
    notes = [[entry.at for entry in log if isinstance(entry, Note)] for log in shown]
    assert notes == [moments[:3], moments[3:]]
    # Before and after the first question, at the end; after the first question, at the end.
    assert [[index for index, entry in enumerate(log) if isinstance(entry, Note)] for log in shown] == [
        [0, 2, WINDOW + 2],
        [1, WINDOW + 1],
    ]


def log_of(conversation: Conversation, part: Window) -> list[Entry | Note]:
    around = list(conversation.messages.filter(pk__in=[*part.ids, part.later or 0]).order_by("pk"))
    entries = entries_of([message for message in around if message.pk != part.later], read_tree(conversation.pk))
    return in_order(entries, updates_of(conversation, stretch=stretch_of(around, part)))


def test_a_temporary_conversation_offers_nothing_of_memory(memory: Memory) -> None:
    answer = AnswerFactory(parent__conversation__memory=memory)
    conversation = answer.conversation
    conversation.mode = Mode.TEMPORARY
    [entry] = entries_of([answer], read_tree(conversation.pk))
    html = render_entry(entry, conversation)
    assert "memory-link" not in html
    assert "Remember this" not in html
    assert "Forget this" not in html
