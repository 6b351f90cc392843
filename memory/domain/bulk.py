"""Bulk: one deed done to several facts, or undone, all or as many as allow it, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from memory.domain.disabling import disable_knowledge, enable_knowledge, pin_knowledge, unpin_knowledge
from memory.domain.knowledge import delete_knowledge, lock_home
from memory.domain.merging import reinstate_knowledge
from memory.domain.roles import lock_as
from memory.domain.shelving import approve_knowledge, archive_knowledge, decline_knowledge, unarchive_knowledge
from memory.domain.undoing import deleted_words, undelete_knowledge
from memory.enums import Role, Subject
from memory.exceptions import DuplicateKnowledge, MemoryOSError, NothingToRestore
from memory.models import Assistant, Knowledge, Memory

Deed = Callable[..., Knowledge | None]
Reason = str

DEEDS: Mapping[str, Deed] = {
    "pin": pin_knowledge,
    "unpin": unpin_knowledge,
    "disable": disable_knowledge,
    "enable": enable_knowledge,
    "archive": archive_knowledge,
    "unarchive": unarchive_knowledge,
    "reinstate": reinstate_knowledge,
    "approve": approve_knowledge,
    "decline": decline_knowledge,
    "delete": delete_knowledge,
}
"""What can be done to several at once, each through the door of one."""
NOTHING_TO_DO = _("It is so already, or its status does not allow it.")
GONE = _("It is not there any more.")


@dataclass(frozen=True, slots=True)
class Done:
    """What a deed has changed, and what it has not, with the reason."""

    changed: tuple[Knowledge, ...]
    refused: tuple[tuple[Knowledge, Reason], ...]


@dataclass(frozen=True, slots=True)
class Undone:
    """Which of several deleted facts are back, and which are not: by their words, and the reason.

    `unknown` counts those of which the log has no words: they were forgotten, or never belonged here.
    """

    back: tuple[Knowledge, ...]
    refused: tuple[tuple[str, Reason], ...]
    unknown: int


def change_all(
    home: Memory | Assistant, entries: Sequence[Knowledge], deed: str, *, by: User, operator: bool = False
) -> Done:
    """Do one of `DEEDS` to each of these facts of a home, in the order given; return what became of them.

    One transaction behind the home's lock. A fact that refuses is left as it is and hinders no other. Each change is
    logged by its own door. To decide on proposals the role is asked behind the lock (`operator`: see `roles.lock_as`).
    Raises KeyError for an unknown deed, NotAllowed and NotAMember.
    """
    door = DEEDS[deed]
    changed: list[Knowledge] = []
    refused: list[tuple[Knowledge, Reason]] = []
    with transaction.atomic():
        lock_home(home)
        if deed in ("approve", "decline") and isinstance(home, Assistant):
            lock_as(home, by, Role.CURATOR, operator=operator)
        for entry in entries:
            try:
                with transaction.atomic():
                    before = Knowledge.objects.only("pk", "status", "pinned").get(pk=entry.pk)
                    after = door(entry, by=by)
            except ObjectDoesNotExist:
                refused.append((entry, str(GONE)))
            except MemoryOSError as refusal:
                refused.append((entry, str(refusal)))
            else:
                if after is not None and (after.status, after.pinned) == (before.status, before.pinned):
                    refused.append((entry, str(NOTHING_TO_DO)))
                else:
                    changed.append(entry)
    return Done(tuple(changed), tuple(refused))


def undelete_all(memory: Memory, keys: Sequence[int], subject: Subject, *, by: User) -> Undone:
    """Bring back each of these deleted facts, the last one first; return what became of them. Twice is once.

    One transaction behind the lock of the memory, for facts about its assistant of that one, too. A fact that cannot
    come back hinders no other. Each is logged by `undelete_knowledge`. The other way round than they went: so what had
    replaced another one is there before it, or is pointed to anew, as before.
    """
    back: list[Knowledge] = []
    refused: list[tuple[str, Reason]] = []
    unknown = 0
    with transaction.atomic():
        lock_home(memory)
        if subject is Subject.ASSISTANT:
            lock_home(memory.assistant)
        for key in reversed(dict.fromkeys(keys)):
            try:
                with transaction.atomic():
                    back.append(undelete_knowledge(memory, key, subject, by=by))
            except NothingToRestore:
                unknown += 1
            except DuplicateKnowledge as refusal:
                refused.append((deleted_words(memory, key, subject), str(refusal)))
    return Undone(tuple(reversed(back)), tuple(reversed(refused)), unknown)
