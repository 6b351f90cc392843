"""The page behind an invitation link."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from memory.domain.invitations import accept_invitation, find_invitation, read_token, require_usable
from memory.exceptions import InvitationUnusable, UnknownPerson
from memory.models import Invitation, Membership
from memory.views.assistants.base import PersonView
from memory.views.base import DashboardRequest

SESSION_KEY = "invitation"
"""Where the token of a link waits for somebody who must sign in, or up, first."""


class Join(PersonView):
    """Says which assistant it is, who invites, as what, and what the others will see; then lets in.

    What is no link of ours is not found. A link that is closed says why, with 410; a member is told that they are in.
    """

    http_method_names = ["get", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = super().dispatch(request, *args, **kwargs)
        except UnknownPerson as refusal:
            # The account is being deleted.
            raise Http404 from refusal
        except InvitationUnusable as refusal:
            if type(refusal) is InvitationUnusable:
                raise Http404 from refusal
            response = render(request, "assistants/invitation_over.html", {"reason": refusal}, status=410)
        patch_cache_control(response, no_store=True)
        return response

    def to_sign_in(self) -> HttpResponseBase:
        """Keep the link while its holder signs in, if it lets anybody in."""
        token = self.kwargs["token"]
        read_token(token)
        self.request.session[SESSION_KEY] = token
        return super().to_sign_in()

    def get(self, request: DashboardRequest, token: str) -> HttpResponse:
        invitation = find_invitation(token)
        if self.is_member_of(invitation):
            return self.already_in(invitation)
        require_usable(invitation, timezone.now())
        context = {"invitation": invitation, "assistant": invitation.assistant, "members": self.others(invitation)}
        return render(request, "assistants/join.html", context)

    def post(self, request: DashboardRequest, token: str) -> HttpResponse:
        invitation = find_invitation(token)
        joined = accept_invitation(token, self.person)
        request.session.pop(SESSION_KEY, None)
        if not joined.is_new:
            return self.already_in(invitation)
        messages.success(request, _("You are in. This is %(name)s.") % {"name": invitation.assistant.name})
        return redirect(f"/?{urlencode({'assistant': invitation.assistant.slug})}")

    def is_member_of(self, invitation: Invitation) -> bool:
        """Whether there is nothing to join any more."""
        return Membership.objects.filter(assistant=invitation.assistant_id, user=self.person).exists()

    def others(self, invitation: Invitation) -> int:
        """Return how many people use the assistant."""
        return Membership.objects.filter(assistant=invitation.assistant_id).count()

    def already_in(self, invitation: Invitation) -> HttpResponse:
        """Say so, with the way to the chat."""
        return render(self.request, "assistants/already_in.html", {"assistant": invitation.assistant})
