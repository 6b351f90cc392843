"""What a person wants remembered, and how a wish is told from a question."""

from __future__ import annotations

import math
import re
import time
from datetime import timedelta

import pytest
from django.db import connection

from memory.domain.consolidation import transfer_all
from memory.domain.promotion import promote
from memory.domain.recall import recall
from memory.domain.remembering import remember, trace, wish_of
from memory.embedding import get_embedder
from memory.enums import Actor, EventKind, KnowledgeStatus, Tier
from memory.exceptions import InvalidText
from memory.llm.base import Fact, ProfileFinding, PromotionResult
from memory.models import Memory, MemoryEvent
from tests.memory.factories import EPOCH, KnowledgeFactory, MemoryFactory, PageFactory, SegmentFactory
from tests.memory.fakes import ScriptedConsolidator

pytestmark = pytest.mark.django_db

WISHES = [
    ("Remember that I am vegan", "I am vegan"),
    ("remember that I am vegan.", "I am vegan."),
    ("REMEMBER THAT I AM VEGAN", "I AM VEGAN"),
    ("  please remember that my dog is called Rex", "my dog is called Rex"),
    ("Please, remember that my dog is called Rex", "my dog is called Rex"),
    ("please remember: my dog is called Rex", "my dog is called Rex"),
    ("Remember: no nuts", "no nuts"),
    ("Remember this: no nuts", "no nuts"),
    ("Hey! Remember that I moved", "I moved"),
    ("don't forget that I moved", "I moved"),
    ("Don’t forget that I moved", "I moved"),
    ("Please do not forget that I moved", "I moved"),
    ("dont forget: I moved", "I moved"),
    ("Remember that one of my sons is allergic to nuts", "one of my sons is allergic to nuts"),
    ("Remember that time zones confuse me", "time zones confuse me"),
    ("Remember that I am vegan. What can I cook tonight?", "I am vegan."),
    ("Remember that I am vegan. I also hate okra. Any ideas?", "I am vegan. I also hate okra."),
    ("Remember that I am vegan, ok?", "I am vegan"),
    ("Remember that I have a\nlong list\n\nAnd now tell me a joke.", "I have a long list"),
    ("remember that i am vegan. what can i cook?", "i am vegan."),
    ('Remember that he said "no". Why?', 'he said "no".'),
    ("Remember that she said “why?” and left.", "she said “why?” and left."),
    ("Remember that my flight costs 3.50 a mile", "my flight costs 3.50 a mile"),
    ("ingat bahwa saya vegan", "saya vegan"),
    ("Tolong ingat bahwa saya vegan.", "saya vegan."),
    ("tolong ingat: saya vegan", "saya vegan"),
    ("Ingatlah bahwa saya pindah ke Bandung", "saya pindah ke Bandung"),
    ("Tolong diingat bahwa saya pindah", "saya pindah"),
    ("jangan lupa bahwa saya alergi kacang. Apa yang bisa saya masak?", "saya alergi kacang."),
    ("Jangan lupa: saya alergi kacang", "saya alergi kacang"),
    ("Ingat bahwa saya vegan, ya?", "saya vegan"),
]

NO_WISHES = [
    "",
    "Do you remember that I am vegan?",
    "do you remember that I am vegan",
    "Remember when we went to Oslo?",
    "Remember when we went to Oslo",
    "Remember that time we went to Oslo?",
    "Remember that time we went to Oslo",
    "Remember that guy who sold us the boat",
    "Remember that I told you about my dog?",
    "Remember that? It was fun.",
    "Remember me?",
    "Please remember to call my mother",
    "I remember that I was vegan",
    "You should remember that I am vegan",
    "Can you remember that I am vegan?",
    "She said: remember that I am vegan",
    "Remember that",
    "Remember: ...",
    "remembering that day hurts",
    "remember thatched roofs",
    "What should I remember?",
    "Apakah kamu ingat bahwa saya vegan?",
    "Kamu ingat bahwa saya vegan",
    "Ingat bahwa saya vegan?",
    "Ingat waktu kita ke Bandung?",
    "ingatan saya bahwa",
    "Jangan lupa beli susu",
    "Apa yang harus saya ingat?",
]


@pytest.fixture
def memory() -> Memory:
    return MemoryFactory()


def kinds() -> list[str]:
    return list(MemoryEvent.objects.order_by("pk").values_list("kind", flat=True))


@pytest.mark.parametrize(("text", "wish"), WISHES)
def test_a_wish_is_recognised(text: str, wish: str) -> None:
    assert wish_of(text) == wish


@pytest.mark.parametrize("text", NO_WISHES)
def test_what_is_no_wish_is_left_alone(text: str) -> None:
    assert wish_of(text) is None


def test_a_huge_message_is_looked_at_in_no_time() -> None:
    assert wish_of("please " * 50_000 + "what?") is None
    assert wish_of("remember that " + "a " * 100_000) == ("a " * 100_000).strip()


@pytest.mark.parametrize(
    "shape",
    [
        "remember that a{!}b",
        "remember that a{ }b",
        "remember that a{,}b",
        "remember that a{.}b",
        "remember that a{?}b",
        "remember that a{. }b",
        "remember that a{.'}b",
        "remember that a.'{ }b",
        "remember that a.{'}b",
        "remember that a{ , }?b",
        "remember that a, ok{?}b",
        "remember that a{, ok?}b",
        "remember that a{\n}b",
        "remember that a{\n }b",
        "remember that a{ \r}\nb",
        "remember that {a}",
        "remember that{,}b",
        "remember{ }b",
        "please{!}b",
        "{please }b",
        "{oh ya }b",
        "{ }b",
        "jangan{ }b",
        "remember that time{ }b",
    ],
)
def test_the_time_for_a_wish_grows_with_the_text_and_not_with_its_square(shape: str) -> None:
    def seconds(length: int) -> float:
        before, piece, after = re.split("[{}]", shape)
        text = before + piece * (length // len(piece)) + after
        best = math.inf
        for _ in range(10):
            started = time.thread_time()
            wish_of(text)
            best = min(best, time.thread_time() - started)
        return best

    # Sixteen times the text: 256 times as long with the square, and room for a machine that is busy.
    assert seconds(32_000) < 96 * max(seconds(2_000), 0.0001)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        (f"Remember that a{' ' * 5000}b.", "a b."),
        (f"Remember that {'a' * 600}. {'b' * 31_000}?", f"{'a' * 600}."),
        (f"Remember that {'a' * 996} b.", f"{'a' * 996} b."),
        (f"Remember that {'a' * 700}. {'b' * 700}. {'c' * 700}.", f"{'a' * 700}. {'b' * 700}."),
    ],
)
def test_only_what_is_too_long_for_a_fact_is_not_read_to_its_end(text: str, wish: str) -> None:
    assert wish_of(text) == wish


def test_what_is_wished_for_is_a_fact_at_once(memory: Memory) -> None:
    page = PageFactory(memory=memory, occurred_at=EPOCH)
    done = remember(memory, "  My dog\nis called \0 Rex. ", by=memory.user, page=page)
    fact = memory.knowledge.get()
    assert (done.fact, done.is_new) == (fact, True)
    assert (fact.text, fact.locked, fact.status) == ("My dog is called \ufffd Rex.", True, KnowledgeStatus.ACTIVE)
    assert (fact.times_confirmed, fact.valid_from, fact.confirmed_at) == (1, EPOCH, EPOCH)
    assert list(fact.sources.all()) == [page]
    event = MemoryEvent.objects.get()
    assert (event.kind, event.actor, event.user) == (EventKind.LEARNT, Actor.PERSON, memory.user)


def test_words_find_it_until_a_job_gives_it_its_vector(memory: Memory) -> None:
    remember(memory, "My greyhound is called Rex.", by=memory.user)
    KnowledgeFactory(memory=memory, text="Lives in Oslo.")
    best = recall(memory, "greyhound", now=EPOCH).of(Tier.USER_KNOWLEDGE)[0]
    assert best.text == "My greyhound is called Rex."
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs")
        assert cursor.fetchall() == [("memory.consolidate",)]
    transfer_all(memory, ScriptedConsolidator(), get_embedder())
    assert set(memory.knowledge.values_list("embedding_model", flat=True)) == {get_embedder().name}


def test_the_same_wish_twice_is_one_fact(memory: Memory) -> None:
    first = remember(memory, "I am vegan", by=memory.user)
    again = remember(memory, "i am  VEGAN.", by=memory.user)
    assert (again.fact, again.is_new) == (first.fact, False)
    fact = memory.knowledge.get()
    assert (fact.text, fact.times_confirmed) == ("I am vegan", 2)
    assert kinds() == [EventKind.LEARNT, EventKind.CONFIRMED]


@pytest.mark.parametrize("status", [KnowledgeStatus.DISABLED, KnowledgeStatus.ARCHIVED, KnowledgeStatus.SUPERSEDED])
def test_what_was_out_of_use_is_in_use_again_when_wished_for(memory: Memory, status: KnowledgeStatus) -> None:
    newer = KnowledgeFactory(memory=memory, text="Eats meat.")
    old = KnowledgeFactory(
        memory=memory, text="I am vegan.", status=status, superseded_by=newer, valid_to=EPOCH + timedelta(days=1)
    )
    done = remember(memory, "I am vegan", by=memory.user)
    assert (done.fact.pk, done.is_new) == (old.pk, False)
    old.refresh_from_db()
    assert (old.status, old.superseded_by, old.valid_to, old.locked) == (KnowledgeStatus.ACTIVE, None, None, True)
    event = MemoryEvent.objects.get()
    assert (event.kind, event.before) == (EventKind.LEARNT, {"text": "I am vegan.", "status": status})


def test_the_entry_in_use_is_confirmed_rather_than_its_predecessor(memory: Memory) -> None:
    old = KnowledgeFactory(memory=memory, text="I am vegan.", status=KnowledgeStatus.SUPERSEDED)
    active = KnowledgeFactory(memory=memory, text="I am vegan.")
    assert remember(memory, "I am vegan", by=memory.user).fact.pk == active.pk
    old.refresh_from_db()
    assert old.status == KnowledgeStatus.SUPERSEDED


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 1001])
def test_nothing_and_too_much_are_refused(memory: Memory, text: str) -> None:
    with pytest.raises(InvalidText):
        remember(memory, text, by=memory.user)
    assert not memory.knowledge.exists()
    remember(memory, "x" * 1000, by=memory.user)


def test_it_counts_and_is_not_the_one_that_makes_room(memory: Memory) -> None:
    memory.assistant.memory_settings = {"knowledge_capacity": 2}
    memory.assistant.save()
    useful, useless = KnowledgeFactory(memory=memory, times_confirmed=5), KnowledgeFactory(memory=memory)
    fact = remember(memory, "I am vegan", by=memory.user).fact
    assert set(memory.knowledge.active()) == {useful, fact}
    useless.refresh_from_db()
    assert useless.status == KnowledgeStatus.ARCHIVED


def test_a_promotion_that_reads_the_same_words_confirms_it(memory: Memory) -> None:
    fact = remember(memory, "My dog is called Rex", by=memory.user).fact
    transfer_all(memory, ScriptedConsolidator(), get_embedder())
    segment = SegmentFactory(memory=memory, length=1)
    PageFactory(segment=segment, query="Remember that my dog is called Rex")
    found = PromotionResult(user_knowledge=(Fact("My dog is called Rex.", (0,)),))
    promote(segment, ScriptedConsolidator(promote=lambda _: found), get_embedder(), EPOCH)
    fact.refresh_from_db()
    assert memory.knowledge.get() == fact
    assert (fact.text, fact.times_confirmed) == ("My dog is called Rex", 2)


def test_a_page_of_another_memory_is_no_source(memory: Memory) -> None:
    fact = remember(memory, "I am vegan", by=memory.user).fact
    with pytest.raises(ValueError, match="own memory"):
        trace(fact, PageFactory())
    with pytest.raises(ValueError, match="own memory"):
        remember(memory, "I am tall", by=memory.user, page=PageFactory())
    assert memory.knowledge.count() == 1


def test_a_message_remembered_word_for_word_is_still_read_for_what_else_it_says(memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, length=1)
    page = PageFactory(segment=segment, query="I moved to Lund in May.")
    remember(memory, page.query, by=memory.user, page=page)
    thinking = ScriptedConsolidator(
        promote=lambda _: PromotionResult(profile=(ProfileFinding("home town", "Lund", (0,)),))
    )
    promote(segment, thinking, get_embedder(), EPOCH)
    assert [text.query for text in thinking.promotions[0].pages] == ["I moved to Lund in May."]
    assert memory.profile.get().value == "Lund"
