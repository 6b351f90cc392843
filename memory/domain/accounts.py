"""Accounts: the end of one. Sessions and passwords are Django's."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from memory.domain.connections import disconnect_model, own_connection
from memory.domain.ending import end_memory, end_proposals, lock_assistants, lock_memories
from memory.domain.membership import leave_all, require_not_last_owner
from memory.domain.retiring import archive_assistant
from memory.models import Assistant, Knowledge, Memory


def delete_account(user: User, *, by: User) -> None:
    """Delete a person with all that assistants remember of them: the one door, for themself and for Django's admin.

    In one transaction: lock their memories, their assistants and the person, in this order; refuse where others would
    be left without an owner; end their memberships, with `membership_ended` for each; of assistants that have no member
    left, archive those that remember somebody else, who may still want their export, without the key of a connected
    model, and delete the others; end the memories, with what the person has proposed and nobody has approved; delete
    the person. What was approved stays the team's, without a name; so does the log of each assistant. Raises LastOwner
    and User.DoesNotExist.
    """
    if not delete_accounts([user], by=by):
        raise User.DoesNotExist


@transaction.atomic
def delete_accounts(people: Collection[User], *, by: User) -> int:
    """Delete several people, as `delete_account` does one, all or none; return how many were still there.

    All locks are taken before anything is changed, each kind in one order: one person after the other would take the
    next one's memory while holding an assistant for which its writer waits.
    """
    while (deleted := _delete_accounts(people, by)) is None:
        # Somebody joined another assistant between our look and our lock.
        continue
    return deleted


@transaction.atomic
def _delete_accounts(people: Collection[User], by: User) -> int | None:
    """Delete the accounts; None, having changed and locked nothing, when they have more assistants than were locked."""
    keys = [person.pk for person in people]
    lock_memories(Memory.objects.filter(user__in=keys))
    assistants = lock_assistants(_assistants_of(keys))
    # Whoever makes somebody a member takes this lock, too. The key itself is locked by the deletion only: turns of a
    # conversation that are just beginning hold the membership and refer to the person.
    found = list(User.objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True))
    if set(_assistants_of(keys).values_list("pk", flat=True)) - {assistant.pk for assistant in assistants}:
        transaction.set_rollback(True)
        return None
    for person in found:
        _delete(person, assistants, by)
    return len(found)


def _delete(person: User, locked: list[Assistant], by: User) -> None:
    """Delete one person in the caller's transaction, which holds their assistants' locks and maybe those of others."""
    require_not_last_owner(person)
    theirs = set(_assistants_of([person.pk]).values_list("pk", flat=True))
    assistants = [assistant for assistant in locked if assistant.pk in theirs]
    leave_all(person, assistants, by=by)
    for assistant in assistants:
        if not assistant.memberships.exists():
            _close(assistant, person, by)
    for memory in Memory.objects.filter(user=person).select_related("assistant").order_by("pk"):
        end_memory(memory)
    end_proposals(person, theirs)
    person.delete()


def _assistants_of(keys: Collection[int]) -> QuerySet[Assistant]:
    """Return where people are members, are remembered, or have proposed something."""
    places = Q(memberships__user__in=keys) | Q(memories__user__in=keys)
    proposed = Knowledge.objects.filter(proposed_by__in=keys, assistant__isnull=False)
    found = Assistant.objects.filter(places).values("pk")
    return Assistant.objects.filter(Q(pk__in=found) | Q(pk__in=proposed.values("assistant")))


def _close(assistant: Assistant, person: User, by: User) -> None:
    """Delete an assistant that nobody uses any more; archive it where it still remembers somebody else, without the key
    of whoever has connected a model: nobody is left who could take it away.
    """
    if not assistant.memories.exclude(user=person).exists():
        assistant.delete()
        return
    archive_assistant(assistant, by=by, operator=True)
    if (connected := own_connection(assistant)) is not None:
        disconnect_model(assistant, by=by, expected=connected.updated_at, operator=True)
