"""Invitations: links that let whoever holds one join an assistant."""

from __future__ import annotations

from uuid import UUID

from django.core import signing
from django.utils import timezone

from memory.exceptions import InvitationExpired, InvitationRevoked, InvitationUnusable, InvitationUsedUp
from memory.models import Invitation

_CLOSED: dict[str, type[InvitationUnusable]] = {
    "revoked": InvitationRevoked,
    "used_up": InvitationUsedUp,
    "expired": InvitationExpired,
}


def link_token(invitation: Invitation) -> str:
    """Return what stands in the link of an invitation."""
    return _signer().sign(invitation.key.hex)


def read_token(token: str) -> Invitation:
    """Return the invitation of a link that lets somebody in now. Raises InvitationUnusable, mostly one of its kinds."""
    try:
        key = UUID(hex=_signer().unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise InvitationUnusable from error
    found = Invitation.objects.select_related("assistant", "created_by").filter(key=key).first()
    if found is None:
        raise InvitationUnusable
    if fault := _CLOSED.get(found.state(timezone.now())):
        raise fault
    return found


def _signer() -> signing.Signer:
    return signing.Signer(salt="memory.invitation", sep=".")
