"""Who may open an account, and where the invitation of a newcomer is kept meanwhile."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.http import urlencode

from memory.domain.invitations import accept_invitation, read_token
from memory.exceptions import InvitationUnusable
from memory.models import Membership
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


def let_in(request: HttpRequest, user: User) -> None:
    """Let a newcomer into the assistant of the link by which they came, in the transaction that stores them: a link for
    one makes one account.

    Raises InvitationUnusable where an account takes an invitation and the link lets nobody in any more. Where everybody
    may sign up, such a link hinders nobody.
    """
    if not (token := invitation_of(request)):
        return
    try:
        accept_invitation(token, user)
    except InvitationUnusable:
        if settings.MEMORYOS_SIGNUP == "open":
            return
        raise
    del request.session[INVITATION_KEY]


def start_of(user: User) -> str | None:
    """Return the chat with the assistant that a newcomer was let into; None for who came by themself."""
    place = Membership.objects.filter(user=user).select_related("assistant").first()
    return f"/?{urlencode({'assistant': place.assistant.slug})}" if place else None


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
