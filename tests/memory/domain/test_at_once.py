"""Two at once: the same undo, the same restore, the same edit, and a forgetting meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from memory.domain.forgetting import Target, forget
from memory.domain.history import restore_state
from memory.domain.knowledge import delete_knowledge, edit_knowledge
from memory.domain.persona import edit_profile
from memory.domain.undoing import undelete_knowledge
from memory.enums import EventKind, Subject
from memory.exceptions import EditConflict, MemoryOSError, NothingToForget, NothingToRestore
from memory.models import Knowledge, Profile
from tests.memory.factories import KnowledgeFactory, MemoryFactory, ProfileFactory
from tests.memory.fakes import WordEmbedder
from tests.memory.traces import traces_of

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds: Callable[[], object]) -> list[type[Exception] | None]:
    """Do things in threads that start together; return what each raised."""
    ready = threading.Barrier(len(deeds))
    raised: list[type[Exception] | None] = [None] * len(deeds)

    def run(number: int, deed: Callable[[], object]) -> None:
        try:
            ready.wait(30)
            deed()
        except (MemoryOSError, Knowledge.DoesNotExist) as error:
            raised[number] = type(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def until_waiting(count: int) -> None:
    """Return once so many transactions wait for a lock."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= count:
                return
        time.sleep(0.05)
    raise AssertionError("Nobody waits.")


def test_a_deletion_undone_twice_at_once_is_undone_once() -> None:
    memory = MemoryFactory()
    entry = KnowledgeFactory(memory=memory)
    pk = entry.pk
    delete_knowledge(entry, by=memory.user)
    undo = partial(undelete_knowledge, memory, pk, Subject.USER, by=memory.user)
    assert at_once(undo, undo, undo, undo) == [None] * 4
    assert memory.knowledge.get().pk == pk
    assert memory.events.filter(kind=EventKind.RESTORED).count() == 1


def test_one_restored_twice_at_once_is_restored_once() -> None:
    memory = MemoryFactory()
    entry = KnowledgeFactory(memory=memory, text="Likes tea.")
    edit_knowledge(entry, "Likes coffee.", WordEmbedder(), by=memory.user)
    event, entry = memory.events.get(), memory.knowledge.get()
    restore = partial(restore_state, entry, event.pk, WordEmbedder(), by=memory.user)
    assert at_once(restore, restore) == [None, None]
    assert memory.events.filter(kind=EventKind.RESTORED).count() == 1


def test_of_two_edits_at_once_the_second_is_told() -> None:
    attribute = ProfileFactory(value="cook")
    user, seen = attribute.memory.user, attribute.updated_at
    edit = partial(edit_profile, attribute, by=user, expected=seen)
    raised = at_once(partial(edit, "chef"), partial(edit, "baker"))
    assert sorted(raised, key=str) == sorted([None, EditConflict], key=str)
    assert Profile.objects.get().value == ("chef", "baker")[raised.index(None)]


@pytest.mark.parametrize("deed", ["undo", "restore"])
def test_what_is_forgotten_at_the_same_time_stays_forgotten(deed: str) -> None:
    """Whoever is first: in the end nothing is left of it, or all of it is there and the forgetting was refused."""
    memory = MemoryFactory()
    entry = KnowledgeFactory(memory=memory, text="Likes Zanzibar.")
    edit_knowledge(entry, "Likes Oslo.", WordEmbedder(), by=memory.user)
    event, entry = memory.events.get(), memory.knowledge.get()
    pk = entry.pk
    if deed == "undo":
        delete_knowledge(Knowledge.objects.get(pk=pk), by=memory.user)

    def set_back() -> object:
        if deed == "undo":
            return undelete_knowledge(memory, pk, Subject.USER, by=memory.user)
        return restore_state(entry, event.pk, WordEmbedder(), by=memory.user)

    raised = at_once(partial(forget, memory, Target("knowledge", (pk,)), by=memory.user), set_back)
    there = memory.knowledge.filter(pk=pk).exists()
    if deed == "undo" and raised[0] is NothingToForget:
        assert there
    else:
        assert not there
        assert traces_of("Zanzibar") == {}
        assert raised[1] in (None, NothingToRestore, Knowledge.DoesNotExist)
