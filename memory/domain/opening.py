"""Opening: an operator reads what an assistant remembers of somebody. It is never done unseen."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model

from memory.domain.activity import event, log
from memory.enums import EventKind
from memory.models import Memory


def note_opening(memory: Memory, target: Model, *, by: User, reason: str) -> None:
    """Note in the timeline of a memory that an operator opens something of it, and why. Call it before showing it.

    In one transaction: lock the memory; log `opened`, with the model's name under `what`. What has a key that is no
    number (a conversation) is noted under the memory. Raises Memory.DoesNotExist.
    """
    what = target._meta.model_name
    subject = target if isinstance(target.pk, int) else memory
    with transaction.atomic():
        locked = Memory.objects.locked(memory.pk)
        log(event(EventKind.OPENED, subject, memory=locked, by=by, after={"what": what, "reason": reason}))
