"""What an owner does with invitation links."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from memory.domain.invitations import create_invitation, revoke_invitation
from memory.enums import Role
from memory.exceptions import AssistantIsArchived
from memory.forms import InvitationForm
from memory.models import Invitation
from memory.views.assistants.links import links_of
from memory.views.assistants.members import TeamView
from memory.views.base import DashboardRequest


class LinkCreate(TeamView):
    """A new link."""

    http_method_names = ["post"]
    at_least = Role.OWNER

    def post(self, request: DashboardRequest) -> HttpResponse:
        form = InvitationForm(request.POST)
        if form.is_valid():
            try:
                create_invitation(self.assistant, **form.wish(), by=self.person)
            except AssistantIsArchived as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, _("The link is there. Give it to whom you want to invite."))
                return self.to_list("#links")
        return self.page("assistants/members.html", self.everything(invitation_form=form), status=422)


class LinkRevoke(TeamView):
    """A link is closed at once."""

    http_method_names = ["post"]
    at_least = Role.OWNER

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        try:
            revoke_invitation(get_object_or_404(self.assistant.invitations, pk=pk), by=self.person)
        except Invitation.DoesNotExist as gone:
            raise Http404 from gone
        messages.success(request, _("The link is withdrawn. Who came by it stays."))
        if request.htmx:
            return self.fragment("assistants/_links.html", links_of(request, self.assistant, timezone.now()))
        return self.to_list("#links")
