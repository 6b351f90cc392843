"""What every page of the dashboard shares: whose memory it shows, and how it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.contrib.messages import get_messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page as Slice
from django.core.paginator import Paginator
from django.db.models import Count, IntegerField, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views.generic import View
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from memory.domain.assistants import current_memory
from memory.enums import KnowledgeStatus, Role
from memory.exceptions import AssistantIsArchived
from memory.models import Assistant, Knowledge, Membership, Memory

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

PAGE_SIZE = 25

Row = TypeVar("Row", bound=Model)

VANISHED = _("This is not here (any more). It may have been deleted, forgotten or replaced meanwhile.")
FORBIDDEN = _("Only an owner or a curator of this assistant may change what all its members share.")


def memberships() -> QuerySet[Membership]:
    """Return memberships, each with `proposal_count`: what waits for a decision at its assistant."""
    waiting = Knowledge.objects.filter(assistant=OuterRef("assistant"), status=KnowledgeStatus.PROPOSED).order_by()
    count = Subquery(waiting.values("assistant").annotate(count=Count("pk")).values("count"), IntegerField())
    return Membership.objects.annotate(proposal_count=Coalesce(count, 0))


class DashboardRequest(HttpRequest):
    """A request after django-htmx's middleware."""

    htmx: HtmxDetails


class MemoryView(View):
    """A page about the signed-in person's memory at the assistant named in the address.

    Nobody else's rows are reachable: subclasses read through `self.memory` (or `self.memory.assistant`) only. What
    is foreign and what is gone look the same: 404. HTMX gets the refusal as a fragment for the place it asked for.
    At an archived assistant all can be read and exported, and nothing is changed: 409.
    """

    request: DashboardRequest
    memory: Memory
    membership: Membership
    role: Role
    person: User
    section = ""
    changes = True
    """Whether its `post`, where it has one, changes anything. At an archived assistant such a page is refused whole: no
    form is offered that would be refused when it is filled in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return self.to_sign_in()
        self.person = request.user
        try:
            self.memory = current_memory(self.person, kwargs.pop("assistant"), reading=True)
            self.membership = memberships().get(assistant=self.memory.assistant_id, user=self.person)
            self.role = Role(self.membership.role)
        except (Assistant.DoesNotExist, Membership.DoesNotExist):
            return self.refuse(404, VANISHED)
        try:
            if self.memory.assistant.archived_at is not None and self.changes and hasattr(self, "post"):
                response: HttpResponseBase = self.refuse(409, AssistantIsArchived.message)
            else:
                response = super().dispatch(request, *args, **kwargs)
        except Http404:
            response = self.refuse(404, VANISHED)
        except PermissionDenied:
            response = self.refuse(403, FORBIDDEN)
        # One address, two bodies: a cache must not give a fragment to someone who wants the page.
        patch_vary_headers(response, ("HX-Request",))
        # Nor may it bring back, at a press of Back, what was forgotten.
        patch_cache_control(response, no_store=True)
        return response

    @property
    def may_curate(self) -> bool:
        """Whether the person may see proposals and change what all members of the assistant share."""
        return self.role in (Role.OWNER, Role.CURATOR)

    def to_sign_in(self) -> HttpResponseBase:
        """Send to the sign-in page; HTMX leaves the page for it instead of swapping it into a row."""
        if self.request.htmx:
            here = self.request.htmx.current_url_abs_path or self.request.get_full_path()
            return HttpResponseClientRedirect(redirect_to_login(here).url)
        return redirect_to_login(self.request.get_full_path())

    def refuse(self, status: int, reason: str | StrPromise) -> HttpResponse:
        """Say why not, as a fragment or as a page."""
        if self.request.htmx:
            return render(self.request, "memory/_refused.html", {"reason": reason}, status=status)
        if not hasattr(self, "memory") or not hasattr(self, "role"):
            raise Http404(str(reason))
        return self.page("memory/refused.html", {"reason": reason, "status": status}, status=status)

    def page(self, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        """Render a whole page with the dashboard's navigation."""
        return render(self.request, template, {**self.frame(), **(context or {})}, status=status)

    def fragment(self, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        """Render a part of a page for HTMX; what there is to tell goes to the page's own status line."""
        html = render_to_string(template, {**self.place(), **(context or {})}, self.request)
        if len(get_messages(self.request)):
            html += render_to_string("_messages.html", {"oob": True}, self.request)
        return HttpResponse(html, status=status)

    def place(self) -> dict[str, Any]:
        """Return what fragments need to build links and to know what the person may do."""
        query = self.request.GET.urlencode()
        return {
            "memory": self.memory,
            "assistant": self.memory.assistant,
            "may_curate": self.may_curate,
            "membership": self.membership,
            "is_owner": self.role is Role.OWNER,
            "query": f"?{query}" if query else "",
        }

    def frame(self) -> dict[str, Any]:
        """Return `place` plus what the navigation shows."""
        return {
            **self.place(),
            "section": self.section,
            "assistants": Assistant.objects.active().for_user(self.person),
        }

    def slice(self, rows: QuerySet[Row], size: int = PAGE_SIZE) -> Slice[Row]:
        """Return the page of `rows` that `?page=` asks for; the nearest one for nonsense."""
        return Paginator(rows, size).get_page(self.request.GET.get("page"))
