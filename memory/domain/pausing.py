"""Pausing: a person lets a memory rest. What it holds stays as it is, and can be read and mended as ever.

Two switches. While learning is paused, nothing that is said becomes a page or a fact, and nothing moves or is analysed;
what a person writes or imports by hand still comes in. While recall is paused, answers are given nothing.
"""

from __future__ import annotations

from typing import Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from memory.domain.activity import event, log
from memory.enums import EventKind
from memory.exceptions import LearningPaused
from memory.models import Memory
from memory.signals import learning_resumed

What = Literal["learning", "recall"]


def pause_learning(memory: Memory, *, by: User) -> Memory:
    """Let nothing said from now on be remembered, and nothing move between the tiers. Twice is once.

    In one transaction: lock the memory, note since when, log `paused`. Work that runs just now changes nothing any
    more; an answer that is being written is not recorded. Raises Memory.DoesNotExist.
    """
    return _pause(memory, "learning", by)


def resume_learning(memory: Memory, *, by: User) -> Memory:
    """Let the memory learn again. Twice is once. What was said meanwhile stays out.

    In one transaction: lock the memory, log `resumed`, send `learning_resumed`, so that what waits in short-term and
    mid-term memory gets its turn. Raises Memory.DoesNotExist.
    """
    with transaction.atomic():
        locked, changed = _resume(memory, "learning", by)
        if changed:
            learning_resumed.send(Memory, memory=locked)
    return locked


def pause_recall(memory: Memory, *, by: User) -> Memory:
    """Let answers be given nothing of the memory from now on. Twice is once.

    In one transaction: lock the memory, note since when, log `paused`. Raises Memory.DoesNotExist.
    """
    return _pause(memory, "recall", by)


def resume_recall(memory: Memory, *, by: User) -> Memory:
    """Let answers be given what fits the question again. Twice is once.

    In one transaction: lock the memory, log `resumed`. Raises Memory.DoesNotExist.
    """
    with transaction.atomic():
        return _resume(memory, "recall", by)[0]


def lock_learning(memory: Memory) -> Memory:
    """Lock a memory to move or analyse its pages, in the caller's transaction.

    Raises LearningPaused where its person has paused that, or is no longer a member of the assistant, and
    Memory.DoesNotExist.
    """
    locked = Memory.objects.locked(memory.pk)
    if not Memory.objects.filter(pk=locked.pk).learning().exists():
        raise LearningPaused
    return locked


def _pause(memory: Memory, what: What, by: User) -> Memory:
    column = f"{what}_paused_at"
    with transaction.atomic():
        locked = Memory.objects.locked(memory.pk)
        if getattr(locked, column) is None:
            setattr(locked, column, timezone.now())
            locked.save(update_fields=[column])
            log(event(EventKind.PAUSED, locked, memory=locked, by=by, after={"what": what}))
    return locked


def _resume(memory: Memory, what: What, by: User) -> tuple[Memory, bool]:
    column = f"{what}_paused_at"
    locked = Memory.objects.locked(memory.pk)
    since = getattr(locked, column)
    if since is None:
        return locked, False
    setattr(locked, column, None)
    locked.save(update_fields=[column])
    before = {"what": what, "since": since.isoformat()}
    log(event(EventKind.RESUMED, locked, memory=locked, by=by, before=before, after={"what": what}))
    return locked, True
