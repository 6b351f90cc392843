"""The pages of an account that allauth does not have as this product wants them."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import Any

from allauth.account import views
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from memory.domain.accounts import delete_account
from memory.domain.closing import closing_of
from memory.domain.invitations import read_token
from memory.exceptions import InvitationUnusable, LastOwner
from memory.models import Invitation, Memory
from memoryos_site.accounts.forms import DeleteAccountForm, SignUpForm
from memoryos_site.accounts.person import signed_in_person
from memoryos_site.accounts.sessions import end_other_sessions, end_session, open_sessions
from memoryos_site.accounts.signing_up import fault_of_invitation, invitation_of, is_open, start_of
from memoryos_site.owner import LastOperatorError, has_account, require_another_operator

RETRY_SECONDS = 60
"""Most limits count a minute."""


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Ask to slow down."""
    page = render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    page.headers["Retry-After"] = str(RETRY_SECONDS)
    return page


def open_invitation(request: HttpRequest) -> Invitation | None:
    """Return the invitation by which somebody came, while it lets somebody in."""
    try:
        return read_token(invitation_of(request))
    except InvitationUnusable:
        return None


class SignInView(views.LoginView):
    """The sign-in page; it leads to the sign-up page only who would be let in there, and first who is invited."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = {"may_sign_up": is_open(self.request), "invitation": open_invitation(self.request)}
        return {**super().get_context_data(**kwargs), **shown}


class SignUpView(views.SignupView):
    """The sign-up page; who is not let in is told what it takes."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "invitation": open_invitation(self.request)}

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        """Sign up; of two at once by a link for one, the second is told that it is used up."""
        try:
            return super().form_valid(form)
        except InvitationUnusable as fault:
            return self.closed(fault)

    def get_success_url(self) -> str | None:  # type: ignore[override]  # as the library itself does
        """Lead who was let into an assistant to the chat with it; None leaves it to the adapter."""
        elsewhere: str | None = super().get_success_url()  # type: ignore[no-untyped-call]
        # Asked, too, for somebody who is signed in already and signs up nobody.
        newcomer: User | None = getattr(self, "user", None)
        return (start_of(newcomer) if newcomer else None) or elsewhere

    def closed(self, fault: InvitationUnusable | None = None) -> HttpResponse:
        context = {
            "is_set_up": has_account(),
            "mode": settings.MEMORYOS_SIGNUP,
            "fault": fault or fault_of_invitation(self.request),
        }
        return render(self.request, self.template_name_signup_closed, context, status=HTTPStatus.FORBIDDEN)


class PasswordResetView(views.PasswordResetView):
    """The page for a forgotten password; without e-mail it says whom to ask."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.MAIL_IS_ON:
            return super().dispatch(request, *args, **kwargs)
        return render(request, "account/password_reset_by_hand.html")


class EmailView(views.EmailView):
    """The address of an account; there is no such page where no e-mail is sent."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.MAIL_IS_ON:
            raise Http404
        return super().dispatch(request, *args, **kwargs)


@method_decorator(never_cache, name="dispatch")
class PersonView(LoginRequiredMixin, View):
    """A page about the person who is signed in."""

    @property
    def person(self) -> User:
        """Return who is signed in."""
        return signed_in_person(self.request)


class SessionsView(PersonView):
    """The browsers somebody is signed in with."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show them."""
        sessions = open_sessions(self.person, request.session.session_key)
        return render(request, "usersessions/usersession_list.html", {"sessions": sessions})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sign out all but this one."""
        end_other_sessions(self.person, request.session.session_key)
        messages.success(request, _("All other devices are signed out."))
        return redirect("usersessions_list")


class EndSessionView(PersonView):
    """Signing out one browser from afar."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sign it out; another person's, or one that has ended, is not found."""
        try:
            end_session(self.person, pk)
        except UserSession.DoesNotExist:
            raise Http404 from None
        messages.success(request, _("That device is signed out."))
        return redirect("usersessions_list")


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class DeleteAccountView(PersonView):
    """Deleting one's own account."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Say what goes, and ask for the password."""
        return self._page(DeleteAccountForm(self.person))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Delete the account and sign out; 422 for a wrong password, 409 while others would be left without."""
        form = DeleteAccountForm(self.person, request.POST)
        if not form.is_valid():
            return self._page(form, HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            # Twice is once.
            with suppress(User.DoesNotExist), transaction.atomic():
                require_another_operator(self.person)
                delete_account(self.person, by=self.person)
        except (LastOwner, LastOperatorError) as refusal:
            form.add_error(None, str(refusal))
            return self._page(form, HTTPStatus.CONFLICT)
        logout(request)
        messages.success(request, _("Your account is deleted."))
        return redirect("account_login")

    def _page(self, form: DeleteAccountForm, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
        memories = Memory.objects.for_user(self.person).select_related("assistant")
        context = {"form": form, "memories": memories, "closing": closing_of(self.person)}
        return render(self.request, "account/delete.html", context, status=status)
