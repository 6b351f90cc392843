"""Archiving an assistant and bringing it back."""

from __future__ import annotations

from typing import Any

import pytest

from memory.domain.assistants import current_memory, ensure_default_memory
from memory.domain.retiring import archive_assistant, restore_assistant
from memory.enums import EventKind, Role
from memory.exceptions import NotAllowed, NotAMember
from memory.models import Assistant, Memory, MemoryEvent
from tests.memory.factories import MemoryFactory, PageFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Memory:
    memory: Memory = MemoryFactory()
    PageFactory(memory=memory)
    return memory


def kinds() -> list[str]:
    return list(MemoryEvent.objects.filter(memory=None).order_by("pk").values_list("kind", flat=True))


def test_archiving_and_bringing_back_are_noted_once_each(owner: Memory) -> None:
    first = archive_assistant(owner.assistant, by=owner.user).archived_at
    assert archive_assistant(owner.assistant, by=owner.user).archived_at == first
    for _ in range(2):
        assert restore_assistant(owner.assistant, by=owner.user).archived_at is None
    assert kinds() == [EventKind.ARCHIVED, EventKind.RESTORED]
    assert owner.pages.count() == 1


@pytest.mark.parametrize("deed", [archive_assistant, restore_assistant])
def test_only_an_owner_or_an_operator_may(owner: Memory, deed: Any) -> None:
    curator = MemoryFactory(assistant=owner.assistant, role=Role.CURATOR)
    with pytest.raises(NotAllowed):
        deed(owner.assistant, by=curator.user)
    with pytest.raises(NotAMember):
        deed(owner.assistant, by=UserFactory())
    assert kinds() == []
    deed(owner.assistant, by=UserFactory(), operator=True)


def test_nobody_is_stuck_whose_only_assistant_is_archived(owner: Memory) -> None:
    archive_assistant(owner.assistant, by=owner.user)
    with pytest.raises(Assistant.DoesNotExist):
        current_memory(owner.user, owner.assistant.slug)
    assert current_memory(owner.user, owner.assistant.slug, reading=True) == owner
    fresh = ensure_default_memory(owner.user)
    assert fresh != owner
    assert ensure_default_memory(owner.user) == fresh
    restore_assistant(owner.assistant, by=owner.user)
    assert ensure_default_memory(owner.user) == owner
