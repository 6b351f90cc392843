"""Bulk: one deed done to several facts, all or as many as allow it, in one transaction."""

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
from memory.domain.shelving import approve_knowledge, archive_knowledge, decline_knowledge, unarchive_knowledge
from memory.exceptions import MemoryOSError
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


def change_all(home: Memory | Assistant, entries: Sequence[Knowledge], deed: str, *, by: User) -> Done:
    """Do one of `DEEDS` to each of these facts of a home, in the order given; return what became of them.

    One transaction behind the home's lock. A fact that refuses is left as it is and hinders no other. Each change is
    logged by its own door. Raises KeyError for an unknown deed.
    """
    door = DEEDS[deed]
    changed: list[Knowledge] = []
    refused: list[tuple[Knowledge, Reason]] = []
    with transaction.atomic():
        lock_home(home)
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
