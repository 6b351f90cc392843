"""Membership: who belongs to an assistant, and as what. One door per state change.

Every door takes the assistant's lock, so that of two who leave at once the last owner is told to stay. Events belong to
the assistant and to no memory; they name people, and nothing that anybody has told the assistant.

What an assistant remembers of somebody outlives their membership: the memory stays as it is, out of everybody's reach
but their own export, and is theirs again when they come back.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from memory.domain.activity import event, log
from memory.domain.assistants import open_memory
from memory.domain.roles import lock_as
from memory.enums import EventKind, Role
from memory.exceptions import AlreadyMember, AssistantIsArchived, LastOwner, NotAMember, UnknownPerson
from memory.models import Assistant, Invitation, Membership, Memory
from memory.signals import member_returned, membership_ended


@transaction.atomic
def add_member(assistant: Assistant, username: str, role: Role, *, by: User, operator: bool = False) -> Membership:
    """Let the person of this user name use the assistant.

    In one transaction: lock the assistant as an owner; find the person, whose name must be written as they sign in
    (so nobody but an owner learns who has an account); join them (`join`). Raises NotAMember, NotAllowed,
    AssistantIsArchived, UnknownPerson and AlreadyMember.
    """
    locked = lock_as(assistant, by, Role.OWNER, operator=operator)
    require_open(locked)
    name = User.normalize_username(username.strip())
    person = None if "\0" in name else User.objects.filter(username=name, is_active=True).first()
    if person is None:
        raise UnknownPerson
    if locked.memberships.filter(user=person).exists():
        raise AlreadyMember
    return join(locked, person, role, by=by)


def join(locked: Assistant, person: User, role: Role, *, by: User, invitation: Invitation | None = None) -> Membership:
    """Make somebody a member in the caller's transaction, which holds the assistant's lock.

    Lock the person, so that they are not deleted meanwhile; open the memory, or the one they left behind, and then send
    `member_returned`; log `joined`. Raises UnknownPerson for somebody who is gone.
    """
    if not User.objects.select_for_update(no_key=True).filter(pk=person.pk).exists():
        raise UnknownPerson
    membership = Membership.objects.create(assistant=locked, user=person, role=role, invitation=invitation)
    was_here = Memory.objects.filter(assistant=locked, user=person).exists()
    memory = open_memory(person, locked)
    after = {"name": person.get_username(), "role": role.value}
    log(event(EventKind.JOINED, membership, assistant=locked, by=by, after=after))
    if was_here:
        member_returned.send(Memory, memory=memory)
    return membership


@transaction.atomic
def change_role(assistant: Assistant, person: User, role: Role, *, by: User, operator: bool = False) -> Membership:
    """Give a member another role; an owner may demote themself while another one remains. Twice is once.

    In one transaction: lock the assistant as an owner; change the role; revoke the links that an owner had made who is
    none any more; log `role_changed`. Raises NotAMember (also for the person), NotAllowed and LastOwner.
    """
    locked = lock_as(assistant, by, Role.OWNER, operator=operator)
    membership = _of(locked, person)
    if membership.role == role:
        return membership
    if membership.role == Role.OWNER:
        _require_another_owner(locked, person)
    return _set_role(locked, membership, role, by)


@transaction.atomic
def transfer_ownership(assistant: Assistant, to: User, *, by: User, operator: bool = False) -> Membership:
    """Make a member the owner in one's own place; oneself becomes a curator. Twice is once.

    In one transaction: lock the assistant as an owner; change both roles, each with its event, as `change_role` does.
    Other owners stay owners. Raises NotAMember (also for the other) and NotAllowed.
    """
    locked = lock_as(assistant, by, Role.OWNER, operator=operator)
    heir = _of(locked, to)
    if to.pk == by.pk:
        return heir
    if heir.role != Role.OWNER:
        heir = _set_role(locked, heir, Role.OWNER, by)
    own = locked.memberships.select_related("user").filter(user=by, role=Role.OWNER).first()
    if own is not None:
        _set_role(locked, own, Role.CURATOR, by)
    return heir


@transaction.atomic
def remove_member(assistant: Assistant, person: User, *, by: User, operator: bool = False) -> int:
    """End somebody's membership; to remove oneself is to leave. Return how many links were revoked with it.

    In one transaction: lock the assistant as an owner; end the membership (`_end`), with the link by which they came,
    or it would let them in again. Raises NotAMember (also for the person), NotAllowed and LastOwner.
    """
    locked = lock_as(assistant, by, Role.OWNER, operator=operator)
    membership = _of(locked, person)
    kind = EventKind.LEFT if by.pk == person.pk else EventKind.REMOVED
    return _end(locked, membership, kind, by)


@transaction.atomic
def leave(assistant: Assistant, *, by: User) -> None:
    """End one's own membership. In one transaction, as `remove_member`. Raises NotAMember and LastOwner."""
    locked = lock_as(assistant, by, Role.MEMBER)
    _end(locked, _of(locked, by), EventKind.LEFT, by)


def require_not_last_owner(user: User) -> None:
    """Raise LastOwner, naming them, when assistants would have members and no owner without this person."""
    if left_alone := [assistant.name for assistant in assistants_left_alone(user)]:
        raise LastOwner.of(left_alone)


def assistants_left_alone(user: User) -> list[Assistant]:
    """Return the assistants whose last owner this person is, while others are members."""
    owners = Membership.objects.filter(role=Role.OWNER).exclude(user=user)
    others = Membership.objects.exclude(user=user)
    owned = Assistant.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    alone = owned.filter(pk__in=others.values("assistant")).exclude(pk__in=owners.values("assistant"))
    return list(alone.order_by("name", "pk"))


def leave_all(user: User, locked: list[Assistant], *, by: User) -> None:
    """End every membership of a person in the caller's transaction, which holds these assistants' locks.

    For the end of an account: whether somebody is a last owner is asked before (`require_not_last_owner`).
    """
    for assistant in locked:
        membership = assistant.memberships.select_related("user").filter(user=user).first()
        if membership is not None:
            kind = EventKind.LEFT if by.pk == user.pk else EventKind.REMOVED
            _end(assistant, membership, kind, by, is_last=True)


def require_open(assistant: Assistant) -> None:
    """Raise AssistantIsArchived for an archived assistant: nobody joins it."""
    if assistant.archived_at is not None:
        raise AssistantIsArchived


def _of(locked: Assistant, person: User) -> Membership:
    membership = locked.memberships.select_related("user").filter(user=person).first()
    if membership is None:
        raise NotAMember
    return membership


def _require_another_owner(locked: Assistant, person: User) -> None:
    if not locked.memberships.filter(role=Role.OWNER).exclude(user=person).exists():
        raise LastOwner


def _set_role(locked: Assistant, membership: Membership, role: Role, by: User) -> Membership:
    before = {"role": membership.role}
    if membership.role == Role.OWNER:
        _revoke_links(locked, by, created_by=membership.user)
    membership.role = role
    membership.save(update_fields=["role"])
    after = {"name": membership.user.get_username(), "role": role.value}
    log(event(EventKind.ROLE_CHANGED, membership, assistant=locked, by=by, before=before, after=after))
    return membership


def _end(locked: Assistant, membership: Membership, kind: EventKind, by: User, *, is_last: bool = False) -> int:
    """Refuse for the last owner, unless `is_last`; revoke the links this person made, and the one they came by where
    they were removed; log; delete the row; send `membership_ended`.
    """
    person = membership.user
    if membership.role == Role.OWNER and not is_last:
        _require_another_owner(locked, person)
    revoked = _revoke_links(locked, by, created_by=person)
    if kind == EventKind.REMOVED and membership.invitation_id is not None:
        revoked += _revoke_links(locked, by, pk=membership.invitation_id)
    before, after = {"role": membership.role}, {"name": person.get_username()}
    log(event(kind, membership, assistant=locked, by=by, before=before, after=after))
    membership.delete()
    membership_ended.send(Membership, assistant=locked, user_id=person.pk)
    return revoked


def _revoke_links(locked: Assistant, by: User, **which: object) -> int:
    """Revoke open links, each with its event; return how many."""
    now = timezone.now()
    open_links = list(Invitation.objects.filter(assistant=locked, **which).usable(now))
    Invitation.objects.filter(pk__in=[link.pk for link in open_links]).update(revoked_at=now)
    log(*(event(EventKind.REVOKED, link, assistant=locked, by=by, after={"role": link.role}) for link in open_links))
    return len(open_links)
