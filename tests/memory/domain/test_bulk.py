"""One deed for several facts: bulk.py."""

from __future__ import annotations

import pytest

from memory.domain.bulk import GONE, NOTHING_TO_DO, Undone, change_all, undelete_all
from memory.domain.forgetting import Target, forget
from memory.enums import EventKind, KnowledgeStatus, Role, Subject
from memory.exceptions import DuplicateKnowledge
from memory.models import Knowledge, Memory, MemoryEvent
from tests.memory.factories import AssistantKnowledgeFactory, KnowledgeFactory, MemoryFactory

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


def deleted(memory: Memory, *entries: Knowledge) -> list[int]:
    """Delete facts together; return their keys."""
    keys = [entry.pk for entry in entries]
    home = memory if entries[0].memory_id else memory.assistant
    change_all(home, entries, "delete", by=memory.user)
    assert not Knowledge.objects.filter(pk__in=keys).exists()
    return keys


@pytest.mark.parametrize("subject", Subject)
def test_what_was_deleted_together_comes_back_together_and_once(subject: Subject) -> None:
    memory = MemoryFactory()
    if subject is Subject.USER:
        entries = [KnowledgeFactory(memory=memory, text=text) for text in "abc"]
    else:
        entries = [AssistantKnowledgeFactory(assistant=memory.assistant, text=text) for text in "abc"]
    keys = deleted(memory, *entries)
    for _ in range(2):
        done = undelete_all(memory, [*keys, keys[0]], subject, by=memory.user)
        assert (done.back, done.refused, done.unknown) == (tuple(entries), (), 0)
    assert list(Knowledge.objects.order_by("pk").values_list("text", flat=True)) == ["a", "b", "c"]
    assert MemoryEvent.objects.filter(kind=EventKind.RESTORED).count() == 3


@pytest.mark.parametrize("old_first", [True, False])
def test_facts_that_had_replaced_each_other_do_so_again(old_first: bool) -> None:
    memory = MemoryFactory()
    one, two = (KnowledgeFactory(memory=memory, text=text) for text in "ab")
    old, new = (one, two) if old_first else (two, one)
    Knowledge.objects.filter(pk=old.pk).update(status=KnowledgeStatus.SUPERSEDED, superseded_by=new)
    old_key, new_key = old.pk, new.pk
    keys = deleted(memory, one, two)
    undelete_all(memory, keys, Subject.USER, by=memory.user)
    fresh = Knowledge.objects.get(pk=old_key)
    assert (fresh.status, fresh.superseded_by_id) == (KnowledgeStatus.SUPERSEDED, new_key)


def test_what_cannot_come_back_hinders_no_other_and_is_named() -> None:
    memory = MemoryFactory()
    other = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    entries = [KnowledgeFactory(memory=memory, text=text) for text in ("Likes tea.", "Likes milk.", "Likes rum.")]
    keys = deleted(memory, *entries)
    [theirs] = deleted(other, KnowledgeFactory(memory=other, text="theirs"))
    [shared] = deleted(memory, AssistantKnowledgeFactory(assistant=memory.assistant, text="shared"))
    KnowledgeFactory(memory=memory, text="likes milk")
    undelete_all(memory, keys[2:], Subject.USER, by=memory.user)
    forget(memory, Target("knowledge", (keys[2],)), by=memory.user)
    done = undelete_all(memory, [*keys, theirs, shared, 10**17], Subject.USER, by=memory.user)
    assert done == Undone((entries[0],), (("Likes milk.", str(DuplicateKnowledge())),), 4)
    assert set(Knowledge.objects.values_list("text", flat=True)) == {"Likes tea.", "likes milk"}
