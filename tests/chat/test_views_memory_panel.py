"""The panel under an answer, "remember this" and "forget this", by HTMX and without JavaScript."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from chat.enums import Mode
from chat.models import Conversation, Message, RecalledItem
from memory.enums import EventKind, KnowledgeStatus, Role, Tier
from memory.models import Knowledge, Memory, MemoryEvent, Page
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ATTACK = "<img src=x onerror=alert(1)>"


@pytest.fixture
def client(person: User) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def answer(memory: Memory) -> Message:
    """An answer that became a page, given a fact."""
    question = QuestionFactory(conversation__memory=memory, content="Where do I keep my tea?")
    page = PageFactory(memory=memory, query=question.content, response="In the blue tin.")
    return AnswerFactory(parent=question, page=page, content="In the blue tin.")


def url(message: Message, name: str, *args: object) -> str:
    return reverse(f"chat:{name}", args=[message.conversation_id, message.pk, *args])


def page_of(answer: Message) -> Page:
    assert answer.page is not None
    return answer.page


def give(answer: Message, tier: Tier, pk: int, **values: object) -> None:
    rank = answer.recalled.count() + 1
    defaults: dict[str, Any] = {"score": 2.0, "signals": {"dense": 1.5, "lexical": 0.5}, "tokens": 9}
    RecalledItem.objects.create(message=answer, rank=rank, tier=tier, object_id=pk, **{**defaults, **values})


def fingerprint_in(answer: HttpResponse | Any) -> str:
    found = re.search(r'name="fingerprint" value="(\w{32})"', answer.text)
    assert found
    return found[1]


def triggers(answer: HttpResponse | Any) -> set[str]:
    return set(json.loads(answer.headers["HX-Trigger-After-Swap"]))


NAMES = ["message-memory", "remember", "forget-message"]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_fragment_and_a_page(client: Client, answer: Message, name: str, headers: dict[str, str]) -> None:
    response = client.get(url(answer, name), headers=headers)
    assert response.status_code == 200
    assert ("<html" in response.text) == (not headers)
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("name", [*NAMES, "unremember"])
def test_strangers_find_nothing(answer: Message, name: str, headers: dict[str, str]) -> None:
    client = Client()
    assert client.get(url(answer, name)).status_code == (405 if name == "unremember" else 302)
    assert client.post(url(answer, name)).status_code == (405 if name == "message-memory" else 302)
    stranger = MemoryFactory(assistant=answer.conversation.memory.assistant)
    client.force_login(stranger.user)
    own = ConversationFactory(memory=stranger)
    for conversation in (answer.conversation_id, own.pk):
        address = reverse(f"chat:{name}", args=[conversation, answer.pk])
        for response in (client.get(address, headers=headers), client.post(address, headers=headers)):
            assert response.status_code in (404, 405)
    assert Knowledge.objects.count() == 0
    assert Page.objects.count() == 1


@pytest.mark.parametrize("name", [*NAMES, "unremember"])
def test_temporary_conversations_have_nothing_to_do_with_memory(client: Client, answer: Message, name: str) -> None:
    Conversation.objects.update(mode=Mode.TEMPORARY, closes_at=timezone.now())
    assert client.post(url(answer, name)).status_code in (404, 405)
    assert client.get(url(answer, name)).status_code in (404, 405)


def test_only_ended_answers_have_a_panel(client: Client, answer: Message) -> None:
    assert client.get(url(answer.question, "message-memory")).status_code == 404
    running = running_answer(parent__conversation=answer.conversation)
    assert client.get(url(running, "message-memory")).status_code == 404


def test_the_panel_leads_to_the_question_tried(client: Client, answer: Message, memory: Memory) -> None:
    Message.objects.filter(pk=answer.question.pk).update(content="What & why? 100%")
    text = client.get(url(answer, "message-memory"), headers=HTMX).text
    day = f"{answer.created_at:%Y-%m-%d}"
    address = reverse("memory:try", args=[memory.assistant.slug])
    query = f"q=What%20%26%20why%3F%20100%25&amp;at={day}&amp;without={answer.page_id}"
    assert f'href="{address}?{query}">Why did it answer that?' in text
    html = client.get(f"{address}?{query.replace('&amp;', '&')}").text
    assert "What &amp; why? 100%</textarea>" in html
    # The exchange itself was not in memory when it was answered.
    assert "is left out: it is that exchange itself" in html


def test_the_panel_says_what_was_given_left_out_and_learnt(client: Client, answer: Message, memory: Memory) -> None:
    fact = KnowledgeFactory(memory=memory, text="Keeps tea in a tin.")
    learnt = KnowledgeFactory(memory=memory, text="Owns a blue tin.")
    learnt.sources.add(page_of(answer))
    older = PageFactory(segment=SegmentFactory(memory=memory, archived_at=timezone.now()), query="My tin is blue")
    give(answer, Tier.USER_KNOWLEDGE, fact.pk)
    give(answer, Tier.MID_TERM, older.pk, in_prompt=False)
    give(answer, Tier.TRAIT, 10**9)
    answer.prompt_tokens = {"instructions": 90, "memory": 210, "history": 60, "question": 40}
    answer.save()
    text = client.get(url(answer, "message-memory"), headers=HTMX).text
    parts = [
        "400 tokens",
        "Put into the prompt (2)",
        fact.text,
        "No longer in memory.",
        "Found, but not put",
        older.query,
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert text.index("Learnt from this exchange (1)") < text.index(learnt.text)
    assert "Its topic is archived" in text
    assert 'class="part-dense" x="0.0" width="75.0"' in text
    for action in ("edit", "pin", "disable", "delete"):
        assert f'"/memory/{memory.assistant.slug}/knowledge/{fact.pk}/{action}/"' in text
    assert f'hx-get="{url(answer, "forget-page", older.pk)}"' in text
    # The count beside the link is drawn anew, too.
    assert f'<span id="memory-count-{answer.pk}" hx-swap-oob="true">2 memories used · 1 learnt</span>' in text


def test_an_answer_without_memory_says_so(client: Client, memory: Memory) -> None:
    bare = AnswerFactory(parent__conversation__memory=memory)
    text = client.get(url(bare, "message-memory")).text
    assert "Nothing: the answer was written without memory." in text
    assert "Nothing: this exchange is not in memory." in text
    assert "The prompt:" not in text


def test_words_stay_words(client: Client, memory: Memory) -> None:
    page = PageFactory(memory=memory, query=ATTACK, response=f"{ATTACK} {'long ' * 200}")
    answer = AnswerFactory(parent__conversation__memory=memory, page=page, content=ATTACK)
    rows = (
        (Tier.USER_KNOWLEDGE, KnowledgeFactory(memory=memory, text=ATTACK)),
        (Tier.PROFILE, ProfileFactory(memory=memory, name=ATTACK, value=ATTACK)),
        (Tier.TRAIT, TraitFactory(memory=memory, reason=ATTACK)),
        (Tier.ASSISTANT_KNOWLEDGE, AssistantKnowledgeFactory(assistant=memory.assistant, text=ATTACK)),
        (Tier.SHORT_TERM, page),
    )
    for tier, row in rows:
        give(answer, tier, row.pk)
    for message in (answer, answer.question):
        for name in NAMES[0 if message is answer else 1 :]:
            for headers in ({}, HTMX):
                assert "<img" not in client.get(url(message, name), headers=headers).text
    response = client.post(url(answer, "remember"), {"text": ATTACK}, headers=HTMX)
    assert "<img" not in response.text
    client.post(url(answer, "remember"), {"text": ATTACK})
    assert "<img" not in client.get("/new/").text


def test_members_see_shared_facts_without_the_means_to_change_them(client: Client) -> None:
    member = MemoryFactory(role=Role.MEMBER)
    client.force_login(member.user)
    answer = AnswerFactory(parent__conversation__memory=member)
    shared = AssistantKnowledgeFactory(assistant=member.assistant, text="Recommended Earl Grey.")
    proposal = AssistantKnowledgeFactory(assistant=member.assistant, status=KnowledgeStatus.PROPOSED, text="Secret.")
    give(answer, Tier.ASSISTANT_KNOWLEDGE, shared.pk)
    give(answer, Tier.ASSISTANT_KNOWLEDGE, proposal.pk)
    text = client.get(url(answer, "message-memory"), headers=HTMX).text
    assert "Recommended Earl Grey." in text
    assert "Secret." not in text
    assert f"assistant-knowledge/{shared.pk}/edit/" not in text
    assert "item-switch" not in text


@pytest.mark.parametrize("count", [1, 3])
def test_the_panel_takes_the_same_queries_however_much_it_shows(
    client: Client, answer: Message, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        page = PageFactory(segment=SegmentFactory(memory=memory))
        trait = TraitFactory(memory=memory, dimension=("openness", "food", "sleep")[number])
        trait.evidence.add(page, page_of(answer))
        fact, attribute = KnowledgeFactory(memory=memory), ProfileFactory(memory=memory)
        fact.sources.add(page, page_of(answer))
        attribute.sources.add(page)
        rows = (Tier.USER_KNOWLEDGE, fact), (Tier.PROFILE, attribute), (Tier.TRAIT, trait), (Tier.MID_TERM, page)
        for tier, row in rows:
            give(answer, tier, row.pk)
    with django_assert_num_queries(14):
        assert client.get(url(answer, "message-memory"), headers=HTMX).status_code == 200


def test_the_words_of_a_message_are_offered_to_be_remembered(client: Client, answer: Message) -> None:
    assert ">\nWhere do I keep my tea?</textarea>" in client.get(url(answer.question, "remember"), headers=HTMX).text
    assert ">\nIn the blue tin.</textarea>" in client.get(url(answer, "remember"), headers=HTMX).text
    wish = QuestionFactory(conversation=answer.conversation, content="Remember that I like tea. Why?")
    assert ">\nI like tea.</textarea>" in client.get(url(wish, "remember"), headers=HTMX).text
    long = QuestionFactory(conversation=answer.conversation, content="word " * 1000)
    offered = client.get(url(long, "remember"), headers=HTMX).text.partition("</textarea>")[0].rpartition(">\n")[2]
    assert 990 <= len(offered) <= 1000


@pytest.mark.parametrize("mode", [Mode.NORMAL, Mode.READ_ONLY])
def test_remembering_in_the_dialog_closes_it_and_offers_to_undo(
    client: Client, answer: Message, memory: Memory, mode: Mode
) -> None:
    Conversation.objects.update(mode=mode)
    response = client.post(url(answer, "remember"), {"text": " My tea is\nin the blue tin. "}, headers=HTMX)
    fact = memory.knowledge.get()
    assert (fact.text, fact.locked, list(fact.sources.all())) == ("My tea is in the blue tin.", True, [answer.page])
    assert (response.status_code, response.headers["HX-Reswap"]) == (200, "none")
    assert triggers(response) == {"dialog-done", "memory-changed"}
    assert "Remembered: “My tea is in the blue tin.”" in response.text
    assert f'hx-post="{url(answer, "unremember")}"' in response.text
    undone = client.post(url(answer, "unremember"), {"fact": fact.pk}, headers=HTMX)
    assert "is not remembered." in undone.text
    assert not memory.knowledge.exists()
    kinds = MemoryEvent.objects.filter(target_type="knowledge").values_list("kind", flat=True)
    assert list(kinds) == [EventKind.DELETED, EventKind.LEARNT]
    again = client.post(url(answer, "unremember"), {"fact": fact.pk}, headers=HTMX)
    assert (again.status_code, "That is not in memory any more." in again.text) == (200, True)


def test_a_second_press_remembers_once_and_offers_no_undo(client: Client, answer: Message, memory: Memory) -> None:
    for _ in range(2):
        response = client.post(url(answer, "remember"), {"text": "I like tea"}, headers=HTMX)
    assert "This was remembered already: “I like tea”" in response.text
    assert "unremember" not in response.text
    assert memory.knowledge.count() == 1


def test_remembering_without_javascript_leads_back_with_a_link(client: Client, answer: Message, memory: Memory) -> None:
    response = client.post(url(answer, "remember"), {"text": "I like tea"})
    assert (response.status_code, response.headers["Location"]) == (302, answer.conversation.get_absolute_url())
    text = client.get("/new/").text
    assert "Remembered: “I like tea”" in text
    assert f'<a href="/memory/{memory.assistant.slug}/knowledge/{memory.knowledge.get().pk}/">Show it</a>' in text


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("words", ["", "  \n ", "x" * 1001])
def test_what_cannot_be_remembered_keeps_the_words(
    client: Client, answer: Message, words: str, headers: dict[str, str]
) -> None:
    response = client.post(url(answer, "remember"), {"text": words}, headers=headers)
    assert response.status_code == 422
    assert 'class="errorlist"' in response.text
    assert words.strip() in response.text
    assert not Knowledge.objects.exists()


def test_undo_takes_back_nobody_elses_fact(client: Client, answer: Message) -> None:
    theirs = KnowledgeFactory(memory=MemoryFactory(assistant=answer.conversation.memory.assistant))
    shared = AssistantKnowledgeFactory(assistant=answer.conversation.memory.assistant)
    for key in (theirs.pk, shared.pk, "", "x", "9" * 30):
        assert "not in memory any more" in client.post(url(answer, "unremember"), {"fact": key}, headers=HTMX).text
    assert Knowledge.objects.count() == 2


def test_forgetting_a_message_shows_what_goes_and_does_just_that(
    client: Client, answer: Message, memory: Memory
) -> None:
    KnowledgeFactory(memory=memory, text="Owns a tin.").sources.add(page_of(answer))
    for message in (answer.question, answer):
        preview = client.get(url(message, "forget-message"), headers=HTMX)
        assert "This goes for good" in preview.text
        assert "Owns a tin." in preview.text
        # The transcript stays, and is said to.
        assert "The conversations in the chat stay" in preview.text
    unseen = client.post(url(answer, "forget-message"), headers=HTMX)
    assert (unseen.status_code, memory.pages.count()) == (409, 1)
    assert "Nothing was forgotten" in unseen.text
    done = client.post(url(answer, "forget-message"), {"fingerprint": fingerprint_in(unseen)}, headers=HTMX)
    assert (done.status_code, done.headers["HX-Reswap"], triggers(done)) == (
        200, "none", {"dialog-done", "memory-changed"}
    )  # fmt: skip
    assert "Forgotten for good: 1 page and 1 fact about you." in done.text
    assert not memory.pages.exists()
    assert not memory.knowledge.exists()
    again = client.post(url(answer, "forget-message"), {"fingerprint": fingerprint_in(preview)}, headers=HTMX)
    assert (again.status_code, "It is not in memory any more." in again.text) == (409, True)


def test_forgetting_a_message_without_javascript_leads_back(client: Client, answer: Message, memory: Memory) -> None:
    seen = fingerprint_in(client.get(url(answer, "forget-message")))
    response = client.post(url(answer, "forget-message"), {"fingerprint": seen})
    assert (response.status_code, response.headers["Location"]) == (302, answer.conversation.get_absolute_url())
    assert "Forgotten for good: 1 page." in client.get("/new/").text
    assert not memory.pages.exists()


def test_a_question_is_forgotten_with_all_its_answers(client: Client, answer: Message, memory: Memory) -> None:
    AnswerFactory(parent=answer.question, page=PageFactory(memory=memory))
    kept = PageFactory(memory=memory)
    seen = fingerprint_in(client.get(url(answer.question, "forget-message")))
    client.post(url(answer.question, "forget-message"), {"fingerprint": seen})
    assert list(memory.pages.all()) == [kept]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_what_is_in_no_memory_is_said_to_be(client: Client, memory: Memory, headers: dict[str, str]) -> None:
    bare = AnswerFactory(parent__conversation__memory=memory)
    for message in (bare, bare.question):
        text = client.get(url(message, "forget-message"), headers=headers).text
        assert "Memory holds nothing of this exchange." in text
        assert "Forget for good" not in text


def test_a_page_from_the_panel_is_forgotten_in_the_dialog(client: Client, answer: Message, memory: Memory) -> None:
    page, theirs = PageFactory(memory=memory), PageFactory()
    address = url(answer, "forget-page", page.pk)
    seen = fingerprint_in(client.get(address, headers=HTMX))
    assert client.post(address, {"fingerprint": seen}, headers=HTMX).status_code == 200
    assert list(memory.pages.all()) == [answer.page]
    for key in (theirs.pk, page.pk, 10**30):
        response = client.get(url(answer, "forget-page", key), headers=HTMX)
        assert "There is nothing to forget" in response.text
    assert Page.objects.filter(pk=theirs.pk).exists()
