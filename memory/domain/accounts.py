"""Accounts: the end of one. Sessions and passwords are Django's."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from memory.domain.activity import event, log
from memory.domain.membership import leave_all, require_not_last_owner
from memory.enums import EventKind
from memory.models import Assistant, Memory, ModelCall
from memory.signals import assistant_archived


def delete_account(user: User, *, by: User) -> None:
    """Delete a person with all that assistants remember of them: the one door, for themself and for Django's admin.

    In one transaction: lock their memories, their assistants and the person, in this order; refuse where others would
    be left without an owner; end their memberships, with `membership_ended` for each; of assistants that have no member
    left, archive those that remember somebody else, who may still want their export, and delete the others; delete the
    person, with memories, conversations and what was learnt of them. What members share stays, without a name; so
    does the log of each assistant. Raises LastOwner and User.DoesNotExist.
    """
    while not _delete_account(user, by):
        # They joined another assistant between our look and our lock.
        continue


@transaction.atomic
def _delete_account(user: User, by: User) -> bool:
    """Delete the account; False, having changed nothing, when it has more assistants by now than were locked."""
    list(Memory.objects.filter(user=user).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    assistants = list(_assistants_of(user).order_by("pk").select_for_update(no_key=True))
    # Whoever makes somebody a member takes this lock, too. The key itself is locked by the deletion only: turns of a
    # conversation that are just beginning hold the membership and refer to the person.
    person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if set(_assistants_of(user).values_list("pk", flat=True)) - {assistant.pk for assistant in assistants}:
        return False
    require_not_last_owner(person)
    leave_all(person, assistants, by=by)
    for assistant in assistants:
        if not assistant.memberships.exists():
            _close(assistant, person, by)
    # The costs stay with their assistants; why a call failed was the person's to know.
    ModelCall.objects.filter(memory__user=person).update(detail="")
    person.delete()
    return True


def _assistants_of(user: User) -> QuerySet[Assistant]:
    mine = Q(pk__in=user.memberships.values("assistant")) | Q(pk__in=user.memories.values("assistant"))
    return Assistant.objects.filter(mine)


def _close(assistant: Assistant, person: User, by: User) -> None:
    """Delete an assistant that nobody uses any more; archive it where it still remembers somebody else."""
    if not assistant.memories.exclude(user=person).exists():
        assistant.delete()
    elif assistant.archived_at is None:
        assistant.archived_at = timezone.now()
        assistant.save(update_fields=["archived_at"])
        log(event(EventKind.ARCHIVED, assistant, assistant=assistant, by=by, after={"name": assistant.name}))
        assistant_archived.send(Assistant, assistant=assistant)
