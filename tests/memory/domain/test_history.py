"""What was done to one thing, and setting it back: history.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from memory.domain.deciding import approve_knowledge, decline_knowledge
from memory.domain.disabling import disable_knowledge
from memory.domain.forgetting import Target, forget
from memory.domain.history import former_state, history_of, restore_state
from memory.domain.knowledge import delete_knowledge, edit_knowledge
from memory.domain.merging import merge_knowledge, reinstate_knowledge, replace_knowledge
from memory.domain.persona import edit_profile, edit_trait, learn_profile
from memory.domain.shelving import archive_knowledge, unarchive_knowledge
from memory.embedding.base import Vectors
from memory.enums import EventKind, KnowledgeStatus, Role
from memory.exceptions import DuplicateKnowledge, EditConflict, ModelUnreachable, NothingToRestore
from memory.llm.base import ProfileFinding
from memory.models import Knowledge, Memory, MemoryEvent, Profile
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryEventFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    ProfileFactory,
    TraitFactory,
)
from tests.memory.fakes import WordEmbedder
from tests.memory.traces import traces_of

pytestmark = pytest.mark.django_db

EMBEDDER = WordEmbedder()


class Unreachable(WordEmbedder):
    """A server that is not there."""

    def embed(self, texts: Sequence[str], *, timeout: float | None = None) -> Vectors:
        raise ModelUnreachable


@pytest.fixture
def memory() -> Memory:
    memory: Memory = MemoryFactory()
    return memory


@pytest.fixture
def fact(memory: Memory) -> Knowledge:
    """A fact that was edited once."""
    entry = KnowledgeFactory(memory=memory, text="Likes tea.")
    return edit_knowledge(entry, "Likes coffee.", EMBEDDER, by=memory.user)


def last_of(memory: Memory) -> MemoryEvent:
    return memory.events.latest("pk")


def test_a_fact_says_again_what_it_said(memory: Memory, fact: Knowledge) -> None:
    edited = last_of(memory)
    assert former_state(fact, edited) == {"text": "Likes tea.", "sources": []}
    restored = restore_state(fact, edited.pk, EMBEDDER, by=memory.user)
    fresh = Knowledge.objects.get(pk=fact.pk)
    assert (restored.pk, fresh.text, fresh.locked, fresh.embedding_model) == (
        fact.pk,
        "Likes tea.",
        True,
        EMBEDDER.name,
    )
    event = last_of(memory)
    assert (event.kind, event.user_id) == (EventKind.RESTORED, memory.user_id)
    assert ((event.before or {})["text"], (event.after or {})["text"]) == ("Likes coffee.", "Likes tea.")
    # Back and forth, and twice is once.
    assert former_state(fresh, edited) is None
    restore_state(fresh, edited.pk, EMBEDDER, by=memory.user)
    assert last_of(memory) == event
    restore_state(fresh, event.pk, EMBEDDER, by=memory.user)
    assert Knowledge.objects.get(pk=fact.pk).text == "Likes coffee."


def test_an_attribute_and_a_trait_say_again_what_they_said(memory: Memory) -> None:
    attribute, trait = (
        ProfileFactory(memory=memory, value="cook"),
        TraitFactory(memory=memory, level="high", reason="A"),
    )
    edit_profile(attribute, "chef", by=memory.user)
    restore_state(Profile.objects.get(), last_of(memory).pk, EMBEDDER, by=memory.user)
    edit_trait(trait, "low", "B", by=memory.user)
    restore_state(memory.traits.get(), last_of(memory).pk, EMBEDDER, by=memory.user)
    found = memory.profile.get(), memory.traits.get()
    assert (found[0].value, found[1].level, found[1].reason) == ("cook", "high", "A")
    assert [row.locked for row in found] == [True, True]
    assert memory.events.filter(kind=EventKind.RESTORED).count() == 2


def test_what_a_promotion_replaced_rests_on_its_own_pages_again(memory: Memory) -> None:
    pages = [PageFactory(memory=memory, query=said) for said in ("I live in Rome", "I moved to Oslo")]
    call = ModelCallFactory(memory=memory)
    for number, city in enumerate(("Rome", "Oslo")):
        learn_profile(memory, [ProfileFinding("city", city, (number,))], pages, call)
    attribute = memory.profile.get()
    assert list(attribute.sources.all()) == [pages[1]]
    replaced = last_of(memory)
    restore_state(attribute, replaced.pk, EMBEDDER, by=memory.user)
    attribute.refresh_from_db()
    assert (attribute.value, list(attribute.sources.all())) == ("Rome", [pages[0]])
    restore_state(attribute, last_of(memory).pk, EMBEDDER, by=memory.user)
    assert list(attribute.sources.all()) == [pages[1]]


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (KnowledgeStatus.SUPERSEDED, KnowledgeStatus.ACTIVE),
        (KnowledgeStatus.ARCHIVED, KnowledgeStatus.ACTIVE),
        (KnowledgeStatus.DISABLED, KnowledgeStatus.DISABLED),
    ],
)
def test_what_was_put_aside_is_in_use_again_and_what_is_disabled_stays_so(
    memory: Memory, fact: Knowledge, status: KnowledgeStatus, after: KnowledgeStatus
) -> None:
    edited = last_of(memory)
    if status == KnowledgeStatus.DISABLED:
        disable_knowledge(fact, by=memory.user)
    newer = KnowledgeFactory(memory=memory) if status == KnowledgeStatus.SUPERSEDED else None
    Knowledge.objects.filter(pk=fact.pk).update(status=status, superseded_by=newer, valid_to=EPOCH if newer else None)
    restore_state(Knowledge.objects.get(pk=fact.pk), edited.pk, EMBEDDER, by=memory.user)
    fresh = Knowledge.objects.get(pk=fact.pk)
    assert (fresh.text, fresh.status, fresh.superseded_by, fresh.valid_to) == ("Likes tea.", after, None, None)


def test_a_superseded_fact_is_brought_back_by_what_the_log_kept_of_it(memory: Memory) -> None:
    entry = KnowledgeFactory(memory=memory, text="Likes tea.", status=KnowledgeStatus.SUPERSEDED)
    state = {"text": "Likes tea.", "status": "active", "valid_from": EPOCH.isoformat(), "valid_to": None}
    event = MemoryEventFactory(
        memory=memory, kind=EventKind.SUPERSEDED, target_type="knowledge", target_id=entry.pk, before=state
    )
    restore_state(entry, event.pk, EMBEDDER, by=memory.user)
    entry.refresh_from_db()
    assert (entry.status, entry.valid_from, entry.valid_to) == (KnowledgeStatus.ACTIVE, EPOCH, None)


Curated = tuple[Knowledge, KnowledgeStatus, KnowledgeStatus]
"""A fact that a person has curated, the status it has now, and the one it had before."""


def curated(memory: Memory, deed: str) -> Curated:
    """Do something to a fact by hand that the log keeps a former state of."""
    active, put_aside = KnowledgeStatus.ACTIVE, KnowledgeStatus.SUPERSEDED
    if deed in ("merge", "replace"):
        entry = KnowledgeFactory(memory=memory, text="Likes tea.", valid_from=EPOCH)
        other = KnowledgeFactory(memory=memory, text="Likes green tea.", valid_from=EPOCH + timedelta(days=1))
        if deed == "merge":
            merge_knowledge([entry, other], "Likes green tea.", EMBEDDER, by=memory.user)
        else:
            replace_knowledge(other, entry, by=memory.user)
        return entry, put_aside, active
    before, now, door = {
        "archive": (active, KnowledgeStatus.ARCHIVED, archive_knowledge),
        "approve": (KnowledgeStatus.PROPOSED, active, approve_knowledge),
        "decline": (KnowledgeStatus.PROPOSED, KnowledgeStatus.DISABLED, decline_knowledge),
    }[deed]
    entry = AssistantKnowledgeFactory(assistant=memory.assistant, text="Likes tea.", status=before, valid_from=EPOCH)
    door(entry, by=memory.user)
    return entry, now, before


@pytest.mark.parametrize("deed", ["merge", "replace", "archive", "approve", "decline"])
def test_what_a_person_has_curated_is_set_back_to_what_it_was(memory: Memory, deed: str) -> None:
    entry, now, before = curated(memory, deed)
    entry.refresh_from_db()
    assert entry.status == now
    told = history_of(entry)[0]
    state = former_state(entry, told)
    assert state == {
        "text": "Likes tea.", "status": before, "valid_from": EPOCH.isoformat(), "valid_to": None, "sources": [],
    }  # fmt: skip
    for _ in range(2):
        restore_state(Knowledge.objects.get(pk=entry.pk), told.pk, EMBEDDER, by=memory.user)
    fresh = Knowledge.objects.get(pk=entry.pk)
    assert (fresh.status, fresh.superseded_by, fresh.valid_to) == (before, None, None)
    assert [event.kind for event in history_of(entry)] == [EventKind.RESTORED, told.kind]
    assert former_state(fresh, told) is None


def test_what_was_merged_says_its_own_words_again_and_rests_on_its_own_pages(memory: Memory) -> None:
    entries = [KnowledgeFactory(memory=memory, text=text) for text in ("Has a cat.", "Has a dog.")]
    pages = [PageFactory(memory=memory) for _ in entries]
    for entry, page in zip(entries, pages, strict=True):
        entry.sources.add(page)
    kept = merge_knowledge(entries, "Has a cat and a dog.", EMBEDDER, by=memory.user)
    for entry in entries:
        told = history_of(entry)[0]
        restore_state(Knowledge.objects.get(pk=entry.pk), told.pk, EMBEDDER, by=memory.user)
    assert kept.pk == entries[0].pk
    found = [(entry.text, entry.status, list(entry.sources.all())) for entry in memory.knowledge.order_by("pk")]
    assert found == [("Has a cat.", "active", [pages[0]]), ("Has a dog.", "active", [pages[1]])]


def test_what_a_person_did_not_want_used_is_not_used_after_a_merge_is_set_back(memory: Memory) -> None:
    entries = [KnowledgeFactory(memory=memory, text=text, status=KnowledgeStatus.DISABLED) for text in "ab"]
    merge_knowledge(entries, "a", EMBEDDER, by=memory.user)
    for entry in entries:
        restore_state(Knowledge.objects.get(pk=entry.pk), history_of(entry)[0].pk, EMBEDDER, by=memory.user)
    assert dict(memory.knowledge.values_list("text", "status")) == {"a": "disabled", "b": "disabled"}


@pytest.mark.parametrize("deed", ["unarchive", "reinstate"])
def test_what_was_taken_into_use_again_is_not_put_aside_by_its_history(memory: Memory, deed: str) -> None:
    entry = KnowledgeFactory(memory=memory, text="Likes tea.", valid_from=EPOCH)
    if deed == "unarchive":
        archive_knowledge(entry, by=memory.user)
        entry = unarchive_knowledge(entry, by=memory.user)
    else:
        replace_knowledge(KnowledgeFactory(memory=memory, valid_from=EPOCH), entry, by=memory.user)
        entry = reinstate_knowledge(entry, by=memory.user)
    back = last_of(memory)
    assert [former_state(entry, event) for event in history_of(entry)] == [None, None]
    entry = edit_knowledge(entry, "Likes coffee.", EMBEDDER, by=memory.user)
    restore_state(entry, back.pk, EMBEDDER, by=memory.user)
    entry.refresh_from_db()
    assert (entry.text, entry.status, entry.valid_from, entry.valid_to) == ("Likes tea.", "active", EPOCH, None)


def test_of_several_events_of_what_is_put_away_only_those_offer_it_that_saw_it_in_use(memory: Memory) -> None:
    entry = KnowledgeFactory(memory=memory, text="Likes tea.")
    for door in (archive_knowledge, unarchive_knowledge, archive_knowledge):
        entry = door(entry, by=memory.user)
    offered = [former_state(entry, event) is not None for event in history_of(entry)]
    assert offered == [True, False, True]


def test_a_restored_fact_makes_room_for_itself(memory: Memory, fact: Knowledge) -> None:
    memory.assistant.memory_settings = {"knowledge_capacity": 1}
    memory.assistant.save()
    edited = last_of(memory)
    other = KnowledgeFactory(memory=memory)
    restore_state(Knowledge.objects.get(pk=fact.pk), edited.pk, EMBEDDER, by=memory.user)
    other.refresh_from_db()
    assert other.status == KnowledgeStatus.ARCHIVED


def test_two_facts_never_say_the_same(memory: Memory, fact: Knowledge) -> None:
    edited = last_of(memory)
    KnowledgeFactory(memory=memory, text="likes TEA")
    with pytest.raises(DuplicateKnowledge):
        restore_state(fact, edited.pk, EMBEDDER, by=memory.user)
    assert Knowledge.objects.get(pk=fact.pk).text == "Likes coffee."


def test_without_a_vector_nothing_is_changed(memory: Memory, fact: Knowledge) -> None:
    edited = last_of(memory)
    with pytest.raises(ModelUnreachable):
        restore_state(fact, edited.pk, Unreachable(), by=memory.user)
    assert (Knowledge.objects.get(pk=fact.pk).text, last_of(memory)) == ("Likes coffee.", edited)


def test_what_is_gone_cannot_be_set_back(memory: Memory, fact: Knowledge) -> None:
    edited = last_of(memory)
    stale = Knowledge.objects.get(pk=fact.pk)
    delete_knowledge(fact, by=memory.user)
    with pytest.raises(Knowledge.DoesNotExist):
        restore_state(stale, edited.pk, EMBEDDER, by=memory.user)


def test_events_that_say_too_little_offer_nothing(memory: Memory, fact: Knowledge) -> None:
    thin = MemoryEventFactory(memory=memory, target_type="knowledge", target_id=fact.pk, before={"pages": [1]})
    for key in (thin.pk, 10**9):
        with pytest.raises(NothingToRestore):
            restore_state(fact, key, EMBEDDER, by=memory.user)
    assert former_state(fact, thin) is None


def test_an_event_of_something_else_sets_nothing_back(memory: Memory, fact: Knowledge) -> None:
    other = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    for home, target in ((memory, fact.pk + 1), (other, fact.pk)):
        state = {"text": "Somebody else’s."}
        event = MemoryEventFactory(memory=home, target_type="knowledge", target_id=target, before=state)
        with pytest.raises(NothingToRestore):
            restore_state(fact, event.pk, EMBEDDER, by=memory.user)
    MemoryEventFactory(memory=memory, target_type="profile", target_id=fact.pk)
    assert [event.kind for event in history_of(fact)] == [EventKind.EDITED]


def test_what_is_forgotten_is_in_no_history(memory: Memory, fact: Knowledge) -> None:
    edited = last_of(memory)
    restore_state(fact, edited.pk, EMBEDDER, by=memory.user)
    edit_knowledge(fact, "Likes milk.", EMBEDDER, by=memory.user)
    forget(memory, Target("knowledge", (fact.pk,)), by=memory.user)
    for word in ("coffee", "milk", "likes tea"):
        assert traces_of(word) == {}
    assert not any(event.before for event in history_of(fact))


def test_a_forgetting_while_the_words_are_embedded_is_respected(memory: Memory, fact: Knowledge) -> None:
    edited = last_of(memory)

    class Forgetful(WordEmbedder):
        """Something is forgotten while the server thinks."""

        def embed(self, texts: Sequence[str], *, timeout: float | None = None) -> Vectors:
            MemoryEvent.objects.filter(pk=edited.pk).update(before=None)
            return super().embed(texts, timeout=timeout)

    with pytest.raises(NothingToRestore):
        restore_state(fact, edited.pk, Forgetful(), by=memory.user)
    assert Knowledge.objects.get(pk=fact.pk).text == "Likes coffee."


def test_former_words_are_forgotten_with_the_page_that_said_them(memory: Memory) -> None:
    pages = [PageFactory(memory=memory, query=said) for said in ("I live in Zanzibar", "I moved to Oslo")]
    for number, city in enumerate(("Zanzibar", "Oslo")):
        call = ModelCallFactory(memory=memory)
        learn_profile(memory, [ProfileFinding("city", city, (number,))], pages, call)
    forget(memory, Target.pages([pages[0].pk]), by=memory.user)
    assert traces_of("Zanzibar") == {}
    assert memory.profile.get().value == "Oslo"
    assert not [event for event in history_of(memory.profile.get()) if former_state(memory.profile.get(), event)]


def test_the_history_of_a_shared_fact_is_the_assistants(memory: Memory) -> None:
    entry = AssistantKnowledgeFactory(assistant=memory.assistant, text="Recommends films.")
    edit_knowledge(entry, "Recommends books.", EMBEDDER, by=memory.user)
    MemoryEventFactory(memory=memory, target_type="knowledge", target_id=entry.pk)
    [event] = history_of(entry)
    restore_state(Knowledge.objects.get(pk=entry.pk), event.pk, EMBEDDER, by=memory.user)
    entry.refresh_from_db()
    assert entry.text == "Recommends films."
    newest = MemoryEvent.objects.latest("pk")
    assert (newest.memory, newest.assistant) == (None, memory.assistant)


def test_an_edit_of_what_somebody_changed_meanwhile_is_refused(memory: Memory, fact: Knowledge) -> None:
    attribute, trait = ProfileFactory(memory=memory, value="cook"), TraitFactory(memory=memory, level="high")
    seen = [Knowledge.objects.get(pk=fact.pk).updated_at, attribute.updated_at, trait.updated_at]
    edit_knowledge(fact, "Likes milk.", EMBEDDER, by=memory.user)
    edit_profile(attribute, "chef", by=memory.user)
    edit_trait(trait, "low", "", by=memory.user)
    with pytest.raises(EditConflict):
        edit_knowledge(fact, "Likes tea.", EMBEDDER, by=memory.user, expected=seen[0])
    with pytest.raises(EditConflict):
        edit_profile(attribute, "baker", by=memory.user, expected=seen[1])
    with pytest.raises(EditConflict):
        edit_trait(trait, "medium", "", by=memory.user, expected=seen[2])
    now = Knowledge.objects.get(pk=fact.pk)
    assert (now.text, memory.profile.get().value, memory.traits.get().level) == ("Likes milk.", "chef", "low")
    edit_knowledge(now, "Likes tea.", EMBEDDER, by=memory.user, expected=now.updated_at)
