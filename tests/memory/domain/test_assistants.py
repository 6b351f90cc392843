import threading

import pytest
from django.db import connections

from memory.domain.assistants import create_assistant, current_memory, ensure_default_memory, open_memory
from memory.enums import Role
from memory.exceptions import NotAMember
from memory.models import Assistant, Memory
from tests.memory.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_newcomer_gets_an_assistant_of_their_own_once() -> None:
    user = UserFactory()
    memory = ensure_default_memory(user)
    assert ensure_default_memory(user) == memory
    assert (memory.assistant.slug, memory.assistant.memberships.get().role) == ("assistant", Role.OWNER)


def test_slugs_of_two_newcomers_differ() -> None:
    slugs = [ensure_default_memory(UserFactory()).assistant.slug for _ in range(3)]
    assert slugs == ["assistant", "assistant-2", "assistant-3"]


def test_an_assistant_one_has_joined_comes_first() -> None:
    membership = MembershipFactory(role=Role.MEMBER)
    assert ensure_default_memory(membership.user).assistant == membership.assistant


def test_a_strangers_assistant_does_not_exist_for_them() -> None:
    memory = create_assistant(UserFactory(), "Private")
    stranger = UserFactory()
    with pytest.raises(Assistant.DoesNotExist):
        current_memory(stranger, "private")
    with pytest.raises(NotAMember):
        open_memory(stranger, memory.assistant)


@pytest.mark.django_db(transaction=True)
def test_two_first_visits_at_once_make_one_assistant() -> None:
    user = UserFactory()
    barrier = threading.Barrier(4)

    def visit() -> None:
        try:
            barrier.wait(timeout=10)
            ensure_default_memory(user)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Assistant.objects.count(), Memory.objects.count()) == (1, 1)
