"""Which answers were given a page, as its page on the dashboard tells."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from chat.models import Message, RecalledItem
from chat.uses import LATEST, answers_given
from memory.domain.uses import Uses, uses_of
from memory.enums import Tier
from memory.models import Memory, Page
from tests.chat.factories import AnswerFactory, QuestionFactory
from tests.memory.factories import KnowledgeFactory, MemoryFactory, PageFactory, SegmentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(memory: Memory) -> Page:
    page: Page = PageFactory(segment=SegmentFactory(memory=memory))
    return page


@pytest.fixture
def client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def answered(page: Page, asked: str = "Why?", tier: Tier = Tier.MID_TERM, memory: Memory | None = None) -> Message:
    """An answer that was given the page."""
    question = QuestionFactory(conversation__memory=memory or page.memory, content=asked)
    answer = AnswerFactory(parent=question)
    RecalledItem.objects.create(message=answer, rank=1, tier=tier, object_id=page.pk, score=2.5, tokens=9)
    return answer


def test_answers_are_told_newest_first_with_their_questions(memory: Memory, page: Page) -> None:
    first = answered(page, "When it was\nshort-term?", Tier.SHORT_TERM)
    second = answered(page, "x" * 900)
    uses = uses_of(page)
    assert uses.count == 2
    assert [(use.asked, use.at, use.score) for use in uses.latest] == [
        ("x" * 159 + "…", second.created_at, 2.5),
        ("When it was short-term?", first.created_at, 2.5),
    ]
    assert uses.latest[1].address == f"/c/{first.conversation_id}/?at={first.pk}#m{first.pk}"


def test_what_was_only_found_of_another_kind_or_deleted_is_no_use(memory: Memory, page: Page) -> None:
    fact = KnowledgeFactory(memory=memory)
    left_out = answered(page)
    left_out.recalled.update(in_prompt=False)
    answered(page).recalled.update(tier=Tier.USER_KNOWLEDGE)
    answered(page).recalled.update(object_id=fact.pk + page.pk + 999)
    gone = answered(page).conversation
    gone.deleted_at = timezone.now()
    gone.save()
    # Keys are the database's own, so that this cannot happen; were it to, nobody would be told of a stranger's answers.
    answered(page, memory=MemoryFactory(assistant=memory.assistant))
    assert uses_of(page) == Uses()


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_asks_the_database_equally_often(
    client: Client, memory: Memory, page: Page, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        answered(page, f"Question <b>{number}</b>")
    with django_assert_num_queries(2):
        answers_given(memory, page)
    with django_assert_num_queries(16):
        html = client.get(reverse("memory:page", args=[memory.assistant.slug, page.pk])).text
    assert html.count("Question &lt;b&gt;") == count
    assert f'Answers that were given it <span class="numeric muted">{count}</span>' in html


def test_of_many_the_latest_are_shown_and_all_are_counted(client: Client, memory: Memory, page: Page) -> None:
    for number in range(LATEST + 2):
        answered(page, f"Question {number}.")
    html = client.get(reverse("memory:page", args=[memory.assistant.slug, page.pk])).text
    assert "Question 2." in html
    assert "Question 1." not in html
    assert f'<span class="numeric muted">{LATEST + 2}</span>' in html
    assert "The latest 10 are shown." in html


def test_a_page_that_no_answer_was_given_says_so(client: Client, memory: Memory, page: Page) -> None:
    html = client.get(reverse("memory:page", args=[memory.assistant.slug, page.pk])).text
    assert "None yet. When an answer is given this page" in html
