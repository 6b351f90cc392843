"""What every page about an assistant shares: which one, as what the person is there, and how it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views.generic import View
from django_htmx.http import HttpResponseClientRedirect

from memory.domain.roles import reaches
from memory.enums import Role
from memory.exceptions import MemoryOSError, NotAllowed, NotAMember
from memory.models import Assistant, Membership
from memory.views.base import VANISHED, DashboardRequest, memberships

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

FOR_OWNERS = _("Only an owner of this assistant may do this.")
FOR_CURATORS = _("Only an owner or a curator of this assistant may do this.")


class PersonView(View):
    """A page for somebody who is signed in. Never stored by the browser; HTMX gets refusals as fragments."""

    request: DashboardRequest
    person: User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return self.to_sign_in()
        self.person = request.user
        response = self.serve(request, *args, **kwargs)
        patch_vary_headers(response, ("HX-Request",))
        patch_cache_control(response, no_store=True)
        return response

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a person who is signed in."""
        return super().dispatch(request, *args, **kwargs)

    def to_sign_in(self) -> HttpResponseBase:
        """Send to the sign-in page; HTMX leaves the page for it."""
        if self.request.htmx:
            here = self.request.htmx.current_url_abs_path or self.request.get_full_path()
            return HttpResponseClientRedirect(redirect_to_login(here).url)
        return redirect_to_login(self.request.get_full_path())


class AssistantView(PersonView):
    """A page about the assistant named in the address, for its members; an archived one is shown, too.

    To everybody else it does not exist: 404, as for a slug that nobody has. A role that is too low gets 403 with the
    reason. `at_least` is the role that may see the page; what a form does asks again behind the assistant's lock
    (`domain.roles.lock_as`), and what that raises is told here.
    """

    assistant: Assistant
    membership: Membership
    at_least = Role.MEMBER
    section = ""

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        places = memberships().select_related("assistant", "user")
        found = places.filter(user=self.person, assistant__slug=kwargs.pop("assistant")).first()
        if found is None:
            return self.refuse(404, VANISHED)
        self.membership, self.assistant = found, found.assistant
        if not reaches(found.role, self.at_least):
            return self.refuse(403, FOR_OWNERS if self.at_least is Role.OWNER else FOR_CURATORS)
        try:
            return super().serve(request, *args, **kwargs)
        except (Http404, NotAMember, Assistant.DoesNotExist):
            return self.refuse(404, VANISHED)
        except (PermissionDenied, NotAllowed):
            return self.refuse(403, NotAllowed.message)

    @property
    def role(self) -> Role:
        return Role(self.membership.role)

    @property
    def is_owner(self) -> bool:
        return self.role is Role.OWNER

    @property
    def may_curate(self) -> bool:
        return reaches(self.role, Role.CURATOR)

    def refuse(self, status: int, reason: str | StrPromise | MemoryOSError) -> HttpResponse:
        """Say why not, as a fragment or as a page."""
        if self.request.htmx:
            return render(self.request, "assistants/_refused.html", {"reason": reason}, status=status)
        if status == 404:
            raise Http404(str(reason))
        return self.page("assistants/refused.html", {"reason": reason, "status": status}, status=status)

    def page(self, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        """Render a whole page with the assistant's tabs."""
        return render(self.request, template, {**self.place(), **(context or {})}, status=status)

    def fragment(self, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        """Render a part of a page for HTMX, with what there is to tell."""
        html = render_to_string(template, {**self.place(), **(context or {})}, self.request)
        html += render_to_string("_messages.html", {"oob": True}, self.request)
        return HttpResponse(html, status=status)

    def place(self) -> dict[str, Any]:
        """Return what every template here needs."""
        return {
            "assistant": self.assistant,
            "membership": self.membership,
            "is_owner": self.is_owner,
            "may_curate": self.may_curate,
            "section": self.section,
        }
