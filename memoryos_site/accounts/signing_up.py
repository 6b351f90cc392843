"""Who may open an account, and where the invitation of a newcomer is kept meanwhile."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from memory.domain.invitations import read_token
from memory.exceptions import InvitationUnusable
from memoryos_site.owner import has_account

INVITATION_KEY = "invitation"
"""In the session: the token of the link by which somebody came, put there by the join page."""


def invitation_of(request: HttpRequest) -> str:
    """Return the token of the invitation by which somebody came; blank for none."""
    return str(request.session.get(INVITATION_KEY, ""))


def is_open(request: HttpRequest) -> bool:
    """Tell whether this browser may open an account.

    `open`: everybody's; `closed`: nobody's; `invitation`: that of someone who came by an invitation that holds.
    Nobody's before the owner's, which the set-up page makes: a stranger's first account would void that page.
    """
    if settings.MEMORYOS_SIGNUP == "closed":
        return False
    if settings.MEMORYOS_SIGNUP == "invitation" and (not invitation_of(request) or fault_of_invitation(request)):
        return False
    return has_account()


def fault_of_invitation(request: HttpRequest) -> InvitationUnusable | None:
    """Return why the invitation by which somebody came lets nobody in; None when it does, or there is none."""
    token = invitation_of(request)
    if not token:
        return None
    try:
        read_token(token)
    except InvitationUnusable as fault:
        return fault
    return None
