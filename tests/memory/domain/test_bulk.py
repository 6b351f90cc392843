"""One deed for several facts: bulk.py."""

from __future__ import annotations

import pytest

from memory.domain.bulk import GONE, NOTHING_TO_DO, change_all
from memory.enums import EventKind, KnowledgeStatus
from memory.exceptions import DuplicateKnowledge
from memory.models import Knowledge, MemoryEvent
from tests.memory.factories import KnowledgeFactory, MemoryFactory

pytestmark = pytest.mark.django_db


def test_each_is_changed_and_logged_and_what_refuses_hinders_no_other() -> None:
    memory = MemoryFactory()
    back = KnowledgeFactory(memory=memory, text="Likes tea.", status=KnowledgeStatus.ARCHIVED)
    twin = KnowledgeFactory(memory=memory, text="Likes milk.", status=KnowledgeStatus.ARCHIVED)
    KnowledgeFactory(memory=memory, text="Likes milk.")
    active, gone = KnowledgeFactory(memory=memory), KnowledgeFactory(memory=memory)
    Knowledge.objects.filter(pk=gone.pk).delete()
    done = change_all(memory, [back, twin, active, gone], "unarchive", by=memory.user)
    assert done.changed == (back,)
    assert done.refused == (
        (twin, str(DuplicateKnowledge())),
        (active, str(NOTHING_TO_DO)),
        (gone, str(GONE)),
    )
    assert list(MemoryEvent.objects.values_list("kind", "target_id")) == [(EventKind.RESTORED, back.pk)]


@pytest.mark.parametrize(
    ("deed", "kind"),
    [
        ("pin", EventKind.PINNED),
        ("disable", EventKind.DISABLED),
        ("archive", EventKind.ARCHIVED),
        ("delete", EventKind.DELETED),
    ],
)
def test_a_deed_goes_through_the_door_of_one(deed: str, kind: EventKind) -> None:
    memory = MemoryFactory()
    entries = [KnowledgeFactory(memory=memory) for _ in range(3)]
    assert change_all(memory, entries, deed, by=memory.user).changed == tuple(entries)
    assert list(MemoryEvent.objects.values_list("kind", flat=True)) == [kind] * 3


def test_an_unknown_deed_is_an_error() -> None:
    memory = MemoryFactory()
    with pytest.raises(KeyError):
        change_all(memory, [], "explode", by=memory.user)
