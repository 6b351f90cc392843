"""Connections: which model answers, and where it is."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from memory.domain.activity import event, log
from memory.domain.roles import lock_as
from memory.enums import EventKind, Role
from memory.exceptions import EditConflict, NotAllowed
from memory.models import Assistant, ModelConnection


@transaction.atomic
def disconnect_model(
    assistant: Assistant | None, *, by: User, expected: datetime | None, operator: bool = False
) -> None:
    """Forget a connection with its key; the installation's or the environment's model answers again.

    `expected` is its last change that the person has seen. In one transaction: lock the assistant as an owner (of the
    installation's, only a superuser may); delete the row; log `configured` on the assistant. Raises EditConflict,
    NotAllowed, NotAMember and Assistant.DoesNotExist.
    """
    if assistant is not None:
        lock_as(assistant, by, Role.OWNER, operator=operator)
    elif not User.objects.filter(pk=by.pk, is_active=True, is_superuser=True).exists():
        raise NotAllowed
    rows = (
        ModelConnection.objects.filter(assistant=assistant)
        if assistant
        else ModelConnection.objects.filter(assistant=None)
    )
    row = rows.select_for_update().first()
    if row is None or row.updated_at != expected:
        raise EditConflict
    if assistant is not None:
        before, after = {"model": row.model}, {"model": ""}
        log(event(EventKind.CONFIGURED, assistant, assistant=assistant, by=by, before=before, after=after))
    row.delete()
