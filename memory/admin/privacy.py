"""What belongs to a person stays closed: operators see about it, and open it only with a permission, a reason and a
trace that the person sees.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, DateTimeField, Model, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.admin.base import DomainAdmin, MemoryAdmin, person_of
from memory.domain.opening import note_opening
from memory.models import Memory

PERMISSION = "memory.open_private"
OPEN_FOR = timedelta(minutes=15)
"""How long a reason holds for one memory, in one session."""
REASON_MAX_CHARACTERS = 300
_SESSION = "opened_private"
LISTS = {
    "memory_page": _("Pages"),
    "memory_dialoguechain": _("Dialogue chains"),
    "memory_segment": _("Segments"),
    "memory_profile": _("Profile"),
    "memory_trait": _("Traits"),
    "memory_knowledge": _("Facts"),
    "chat_conversation": _("Conversations"),
    "memory_memoryevent": _("What happened"),
    "memory_modelcall": _("Model calls"),
    "memory_import": _("Imports"),
}
"""The lists that can be narrowed to one memory."""
_TO_LOOK_AT = (
    "memory_page", "memory_segment", "memory_profile", "memory_trait", "memory_knowledge", "chat_conversation",
)  # fmt: skip
"""Those that somebody opens a memory for."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Why somebody may look into a memory just now."""

    reason: str


def may_open(request: HttpRequest) -> bool:
    """Tell whether this operator may open what is private at all."""
    return person_of(request).has_perm(PERMISSION)


def grant_of(request: HttpRequest, memory_id: int) -> Grant | None:
    """Return why this operator may look into a memory now; None where nothing was said, or too long ago.

    Asked once a request, so that a page is closed or open as a whole.
    """
    known: dict[int, Grant | None] = request.__dict__.setdefault("_opened_private", {})
    if memory_id not in known:
        until, reason = request.session.get(_SESSION, {}).get(str(memory_id), (0, ""))
        holds = may_open(request) and until > timezone.now().timestamp()
        known[memory_id] = Grant(reason) if holds else None
    return known[memory_id]


def _grant(request: HttpRequest, memory_id: int, reason: str) -> datetime:
    """Let a reason hold for a while; return until when."""
    now = timezone.now()
    given = {pk: entry for pk, entry in request.session.get(_SESSION, {}).items() if entry[0] > now.timestamp()}
    given[str(memory_id)] = ((now + OPEN_FOR).timestamp(), reason)
    request.session[_SESSION] = given
    return now + OPEN_FOR


def until_of(request: HttpRequest) -> Case:
    """Return, beside the rows of a list of memories, until when each is open to this operator."""
    now = timezone.now()
    held = [(int(pk), entry[0]) for pk, entry in request.session.get(_SESSION, {}).items()] if may_open(request) else []
    moments = [
        When(pk=pk, then=Value(datetime.fromtimestamp(until, UTC))) for pk, until in held if until > now.timestamp()
    ]
    return Case(*moments, default=Value(None), output_field=DateTimeField())


def open_until(moment: datetime) -> str:
    """Say until when something is open."""
    return gettext("Open until %(time)s") % {"time": clock_of(moment)}


def clock_of(moment: datetime) -> str:
    """Return the time of day, with its zone."""
    local = localtime(moment)
    return f"{date_format(local, 'TIME_FORMAT')} {local:%Z}"


def links_to_lists(memory_id: int, names: Iterable[str] = tuple(LISTS)) -> SafeString:
    """Return links to lists, each narrowed to a memory."""
    links = ((reverse(f"admin:{name}_changelist"), memory_id, LISTS[name]) for name in names)
    return format_html_join(" · ", '<a href="{}?memory__id__exact={}">{}</a>', links)


class PrivateAdmin(MemoryAdmin):
    """Rows of which some fields are a person's own business.

    `fields` names all that are shown, so that a column that is added stays unseen, and `private` those that are
    closed. Lists, searches and filters never touch them; a row's page leaves them out until the operator has said why,
    and every such page that is shown is noted before. Changing needs an opened page, deleting the permission.
    """

    private: tuple[str, ...] = ()
    change_form_template = "admin/private_change_form.html"

    def memory_of(self, obj: Any) -> Memory | None:
        """Return whose memory a row is of; None for what all members of an assistant share."""
        memory: Memory | None = obj.memory
        return memory

    def is_open(self, request: HttpRequest, obj: Any) -> bool:
        """Tell whether what a row says may be shown now."""
        memory = self.memory_of(obj)
        return memory is None or grant_of(request, memory.pk) is not None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = super().get_fields(request, obj)
        if obj is None or self.is_open(request, obj):
            return names
        return [name for name in names if name not in self.private]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        if obj is None or not allowed:
            return allowed and may_open(request)
        return self.is_open(request, obj)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> Any:
        memory = None if obj is None else self.memory_of(obj)
        if memory is not None:
            context |= self._opened(request, obj, memory) or self._closed(request, memory)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _opened(self, request: HttpRequest, obj: Model, memory: Memory) -> dict[str, Any]:
        grant = grant_of(request, memory.pk)
        if grant is None:
            return {}
        try:
            note_opening(memory, obj, by=person_of(request), reason=grant.reason)
        except Memory.DoesNotExist as gone:
            raise Http404 from gone
        return {"opened_reason": grant.reason, "private_memory": memory}

    def _closed(self, request: HttpRequest, memory: Memory) -> dict[str, Any]:
        address = open_address(memory, request.get_full_path()) if may_open(request) else None
        return {
            "withheld": [self._label(name) for name in self.private],
            "open_address": address,
            "private_memory": memory,
        }

    def _label(self, name: str) -> str:
        return str(capfirst(self.opts.get_field(name).verbose_name))  # type: ignore[union-attr]  # a column


class PrivateDomainAdmin(PrivateAdmin, DomainAdmin):
    """The same, changed and deleted through the domain."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return DomainAdmin.has_delete_permission(self, request, obj) and may_open(request)


def open_address(memory: Memory, then: str = "") -> str:
    """Return the address of the form that asks why."""
    address = reverse("admin:memory_memory_open", args=[memory.pk])
    return f"{address}?{urlencode({'next': then})}" if then else address


class OpenForm(forms.Form):
    """Asks an operator why."""

    reason = forms.CharField(
        label=_("Why do you open this?"),
        min_length=5,
        max_length=REASON_MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60, "autofocus": True}),
        help_text=_("The person reads this in their timeline, with your name."),
    )


def ask_why(request: HttpRequest, pk: int, context: dict[str, Any]) -> HttpResponse:
    """Ask for the reason and, once it is given, go on to what is to be opened."""
    if not may_open(request):
        raise PermissionDenied
    memory = get_object_or_404(Memory.objects.select_related("assistant", "user"), pk=pk)
    form = OpenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        until = _grant(request, memory.pk, form.cleaned_data["reason"])
        address = _where_to(request, memory)
        if address == _page_of(memory):
            told = gettext("Open until %(time)s: choose what to look at.") % {"time": clock_of(until)}
            messages.success(request, format_html("{} {}", told, links_to_lists(memory.pk, _TO_LOOK_AT)))
        return HttpResponseRedirect(address)
    context |= {
        "title": gettext("Open what is private"),
        "form": form,
        "memory": memory,
        "next": _where_to(request, memory),
        "minutes": OPEN_FOR.seconds // 60,
        "opts": Memory._meta,
    }
    return TemplateResponse(request, "admin/open_private.html", context, status=422 if form.errors else 200)


def _where_to(request: HttpRequest, memory: Memory) -> str:
    wish = request.POST.get("next") or request.GET.get("next") or ""
    ours = wish.startswith(reverse("admin:index")) and url_has_allowed_host_and_scheme(
        wish, {request.get_host()}, require_https=request.is_secure()
    )
    return wish if ours else _page_of(memory)


def _page_of(memory: Memory) -> str:
    return reverse("admin:memory_memory_change", args=[memory.pk])
