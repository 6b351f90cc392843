"""Facts merged, replaced and brought back by hand: merging.py."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from memory.domain.forgetting import Target, forget, preview
from memory.domain.merging import merge_knowledge, most_precise, reinstate_knowledge, replace_knowledge
from memory.domain.snapshots import fact_state, traced
from memory.enums import EventKind, KnowledgeStatus
from memory.exceptions import DuplicateKnowledge, InvalidText, KnowledgeChanged, MemoryOSError
from memory.models import Knowledge, Memory, MemoryEvent
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    UserFactory,
)
from tests.memory.fakes import WordEmbedder

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory() -> Memory:
    made: Memory = MemoryFactory()
    return made


def facts(memory: Memory, *texts: str, **values: Any) -> list[Knowledge]:
    return [KnowledgeFactory(memory=memory, text=text, **values) for text in texts]


def merged(memory: Memory, entries: list[Knowledge], text: str) -> Knowledge:
    return merge_knowledge(entries, text, WordEmbedder(), by=memory.user)


def states(memory: Memory) -> dict[str, str]:
    return dict(memory.knowledge.values_list("text", "status"))


def test_one_fact_has_what_all_of_them_had(memory: Memory) -> None:
    pages = [PageFactory(memory=memory) for _ in range(3)]
    later, latest = EPOCH + timedelta(days=1), EPOCH + timedelta(days=2)
    cat = KnowledgeFactory(memory=memory, text="Has a cat.", times_confirmed=2, confirmed_at=later, valid_from=later)
    tom = KnowledgeFactory(memory=memory, text="Has a cat, Tom.", times_confirmed=3, valid_from=EPOCH, pinned=True)
    pet = KnowledgeFactory(memory=memory, text="Has a pet.", confirmed_at=latest, status=KnowledgeStatus.ARCHIVED)
    cat.sources.add(pages[0])
    tom.sources.add(pages[0], pages[1])
    pet.sources.add(pages[2])
    were = [traced(entry, fact_state(entry)) for entry in (cat, tom, pet)]
    kept = merged(memory, [cat, tom, pet], "Has a cat called Tom.")
    kept.refresh_from_db()
    assert (kept.pk, kept.text, kept.status, kept.locked, kept.pinned) == (
        cat.pk, "Has a cat called Tom.", KnowledgeStatus.ACTIVE, True, True,
    )  # fmt: skip
    assert (kept.times_confirmed, kept.confirmed_at, kept.valid_from) == (6, latest, EPOCH)
    assert set(kept.sources.all()) == set(pages)
    assert kept.embedding_model == WordEmbedder.name
    for other in (tom, pet):
        other.refresh_from_db()
        assert (other.status, other.superseded_by, other.valid_to) == (KnowledgeStatus.SUPERSEDED, kept, None)
    assert list(MemoryEvent.objects.order_by("pk").values_list("kind", "target_id", "before", "after")) == [
        (EventKind.SUPERSEDED, tom.pk, were[1], {"text": "Has a cat, Tom.", "by": "Has a cat called Tom."}),
        (EventKind.SUPERSEDED, pet.pk, were[2], {"text": "Has a pet.", "by": "Has a cat called Tom."}),
        (
            EventKind.MERGED,
            cat.pk,
            were[0],
            {"text": "Has a cat called Tom.", "merged": ["Has a cat, Tom.", "Has a pet."]},
        ),
    ]


def test_the_fact_that_says_the_words_already_is_the_one_that_stays(memory: Memory) -> None:
    one, two = facts(memory, "Has a cat.", "Has a cat, Tom.")
    assert merged(memory, [one, two], "has a cat, tom").pk == two.pk
    assert states(memory) == {"Has a cat.": "superseded", "has a cat, tom": "active"}


def test_shared_facts_are_merged_in_the_assistants_own_log(memory: Memory) -> None:
    entries = [AssistantKnowledgeFactory(assistant=memory.assistant, status=KnowledgeStatus.PROPOSED) for _ in "ab"]
    kept = merged(memory, entries, "Knows the menu.")
    assert (kept.assistant, kept.status) == (memory.assistant, KnowledgeStatus.ACTIVE)
    assert set(MemoryEvent.objects.values_list("memory", flat=True)) == {None}


@pytest.mark.parametrize("text", ["", "x" * 1001])
def test_bad_words_change_nothing(memory: Memory, text: str) -> None:
    with pytest.raises(InvalidText):
        merged(memory, facts(memory, "a", "b"), text)
    assert (states(memory), MemoryEvent.objects.count()) == ({"a": "active", "b": "active"}, 0)


def test_one_fact_or_the_same_twice_is_no_merge(memory: Memory) -> None:
    [one] = facts(memory, "a")
    for entries in ([one], [one, one]):
        with pytest.raises(InvalidText):
            merged(memory, entries, "b")
    assert states(memory) == {"a": "active"}


def test_facts_of_two_homes_are_never_merged(memory: Memory) -> None:
    mine, other = facts(memory, "a")[0], KnowledgeFactory(text="b")
    with pytest.raises(InvalidText):
        merged(memory, [mine, other], "c")
    other.refresh_from_db()
    assert (other.text, other.status) == ("b", KnowledgeStatus.ACTIVE)


def test_words_that_another_fact_has_change_nothing(memory: Memory) -> None:
    entries = facts(memory, "a", "b", "c")
    with pytest.raises(DuplicateKnowledge):
        merged(memory, entries[:2], "C")
    assert set(states(memory).values()) == {"active"}
    assert MemoryEvent.objects.count() == 0


def test_what_was_replaced_or_deleted_meanwhile_changes_nothing(memory: Memory) -> None:
    one, two, three = facts(memory, "a", "b", "c")
    Knowledge.objects.filter(pk=two.pk).update(status=KnowledgeStatus.SUPERSEDED)
    with pytest.raises(KnowledgeChanged):
        merged(memory, [one, two], "d")
    three_before = Knowledge.objects.get(pk=three.pk)
    Knowledge.objects.filter(pk=three.pk).delete()
    with pytest.raises(KnowledgeChanged):
        merged(memory, [one, three_before], "d")
    assert states(memory) == {"a": "active", "b": "superseded"}


@pytest.mark.django_db(transaction=True)
def test_of_two_merges_at_once_one_wins() -> None:
    memory: Memory = MemoryFactory()
    entries = facts(memory, "a", "b")
    start, ends = Barrier(2), []

    def merge(text: str) -> None:
        start.wait()
        try:
            ends.append(merged(memory, entries, text).text)
        except MemoryOSError as refusal:
            ends.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [Thread(target=merge, args=(text,)) for text in ("c", "d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [won] = memory.knowledge.active()
    assert sorted(ends) == sorted(["KnowledgeChanged", won.text])
    assert won.times_confirmed == 2
    assert memory.knowledge.filter(status=KnowledgeStatus.SUPERSEDED).count() == 1


def test_the_most_precise_says_all_that_the_others_say(memory: Memory) -> None:
    entries = facts(memory, "Has a cat.", "Has a black cat called Tom.", "Has a black cat.")
    assert most_precise(entries).text == "Has a black cat called Tom."


def test_a_replaced_fact_ends_when_the_other_began(memory: Memory) -> None:
    later = EPOCH + timedelta(days=9)
    old = KnowledgeFactory(memory=memory, text="Lives in Oslo.", valid_from=EPOCH)
    new = KnowledgeFactory(memory=memory, text="Lives in Lund.", valid_from=later)
    was = traced(old, fact_state(old))
    for _ in range(2):
        ended = replace_knowledge(new, old, by=memory.user)
    ended.refresh_from_db()
    assert (ended.status, ended.superseded_by, ended.valid_to) == (KnowledgeStatus.SUPERSEDED, new, later)
    event = MemoryEvent.objects.get()
    assert (event.kind, event.target_id, event.before) == (EventKind.SUPERSEDED, old.pk, was)
    assert event.after == {"text": "Lives in Oslo.", "by": "Lives in Lund."}


def test_a_fact_never_ends_before_it_began(memory: Memory) -> None:
    later = EPOCH + timedelta(days=9)
    old = KnowledgeFactory(memory=memory, valid_from=later)
    new = KnowledgeFactory(memory=memory, valid_from=EPOCH)
    assert replace_knowledge(new, old, by=memory.user).valid_to == later


def test_only_an_active_fact_replaces_and_nothing_replaces_itself(memory: Memory) -> None:
    one, two = facts(memory, "a", "b")
    with pytest.raises(InvalidText):
        replace_knowledge(one, one, by=memory.user)
    replace_knowledge(two, one, by=memory.user)
    with pytest.raises(KnowledgeChanged):
        # Else each would be superseded by the other.
        replace_knowledge(one, two, by=memory.user)
    three = facts(memory, "c")[0]
    with pytest.raises(KnowledgeChanged):
        replace_knowledge(three, one, by=memory.user)
    assert states(memory) == {"a": "superseded", "b": "active", "c": "active"}


def test_a_fact_of_another_home_is_never_replaced(memory: Memory) -> None:
    [mine], other = facts(memory, "a"), KnowledgeFactory()
    with pytest.raises(Knowledge.DoesNotExist):
        replace_knowledge(mine, other, by=memory.user)
    other.refresh_from_db()
    assert other.status == KnowledgeStatus.ACTIVE


def test_what_was_replaced_comes_back(memory: Memory) -> None:
    old, new = facts(memory, "a", "b")
    replace_knowledge(new, old, by=memory.user)
    ended = Knowledge.objects.get(pk=old.pk)
    for _ in range(2):
        back = reinstate_knowledge(old, by=memory.user)
    back.refresh_from_db()
    assert (back.status, back.superseded_by, back.valid_to) == (KnowledgeStatus.ACTIVE, None, None)
    assert MemoryEvent.objects.get(kind=EventKind.RESTORED).before == traced(ended, fact_state(ended))


def test_what_clashes_does_not_come_back(memory: Memory) -> None:
    old, new = facts(memory, "a", "b")
    replace_knowledge(new, old, by=memory.user)
    facts(memory, "A")
    with pytest.raises(DuplicateKnowledge):
        reinstate_knowledge(old, by=memory.user)
    old.refresh_from_db()
    assert old.status == KnowledgeStatus.SUPERSEDED


def test_forgetting_what_was_merged_in_leaves_no_trace_of_it_in_the_log(memory: Memory) -> None:
    page, other = PageFactory(memory=memory), PageFactory(memory=memory)
    cat, dog = facts(memory, "Has a cat.", "Has a dog in Zanzibar.")
    cat.sources.add(other)
    dog.sources.add(page)
    kept = merged(memory, [cat, dog], "Has pets.")
    target = Target.pages([page.pk])
    forget(memory, target, by=memory.user, expected=preview(memory, target).fingerprint)
    assert list(memory.knowledge.values_list("pk", flat=True)) == [kept.pk]
    said = " ".join(str(row) for row in MemoryEvent.objects.values_list("before", "after"))
    assert "Zanzibar" not in said


def test_a_stranger_is_only_named_as_who_did_it(memory: Memory) -> None:
    by = UserFactory()
    merge_knowledge(facts(memory, "a", "b"), "c", WordEmbedder(), by=by)
    assert set(MemoryEvent.objects.values_list("user", flat=True)) == {by.pk}
