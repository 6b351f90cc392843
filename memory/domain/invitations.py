"""Invitations: links that let whoever holds one join an assistant.

A link is the invitation's key with a signature. Nothing secret is stored: the signature is made anew whenever the link
is shown, and a copy of the database alone makes nobody a member.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.utils import timezone

from memory.domain.activity import event, log
from memory.domain.membership import join, require_open
from memory.domain.roles import lock_as, lock_assistant
from memory.enums import EventKind, Role
from memory.exceptions import (
    InvitationExpired,
    InvitationGone,
    InvitationOfArchived,
    InvitationRevoked,
    InvitationUnusable,
    InvitationUsedUp,
)
from memory.models import Assistant, Invitation, Membership

DAYS = (1, 7, 30)
"""How long a link may be open."""
MOST_USES = 1000
_SALT = "memory.invitation"
_CLOSED: dict[str, type[InvitationUnusable]] = {
    "revoked": InvitationRevoked,
    "used_up": InvitationUsedUp,
    "expired": InvitationExpired,
}


@dataclass(frozen=True, slots=True)
class Joined:
    """Where an invitation has led; `is_new` is False for somebody who was a member already."""

    membership: Membership
    is_new: bool


@transaction.atomic
def create_invitation(
    assistant: Assistant, role: Role, *, days: int, max_uses: int | None, by: User, operator: bool = False
) -> Invitation:
    """Make a link to an assistant, open for `days` (one of `DAYS`) and for `max_uses` people (None: any number).

    In one transaction: lock the assistant as an owner; store the invitation; log `invited`. Raises NotAMember,
    NotAllowed, AssistantIsArchived, and ValueError for other numbers.
    """
    if days not in DAYS or (max_uses is not None and not 1 <= max_uses <= MOST_USES):
        raise ValueError(f"An invitation is open for {DAYS} days and for at most {MOST_USES} people.")
    locked = lock_as(assistant, by, Role.OWNER, operator=operator)
    require_open(locked)
    expires_at = timezone.now() + timedelta(days=days)
    invitation = Invitation.objects.create(
        assistant=locked, role=role, created_by=by, expires_at=expires_at, max_uses=max_uses
    )
    after = {"role": role.value, "expires_at": expires_at.isoformat(), "max_uses": max_uses}
    log(event(EventKind.INVITED, invitation, assistant=locked, by=by, after=after))
    # The key comes from the database.
    invitation.refresh_from_db(fields=["key"])
    return invitation


@transaction.atomic
def revoke_invitation(invitation: Invitation, *, by: User, operator: bool = False) -> Invitation:
    """Close a link at once; who has come by it stays. Twice is once.

    In one transaction: lock the assistant as an owner; note when; log `revoked`. Raises NotAMember, NotAllowed and
    Invitation.DoesNotExist.
    """
    locked = lock_as(invitation.assistant, by, Role.OWNER, operator=operator)
    fresh = Invitation.objects.select_related("created_by").get(pk=invitation.pk, assistant=locked)
    if fresh.revoked_at is None:
        fresh.revoked_at = timezone.now()
        fresh.save(update_fields=["revoked_at"])
        log(event(EventKind.REVOKED, fresh, assistant=locked, by=by, after={"role": fresh.role}))
    return fresh


def link_token(invitation: Invitation) -> str:
    """Return what stands in the link of an invitation."""
    return _signer().sign(invitation.key.hex)


def find_invitation(token: str) -> Invitation:
    """Return the invitation of a link, whether it is still open or not, with its assistant and who made it.

    Raises InvitationUnusable for what is no link of ours, InvitationGone where it was deleted since.
    """
    try:
        key = UUID(hex=_signer().unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise InvitationUnusable from error
    found = Invitation.objects.select_related("assistant", "created_by").filter(key=key).first()
    if found is None:
        raise InvitationGone
    return found


def require_usable(invitation: Invitation, at: datetime) -> None:
    """Raise InvitationRevoked, InvitationUsedUp, InvitationExpired or InvitationOfArchived."""
    if invitation.assistant.archived_at is not None:
        raise InvitationOfArchived
    if fault := _CLOSED.get(invitation.state(at)):
        raise fault


def read_token(token: str) -> Invitation:
    """Return the invitation of a link that lets somebody in now. Raises InvitationUnusable, mostly one of its kinds."""
    invitation = find_invitation(token)
    require_usable(invitation, timezone.now())
    return invitation


def accept_invitation(token: str, user: User) -> Joined:
    """Let a person in by a link.

    In one transaction: lock the assistant; leave a member as they are, whatever has become of the link, and count no
    use; look at the link again; count the use; join the person (`membership.join`), who finds the memory they may have
    left behind. Of two at once on a link for one, one gets in. Raises InvitationUnusable, mostly one of its kinds, and
    UnknownPerson for an account that is being deleted.
    """
    invitation = find_invitation(token)
    with transaction.atomic():
        try:
            locked = lock_assistant(invitation.assistant)
            fresh = Invitation.objects.get(pk=invitation.pk)
        except (Assistant.DoesNotExist, Invitation.DoesNotExist) as error:
            raise InvitationGone from error
        membership = locked.memberships.filter(user=user).first()
        if membership is not None:
            return Joined(membership, is_new=False)
        fresh.assistant = locked
        require_usable(fresh, timezone.now())
        fresh.use_count += 1
        fresh.save(update_fields=["use_count"])
        return Joined(join(locked, user, Role(fresh.role), by=user, invitation=fresh), is_new=True)


def _signer() -> signing.Signer:
    # With a full stop: a colon at the end of a line is easily taken for the sentence's.
    return signing.Signer(salt=_SALT, sep=".")
