import pytest
from pytest_django import DjangoAssertNumQueries

from memory.domain.tracing import learnt_from
from memory.enums import KnowledgeStatus, Tier
from memory.models import Memory
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    TraitFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory() -> Memory:
    return MemoryFactory()


@pytest.mark.parametrize("count", [1, 3])
def test_all_that_rests_on_pages_is_found_in_one_query(
    memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    wanted = {}
    for number in range(count):
        page = PageFactory(memory=memory)
        attribute = ProfileFactory(memory=memory, disabled=True)
        trait = TraitFactory(memory=memory, dimension=("openness", "food", "sleep")[number])
        fact = KnowledgeFactory(memory=memory, status=KnowledgeStatus.DISABLED)
        shared = AssistantKnowledgeFactory(assistant=memory.assistant)
        attribute.sources.add(page)
        trait.evidence.add(page)
        fact.sources.add(page)
        shared.sources.add(page)
        wanted[page.pk] = {
            (Tier.PROFILE, attribute.pk),
            (Tier.TRAIT, trait.pk),
            (Tier.USER_KNOWLEDGE, fact.pk),
            (Tier.ASSISTANT_KNOWLEDGE, shared.pk),
        }
    with django_assert_num_queries(1):
        found = learnt_from(list(wanted))
    assert {page: set(rows) for page, rows in found.items()} == wanted


def test_proposals_are_not_told(memory: Memory) -> None:
    page = PageFactory(memory=memory)
    AssistantKnowledgeFactory(assistant=memory.assistant, status=KnowledgeStatus.PROPOSED).sources.add(page)
    assert dict(learnt_from([page.pk])) == {}


def test_other_pages_and_no_pages_are_not_looked_at(
    memory: Memory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    KnowledgeFactory(memory=memory).sources.add(PageFactory(memory=memory))
    assert dict(learnt_from([PageFactory(memory=memory).pk])) == {}
    with django_assert_num_queries(0):
        assert dict(learnt_from([])) == {}
