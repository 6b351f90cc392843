"""What a promotion learns of profile and traits, and which of two values is the stronger."""

from datetime import timedelta

import pytest

from memory.domain.persona import EVIDENCE_KEPT, learn_profile, learn_traits
from memory.enums import EventKind
from memory.llm.base import ProfileFinding, TraitFinding
from memory.models import Memory, MemoryEvent, Page
from tests.memory.factories import EPOCH, MemoryFactory, ModelCallFactory, PageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory() -> Memory:
    return MemoryFactory()


def page(memory: Memory, query: str, day: int = 0) -> Page:
    return PageFactory(memory=memory, query=query, response="I see.", occurred_at=EPOCH + timedelta(days=day))


def learn(memory: Memory, name: str, value: str, *pages: Page) -> str:
    """Learn an attribute from these pages; return what is stored then."""
    found = [ProfileFinding(name, value, tuple(range(len(pages))))]
    learn_profile(memory, found, pages, ModelCallFactory(memory=memory))
    return memory.profile.get(name=name).value


def test_what_the_user_states_later_replaces_and_the_log_keeps_both(memory: Memory) -> None:
    learn(memory, "city", "Rome", page(memory, "I live in Rome"))
    assert learn(memory, "city", "Oslo", page(memory, "I moved to Oslo", 1)) == "Oslo"
    event = MemoryEvent.objects.filter(kind=EventKind.LEARNT).latest("pk")
    [said, _] = memory.pages.order_by("position")
    assert event.before == {"name": "city", "value": "Rome", "locked": False, "sources": [said.pk]}
    assert event.after == {"name": "city", "value": "Oslo", "locked": False}
    assert [source.query for source in memory.profile.get().sources.all()] == ["I moved to Oslo"]


def test_a_guess_never_replaces_what_the_user_stated(memory: Memory) -> None:
    learn(memory, "occupation", "nurse", page(memory, "I work as a nurse"))
    assert learn(memory, "occupation", "hospital manager", page(memory, "Long day on the ward again", 1)) == "nurse"
    assert MemoryEvent.objects.filter(kind=EventKind.LEARNT).count() == 1


def test_a_guess_gives_way_to_another_guess_and_to_a_statement(memory: Memory) -> None:
    learn(memory, "occupation", "doctor", page(memory, "Long day on the ward"))
    assert learn(memory, "occupation", "surgeon", page(memory, "Operating all night", 1)) == "surgeon"
    assert learn(memory, "occupation", "nurse", page(memory, "As a nurse I see a lot", 2)) == "nurse"


def test_a_vaguer_value_never_replaces_a_precise_one(memory: Memory) -> None:
    learn(memory, "location", "Oslo, Norway", page(memory, "I live in Oslo, Norway"))
    assert learn(memory, "location", "Norway", page(memory, "Here in Norway it rains", 1)) == "Oslo, Norway"
    assert learn(memory, "location", "Oslo", page(memory, "Oslo is cold", 2)) == "Oslo, Norway"


def test_a_more_precise_value_replaces_a_vague_one(memory: Memory) -> None:
    learn(memory, "location", "Norway", page(memory, "I live in Norway"))
    assert learn(memory, "location", "Oslo, Norway", page(memory, "In Oslo, Norway, to be exact", 1)) == "Oslo, Norway"


def test_what_was_said_before_does_not_replace_what_was_said_after(memory: Memory) -> None:
    learn(memory, "city", "Oslo", page(memory, "I moved to Oslo", 9))
    assert learn(memory, "city", "Rome", page(memory, "I live in Rome", 1)) == "Oslo"


@pytest.mark.parametrize("value", ["unknown", "N/A", "Not specified.", "-", "?", " "])
def test_nothing_known_is_no_value(memory: Memory, value: str) -> None:
    learn_profile(memory, [ProfileFinding("city", value, ())], [], ModelCallFactory(memory=memory))
    assert not memory.profile.exists()


def test_a_trait_of_more_evidence_replaces_and_the_log_keeps_both(memory: Memory) -> None:
    pages = [page(memory, f"I hike {number}", number) for number in range(3)]
    call = ModelCallFactory(memory=memory)
    learn_traits(memory, [TraitFinding("outdoors", "low", "once", (0,))], pages, call)
    learn_traits(memory, [TraitFinding("outdoors", "high", "often", (1, 2))], pages, call)
    learn_traits(memory, [TraitFinding("outdoors", "low", "guess", (0,))], pages, call)
    assert (memory.traits.get().level, memory.traits.get().reason) == ("high", "often")
    [last, _] = MemoryEvent.objects.filter(kind=EventKind.LEARNT).order_by("-pk")
    before = {"dimension": "outdoors", "level": "low", "reason": "once", "locked": False, "sources": [pages[0].pk]}
    assert last.before == before
    assert last.after == {"dimension": "outdoors", "level": "high", "reason": "often", "locked": False}


def test_evidence_keeps_the_newest_pages(memory: Memory) -> None:
    pages = [page(memory, f"I hike {number}", number) for number in range(EVIDENCE_KEPT + 5)]
    call = ModelCallFactory(memory=memory)
    indexes = tuple(range(len(pages)))
    learn_traits(memory, [TraitFinding("outdoors", "high", "hikes", indexes)], pages, call)
    learn_profile(memory, [ProfileFinding("hobby", "hike", indexes)], pages, call)
    newest = {kept.pk for kept in pages[5:]}
    assert {kept.pk for kept in memory.traits.get().evidence.all()} == newest
    assert {kept.pk for kept in memory.profile.get().sources.all()} == newest
