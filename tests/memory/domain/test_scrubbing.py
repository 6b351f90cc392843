"""What a forgetting takes out of the activity log of facts curated by hand: scrubbing.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from memory.domain.deciding import approve_knowledge, decline_knowledge
from memory.domain.forgetting import EVERYTHING, Target, forget
from memory.domain.history import history_of
from memory.domain.knowledge import delete_knowledge, edit_knowledge
from memory.domain.merging import merge_knowledge, reinstate_knowledge, replace_knowledge
from memory.domain.persona import edit_profile, edit_trait
from memory.domain.remembering import remember
from memory.domain.shelving import archive_knowledge, unarchive_knowledge
from memory.enums import KnowledgeStatus
from memory.models import Knowledge, Memory, MemoryEvent, Page
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    TraitFactory,
)
from tests.memory.fakes import WordEmbedder
from tests.memory.traces import traces_of

pytestmark = pytest.mark.django_db

EMBEDDER = WordEmbedder()
SECRET = "Has a dog in Zanzibar."


@pytest.fixture
def memory() -> Memory:
    memory: Memory = MemoryFactory()
    return memory


@pytest.fixture
def page(memory: Memory) -> Page:
    """The page that is forgotten."""
    page: Page = PageFactory(memory=memory)
    return page


def resting(memory: Memory, text: str, *pages: Page, **values: object) -> Knowledge:
    entry: Knowledge = KnowledgeFactory(memory=memory, text=text, **values)
    entry.sources.set(pages)
    return entry


def gone(memory: Memory, page: Page) -> None:
    """Forget a page; see that nothing of what rested on it is left."""
    forget(memory, Target.pages([page.pk]), by=memory.user)
    assert traces_of("Zanzibar") == {}


def test_what_a_merged_fact_said_before_goes_with_its_page_and_the_merged_fact_stays(
    memory: Memory, page: Page
) -> None:
    entries = resting(memory, SECRET, page), resting(memory, "Has a cat.", PageFactory(memory=memory))
    kept = merge_knowledge(entries, "Has pets.", EMBEDDER, by=memory.user)
    gone(memory, page)
    assert memory.knowledge.active().get() == kept
    assert [event.before for event in history_of(kept)] == [None]


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("deleted", [False, True])
def test_what_was_merged_in_goes_with_its_page_even_when_it_was_edited_or_deleted_since(
    memory: Memory, page: Page, edited: bool, deleted: bool
) -> None:
    entries = resting(memory, "Has a cat.", PageFactory(memory=memory)), resting(memory, SECRET, page)
    kept = merge_knowledge(entries, "Has pets.", EMBEDDER, by=memory.user)
    if edited:
        edit_knowledge(Knowledge.objects.get(pk=entries[1].pk), "Has a dog.", EMBEDDER, by=memory.user)
    if deleted:
        delete_knowledge(Knowledge.objects.get(pk=entries[1].pk), by=memory.user)
    gone(memory, page)
    assert memory.knowledge.get(pk=kept.pk).text == "Has pets."


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("deleted", [False, True])
def test_what_has_replaced_a_fact_goes_with_its_page_even_when_it_was_edited_or_deleted_since(
    memory: Memory, page: Page, edited: bool, deleted: bool
) -> None:
    old = resting(memory, "Has a dog.", PageFactory(memory=memory))
    new = resting(memory, SECRET, page)
    replace_knowledge(new, old, by=memory.user)
    if edited:
        new = edit_knowledge(new, "Has a dog far away.", EMBEDDER, by=memory.user)
    if deleted:
        delete_knowledge(Knowledge.objects.get(pk=new.pk), by=memory.user)
    gone(memory, page)
    assert memory.knowledge.filter(pk=old.pk).exists()


Curated = Callable[..., Knowledge]


@pytest.mark.parametrize(
    ("status", "doors"),
    [
        (KnowledgeStatus.ACTIVE, (archive_knowledge, unarchive_knowledge)),
        (KnowledgeStatus.PROPOSED, (approve_knowledge,)),
        (KnowledgeStatus.PROPOSED, (decline_knowledge,)),
        (KnowledgeStatus.SUPERSEDED, (reinstate_knowledge,)),
    ],
)
@pytest.mark.parametrize("everything", [False, True])
def test_former_states_of_what_was_put_aside_or_decided_on_go_with_the_page(
    memory: Memory, page: Page, status: KnowledgeStatus, doors: tuple[Curated, ...], everything: bool
) -> None:
    shared = AssistantKnowledgeFactory(assistant=memory.assistant, text=SECRET, status=status)
    mine = resting(memory, SECRET, page, status=status)
    shared.sources.add(page)
    for entry in (shared, mine):
        for door in doors:
            door(entry, by=memory.user)
        # What it says by now stands in no former state.
        edit_knowledge(Knowledge.objects.get(pk=entry.pk), "Has a dog.", EMBEDDER, by=memory.user)
    if everything:
        forget(memory, EVERYTHING, by=memory.user)
        assert traces_of("Zanzibar") == {}
    else:
        gone(memory, page)
    assert not MemoryEvent.objects.filter(target_type="knowledge").exclude(before=None).exists()


def test_what_a_person_has_edited_keeps_no_former_words_of_a_page_that_goes(memory: Memory, page: Page) -> None:
    fact = remember(memory, SECRET, by=memory.user, page=page).fact
    attribute = ProfileFactory(memory=memory, name="place", value="Zanzibar")
    trait = TraitFactory(memory=memory, level="high", reason="Zanzibar")
    attribute.sources.add(page)
    trait.evidence.add(page)
    edit_knowledge(fact, "Has a dog.", EMBEDDER, by=memory.user)
    edit_profile(attribute, "Oslo", by=memory.user)
    edit_trait(trait, "low", "Stays at home.", by=memory.user)
    gone(memory, page)
    assert (memory.knowledge.count(), memory.profile.count(), memory.traits.count()) == (1, 1, 1)


def test_what_stays_keeps_its_history(memory: Memory, page: Page) -> None:
    other = PageFactory(memory=memory)
    resting(memory, SECRET, page)
    old, new = resting(memory, "Lives in Oslo.", other), resting(memory, "Lives in Lund.", other)
    replace_knowledge(new, old, by=memory.user)
    edit_knowledge(new, "Lives in Lund, Sweden.", EMBEDDER, by=memory.user)
    told = list(MemoryEvent.objects.order_by("pk").values_list("before", "after"))
    gone(memory, page)
    stays = MemoryEvent.objects.filter(target_type="knowledge").order_by("pk").values_list("before", "after")
    assert list(stays) == told
