"""Roles: who may do what with an assistant. Asked behind the assistant's lock, so that a demotion holds at once."""

from __future__ import annotations

from django.contrib.auth.models import User

from memory.enums import Role
from memory.exceptions import NotAllowed, NotAMember
from memory.models import Assistant, Membership

_RANK = {Role.MEMBER: 0, Role.CURATOR: 1, Role.OWNER: 2}


def reaches(role: str, at_least: Role) -> bool:
    """Say whether a role is this one or above it: owner > curator > member."""
    return _RANK[Role(role)] >= _RANK[at_least]


def role_at(assistant: Assistant, user: User) -> Role:
    """Return the person's role. Raises NotAMember."""
    role = Membership.objects.filter(assistant=assistant, user=user).values_list("role", flat=True).first()
    if role is None:
        raise NotAMember
    return Role(role)


def lock_assistant(assistant: Assistant) -> Assistant:
    """Return the assistant with its row locked until the transaction ends: its settings, members, invitations and
    shared knowledge change behind this lock. Where a memory is locked, too, that comes first.

    Raises Assistant.DoesNotExist.
    """
    return Assistant.objects.select_for_update(no_key=True).get(pk=assistant.pk)


def lock_as(assistant: Assistant, by: User, at_least: Role, *, operator: bool = False) -> Assistant:
    """Lock the assistant and make sure that this person's role still allows what comes next.

    `operator` is for Django's admin, which has permissions of its own: the role is not asked, all else holds. Raises
    NotAMember, NotAllowed and Assistant.DoesNotExist.
    """
    locked = lock_assistant(assistant)
    if not operator and not reaches(role_at(locked, by), at_least):
        raise NotAllowed
    return locked
