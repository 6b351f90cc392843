"""The people of an assistant: who they are, who joins, as what, who goes. Nothing here is of anybody's memory."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRedirect, reswap

from memory.domain.membership import add_member, change_role, leave, remove_member, transfer_ownership
from memory.enums import Role
from memory.exceptions import AlreadyMember, AssistantIsArchived, LastOwner, NotAMember, UnknownPerson
from memory.forms import InvitationForm, NewMemberForm
from memory.models import Membership
from memory.views.assistants.base import AssistantView
from memory.views.assistants.links import links_of
from memory.views.base import DashboardRequest


class TeamView(AssistantView):
    """What the pages about people share. A refusal is told in the status line: the row it is about stays."""

    section = "members"

    def refuse(self, status: int, reason: Any) -> HttpResponse:
        if not self.request.htmx:
            return super().refuse(status, reason)
        messages.error(self.request, str(reason))
        told = render_to_string("_messages.html", {"oob": True}, self.request)
        return reswap(HttpResponse(told, status=status), "none")

    def place(self) -> dict[str, Any]:
        return {**super().place(), "me": self.membership, "roles": Role.choices}

    def member(self, pk: int) -> Membership:
        """Return a membership of this assistant. Raises Http404."""
        return get_object_or_404(self.assistant.memberships.select_related("user", "invitation__created_by"), pk=pk)

    def to_list(self, fragment: str = "") -> HttpResponse:
        """Lead back to the list, by leaving the page where HTMX asked."""
        address = reverse("assistants:members", args=[self.assistant.slug])
        if self.request.htmx:
            return HttpResponseClientRedirect(address)
        return redirect(f"{address}{fragment}")

    def everything(self, **forms: Any) -> dict[str, Any]:
        """Return what the page shows: members for all, links for owners."""
        people = self.assistant.memberships.select_related("user", "invitation__created_by")
        context: dict[str, Any] = {"people": people.order_by("joined_at", "pk")}
        if self.is_owner:
            context["add_form"] = forms.get("add_form") or NewMemberForm()
            context["invitation_form"] = forms.get("invitation_form") or InvitationForm()
            context |= links_of(self.request, self.assistant, timezone.now())
        return context

    @property
    def is_only_owner(self) -> bool:
        """Whether the person is the last owner."""
        owners = self.assistant.memberships.filter(role=Role.OWNER)
        return self.is_owner and not owners.exclude(pk=self.membership.pk).exists()


class Members(TeamView):
    """The list, and for owners the forms that let somebody in."""

    http_method_names = ["get"]

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.page("assistants/members.html", self.everything())


class MemberAdd(TeamView):
    """Somebody is added by their user name."""

    http_method_names = ["post"]
    at_least = Role.OWNER

    def post(self, request: DashboardRequest) -> HttpResponse:
        form = NewMemberForm(request.POST)
        if form.is_valid():
            role = Role(form.cleaned_data["role"])
            try:
                added = add_member(self.assistant, form.cleaned_data["username"], role, by=self.person)
            except (UnknownPerson, AlreadyMember, AssistantIsArchived) as refusal:
                form.add_error("username", str(refusal))
            else:
                said = _("%(name)s is in, as: %(role)s.")
                messages.success(request, said % {"name": added.user.get_username(), "role": role.label})
                return self.to_list()
        return self.page("assistants/members.html", self.everything(add_form=form), status=422)


class MemberRole(TeamView):
    """Another role for a member; one's own, too, while there is another owner."""

    http_method_names = ["post"]
    at_least = Role.OWNER

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        member = self.member(pk)
        role = request.POST.get("role", "")
        if role not in Role.values:
            return self.refuse(422, _("There is no such role. Nothing was changed."))
        try:
            changed = change_role(self.assistant, member.user, Role(role), by=self.person)
        except LastOwner as refusal:
            return self.as_it_is(member, refusal)
        said = _("%(name)s: %(role)s from now on.")
        messages.success(request, said % {"name": changed.user.get_username(), "role": Role(role).label})
        if changed.user_id == self.person.pk or not request.htmx:
            # The whole page is another one for another role.
            return self.to_list(f"#member-{pk}")
        member.role = changed.role
        return self.row(member)

    def as_it_is(self, member: Membership, refusal: LastOwner) -> HttpResponse:
        """Say why not, and show the role that the member still has."""
        if not self.request.htmx:
            return self.refuse(409, refusal)
        messages.error(self.request, str(refusal))
        return self.row(member, status=409)

    def row(self, member: Membership, status: int = 200) -> HttpResponse:
        """Draw a member's row anew, with the focus on the role."""
        return self.fragment("assistants/_member.html", {"member": member, "focus": True}, status)


class MemberRemove(TeamView):
    """Asks first, and says what becomes of what the assistant remembers of the person."""

    http_method_names = ["get", "post"]
    at_least = Role.OWNER

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        member = self.member(pk)
        if member.user_id == self.person.pk:
            return redirect("assistants:leave", self.assistant.slug)
        still_open = self.assistant.invitations.usable(timezone.now())
        return self.page("assistants/member_remove.html", {"member": member, "open_links": still_open.exists()})

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        member = self.member(pk)
        try:
            revoked = remove_member(self.assistant, member.user, by=self.person)
        except LastOwner as refusal:
            return self.refuse(409, refusal)
        said = _("%(name)s is no longer a member.") % {"name": member.user.get_username()}
        if revoked:
            links = ngettext(
                "%d invitation link was withdrawn, too.", "%d invitation links were withdrawn, too.", revoked
            )
            said = f"{said} {links % revoked}"
        messages.success(request, said)
        return self.to_list()


class MemberTransfer(TeamView):
    """The ownership goes to somebody else, after a question."""

    http_method_names = ["get", "post"]
    at_least = Role.OWNER

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        return self.page("assistants/transfer.html", {"member": self.member(pk)})

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        member = self.member(pk)
        try:
            transfer_ownership(self.assistant, member.user, by=self.person)
        except NotAMember:
            return self.refuse(409, _("This person left meanwhile, or you did; nothing was changed."))
        said = _("%(name)s owns the assistant now; you are a curator.")
        messages.success(request, said % {"name": member.user.get_username()})
        return self.to_list()


class Leave(TeamView):
    """Going away oneself, after a sentence on what stays; the last owner is told what to do instead."""

    http_method_names = ["get", "post"]

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.page("assistants/leave.html", self.shown())

    def post(self, request: DashboardRequest) -> HttpResponse:
        try:
            leave(self.assistant, by=self.person)
        except LastOwner:
            return self.page("assistants/leave.html", self.shown(), status=409)
        messages.success(request, _("You have left %(name)s.") % {"name": self.assistant.name})
        return redirect("/")

    def shown(self) -> dict[str, Any]:
        """Return whether the person may go, and who could own the assistant in their place."""
        others = self.assistant.memberships.exclude(pk=self.membership.pk).select_related("user")
        return {"is_only_owner": self.is_only_owner, "others": others.order_by("user__username")}
