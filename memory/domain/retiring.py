"""Taking an assistant out of use and bringing it back. Nobody's data goes: its members read and export as before."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from memory.domain.activity import event, log
from memory.domain.roles import lock_as
from memory.enums import EventKind, Role
from memory.models import Assistant


@transaction.atomic
def archive_assistant(assistant: Assistant, *, by: User, operator: bool = False) -> Assistant:
    """Let nobody talk to the assistant any more, nor change what it remembers. Twice is once.

    In one transaction: lock the assistant, make sure of the role, note since when, log `archived`. An answer that is
    being written is finished and remembered; what waits in the background is done. Raises NotAMember, NotAllowed,
    Assistant.DoesNotExist.
    """
    locked = lock_as(assistant, by, Role.OWNER, operator=operator)
    if locked.archived_at is None:
        locked.archived_at = timezone.now()
        locked.save(update_fields=["archived_at"])
        log(event(EventKind.ARCHIVED, locked, assistant=locked, by=by, after={"name": locked.name}))
    return locked


@transaction.atomic
def restore_assistant(assistant: Assistant, *, by: User, operator: bool = False) -> Assistant:
    """Let its members talk to the assistant again; everything is as it was. Twice is once.

    In one transaction: lock the assistant, make sure of the role, log `restored`. Raises NotAMember, NotAllowed,
    Assistant.DoesNotExist.
    """
    locked = lock_as(assistant, by, Role.OWNER, operator=operator)
    if locked.archived_at is not None:
        before = {"since": locked.archived_at.isoformat()}
        locked.archived_at = None
        locked.save(update_fields=["archived_at"])
        log(event(EventKind.RESTORED, locked, assistant=locked, by=by, before=before, after={"name": locked.name}))
    return locked
