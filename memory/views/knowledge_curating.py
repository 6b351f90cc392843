"""What is done to facts beyond one row: adding one, merging several, replacing one by another, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django_htmx.http import HttpResponseClientRedirect

from memory.domain.adding import add_knowledge
from memory.domain.bulk import DEEDS, Done, Undone, change_all, undelete_all
from memory.domain.merging import MERGED_AT_MOST, merge_knowledge, most_precise, replace_knowledge
from memory.domain.searching import search_knowledge
from memory.embedding import get_embedder
from memory.enums import KnowledgeStatus
from memory.exceptions import (
    DuplicateKnowledge,
    InvalidText,
    KnowledgeChanged,
    ModelError,
    NotAllowed,
    NotAMember,
    NothingToRestore,
)
from memory.forms import MergeForm, NewKnowledgeForm
from memory.models import Knowledge
from memory.views.base import DashboardRequest
from memory.views.knowledge import AssistantKnowledgeView, KnowledgeView, shortened

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

CHOSEN_AT_MOST = 200
REPLACEABLE_SHOWN = 15
REFUSED_SHOWN = 5
MERGEABLE = (
    KnowledgeStatus.ACTIVE,
    KnowledgeStatus.PROPOSED,
    KnowledgeStatus.ARCHIVED,
    KnowledgeStatus.DISABLED,
)


class AddKnowledge(KnowledgeView):
    """A new fact: a form above the list, or on a page of its own."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        self.require_writer()
        if request.htmx and request.GET.get("cancel"):
            return self.fragment("memory/_knowledge_add.html", {"focus": True})
        return self.form_page(self.form())

    def post(self, request: DashboardRequest) -> HttpResponse:
        self.require_writer()
        form = self.form(request.POST)
        if not form.is_valid():
            return self.form_page(form, 422)
        since = start_of(form.cleaned_data["valid_from"])
        try:
            added = add_knowledge(
                self.home, form.cleaned_data["text"], get_embedder(), by=self.person, valid_from=since
            )
        except (InvalidText, DuplicateKnowledge, ModelError) as refusal:
            form.add_error("text", str(refusal))
            return self.form_page(form, 503 if isinstance(refusal, ModelError) else 422)
        messages.success(request, gettext("Added “%(name)s”.") % {"name": self.name_of(added)})
        here = reverse(f"memory:{self.kind}", args=[self.memory.assistant.slug])
        place = f"#{self.kind}-{added.pk}"
        if request.htmx:
            # A browser that is at this list already would load nothing for the place alone.
            return HttpResponseClientRedirect(f"{here}?new={added.pk}{place}")
        return redirect(here + place)

    def form(self, data: QueryDict | None = None) -> NewKnowledgeForm:
        return NewKnowledgeForm(data, auto_id="new-fact-%s")

    def form_page(self, form: NewKnowledgeForm, status: int = 200) -> HttpResponse:
        if self.request.htmx:
            return self.fragment("memory/_knowledge_form.html", {"form": form}, status)
        return self.page("memory/knowledge_add.html", {"form": form, "back": self.list_address()}, status)


class AddAssistantKnowledge(AssistantKnowledgeView, AddKnowledge):
    """A new fact about the assistant."""


class ChosenKnowledge(KnowledgeView):
    """What is done to the facts that a form names by their keys."""

    def chosen(self, data: QueryDict) -> tuple[list[Knowledge], int]:
        """Return the facts that were ticked, by key, and how many of them are not there (any more), or foreign.

        Raises Http404 where that is all of them.
        """
        self.require_writer()
        wanted = set(data.getlist("id"))
        keys = keys_of(data)
        rows = self.items().select_related("memory", "assistant", "superseded_by")
        found = list(rows.filter(pk__in=keys).order_by("pk")[:CHOSEN_AT_MOST])
        if wanted and not found:
            raise Http404
        return found, len(wanted) - len(found)

    def back(self) -> HttpResponse:
        return redirect(self.list_address())


class BulkKnowledge(ChosenKnowledge):
    """One deed for all that are ticked."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        self.require_writer()
        return self.back()

    def post(self, request: DashboardRequest) -> HttpResponse:
        (entries, missing), deed = self.chosen(request.POST), request.POST.get("deed", "")
        if not entries or deed not in (*DEEDS, "merge"):
            messages.error(request, gettext("Nothing was changed: tick at least one fact, then choose what to do."))
            return self.back()
        if deed == "merge":
            return redirect(self.merge_address(entries))
        if deed == "delete" and not request.POST.get("sure"):
            context = {"entries": entries, "back": self.list_address()}
            return self.page("memory/knowledge_delete_many.html", context)
        try:
            done = change_all(self.home, entries, deed, by=self.person)
        except (NotAllowed, NotAMember) as refusal:
            raise PermissionDenied from refusal
        self.tell(self.told(deed, done.changed), done)
        if missing:
            gone = ngettext(
                "%(count)d ticked fact is not here any more.", "%(count)d ticked facts are not here any more.", missing
            )
            messages.warning(request, gone % {"count": missing})
        return self.back()

    def merge_address(self, entries: list[Knowledge]) -> str:
        query = self.request.GET.copy()
        query.setlist("id", [str(entry.pk) for entry in entries])
        return f"{reverse(f'memory:{self.kind}-merge', args=[self.memory.assistant.slug])}?{query.urlencode()}"

    def told(self, deed: str, changed: Sequence[Knowledge]) -> str:
        """Return how many were changed; those that were deleted can be brought back, all at once."""
        said = said_of(deed, len(changed))
        if deed != "delete":
            return said
        context = {**self.place(), "told": said, "keys": [entry.pk for entry in changed]}
        return render_to_string("memory/_undo_many.html", context, self.request)

    def tell(self, told: str, done: Done) -> None:
        """Say how many were changed, and which were not and why."""
        if done.changed:
            messages.success(self.request, told)
        for entry, reason in done.refused[:REFUSED_SHOWN]:
            said = gettext("Not changed: “%(name)s”. %(reason)s") % {"name": self.name_of(entry), "reason": reason}
            messages.warning(self.request, said)
        if (more := len(done.refused) - REFUSED_SHOWN) > 0:
            said = ngettext("%(count)d more was not changed.", "%(count)d more were not changed.", more)
            messages.warning(self.request, said % {"count": more})


class BulkAssistantKnowledge(AssistantKnowledgeView, BulkKnowledge):
    """The same for what members share."""


class UndeleteAllKnowledge(ChosenKnowledge):
    """The facts that were deleted together come back together."""

    http_method_names = ["post"]

    def post(self, request: DashboardRequest) -> HttpResponse:
        self.require_writer()
        keys = keys_of(request.POST)[:CHOSEN_AT_MOST]
        done = undelete_all(self.memory, keys, self.subject, by=self.person)
        if not done.back and not done.refused:
            return self.refuse(404, str(NothingToRestore()))
        if count := len(done.back):
            said = ngettext("%(count)d fact is back.", "%(count)d facts are back.", count)
            messages.success(request, said % {"count": count})
        self.tell_refused(done)
        return HttpResponseClientRedirect(self.list_address()) if request.htmx else self.back()

    def refuse(self, status: int, reason: str | StrPromise) -> HttpResponse:
        """Say why not; to HTMX in the page's own status line, because there is no row whose place could say it."""
        if not self.request.htmx:
            return super().refuse(status, reason)
        messages.error(self.request, str(reason))
        return HttpResponse(render_to_string("_messages.html", {"oob": True}, self.request), status=status)

    def tell_refused(self, done: Undone) -> None:
        """Say which are not back, and why."""
        for words, reason in done.refused[:REFUSED_SHOWN]:
            said = gettext("Not brought back: “%(name)s”. %(reason)s") % {"name": shortened(words), "reason": reason}
            messages.warning(self.request, said)
        if (more := len(done.refused) - REFUSED_SHOWN) > 0:
            said = ngettext("%(count)d more is not back.", "%(count)d more are not back.", more)
            messages.warning(self.request, said % {"count": more})
        if done.unknown:
            said = ngettext(
                "%(count)d fact cannot come back: it was forgotten meanwhile, or was never here.",
                "%(count)d facts cannot come back: they were forgotten meanwhile, or were never here.",
                done.unknown,
            )
            messages.warning(self.request, said % {"count": done.unknown})


class UndeleteAllAssistantKnowledge(AssistantKnowledgeView, UndeleteAllKnowledge):
    """The same for what members share."""


class MergeKnowledge(ChosenKnowledge):
    """Several facts beside each other, and the words of the one that is to stand for them."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        entries = self.mergeable(request.GET)
        if entries is None:
            return self.back()
        return self.form_page(entries, MergeForm(initial={"text": most_precise(entries).text}))

    def post(self, request: DashboardRequest) -> HttpResponse:
        entries = self.mergeable(request.POST)
        if entries is None:
            return self.back()
        form = MergeForm(request.POST)
        if not form.is_valid():
            return self.form_page(entries, form, 422)
        try:
            kept = merge_knowledge(entries, form.cleaned_data["text"], get_embedder(), by=self.person)
        except (InvalidText, DuplicateKnowledge, KnowledgeChanged, ModelError) as refusal:
            form.add_error("text", str(refusal))
            return self.form_page(entries, form, status_of(refusal))
        said = gettext("%(count)d facts are one now: “%(name)s”.")
        messages.success(request, said % {"count": len(entries), "name": self.name_of(kept)})
        address = reverse(f"memory:{self.kind}", args=[self.memory.assistant.slug])
        return redirect(f"{address}#{self.kind}-{kept.pk}")

    def mergeable(self, data: QueryDict) -> list[Knowledge] | None:
        """Return the facts to merge; None, and a message, where they are too few, too many or replaced already."""
        entries, missing = self.chosen(data)
        if missing:
            raise Http404
        said = ""
        if not 2 <= len(entries) <= MERGED_AT_MOST:
            said = gettext("Tick at least two facts to merge them, and at most %(most)d.") % {"most": MERGED_AT_MOST}
        elif any(entry.status not in MERGEABLE for entry in entries):
            said = gettext("A fact that was replaced already cannot be merged. Bring it back first.")
        if said:
            messages.error(self.request, said)
        return None if said else entries

    def list_address(self, item: Knowledge | None = None) -> str:
        query = self.request.GET.copy()
        query.pop("id", None)
        address = reverse(f"memory:{self.kind}", args=[self.memory.assistant.slug])
        return f"{address}?{query.urlencode()}" if query else address

    def form_page(self, entries: list[Knowledge], form: MergeForm, status: int = 200) -> HttpResponse:
        rows = self.with_sources(self.items().filter(pk__in=[entry.pk for entry in entries])).order_by("pk")
        context = {"entries": rows, "form": form, "back": self.list_address()}
        return self.page("memory/knowledge_merge.html", context, status)


class MergeAssistantKnowledge(AssistantKnowledgeView, MergeKnowledge):
    """The same for what members share."""


class ReplaceKnowledge(KnowledgeView):
    """Which other fact does this one replace? The nearest ones are offered, or those that are searched for."""

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        return self.choice(self.item(pk))

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = self.item(pk)
        key = request.POST.get("old", "")
        old = get_object_or_404(self.items(), pk=int(key) if key.isdecimal() and len(key) < 19 else 0)
        try:
            replace_knowledge(item, old, by=self.person)
        except ObjectDoesNotExist:
            raise Http404 from None
        except (InvalidText, KnowledgeChanged) as refusal:
            messages.error(request, str(refusal))
            return self.choice(item, status_of(refusal))
        said = gettext("“%(new)s” replaces “%(old)s”, which stays among the superseded facts and can be brought back.")
        messages.success(request, said % {"new": self.name_of(item), "old": self.name_of(old)})
        return redirect(f"{reverse(f'memory:{self.kind}', args=[self.memory.assistant.slug])}#{self.kind}-{item.pk}")

    def item(self, pk: int) -> Knowledge:
        item = get_object_or_404(self.items(), pk=pk)
        self.require_right(item)
        return item

    def choice(self, item: Knowledge, status: int = 200) -> HttpResponse:
        words = self.request.GET.get("q", "").replace("\x00", "")[:1000]
        others = self.items().filter(status__in=MERGEABLE).exclude(pk=item.pk)
        search = search_knowledge(self.memory, others, words or item.text, now=timezone.now())
        context = {
            "item": item,
            "words": words,
            "search": search,
            "others": self.in_order(others, [hit.pk for hit in search.hits[:REPLACEABLE_SHOWN]]),
            "back": self.list_address(item),
        }
        return self.page("memory/knowledge_replace.html", context, status)

    def in_order(self, rows: QuerySet[Knowledge], keys: list[int]) -> list[Knowledge]:
        found = rows.in_bulk(keys)
        return [found[key] for key in keys if key in found]


class ReplaceAssistantKnowledge(AssistantKnowledgeView, ReplaceKnowledge):
    """The same for what members share."""


def keys_of(data: QueryDict) -> list[int]:
    """Return the keys of rows that a form names, each once, in its order, without what can be no key."""
    return [int(key) for key in dict.fromkeys(data.getlist("id")) if key.isdecimal() and len(key) < 19]


def start_of(day: date | None) -> datetime | None:
    """Return when a day begins."""
    return None if day is None else timezone.make_aware(datetime.combine(day, time.min))


def status_of(refusal: Exception) -> int:
    """Return the status that says why a deed was refused."""
    if isinstance(refusal, ModelError):
        return 503
    return 409 if isinstance(refusal, KnowledgeChanged) else 422


def said_of(deed: str, count: int) -> str:
    """Say how many facts a deed has changed."""
    said: dict[str, Any] = {
        "pin": ngettext("Pinned %(count)d fact.", "Pinned %(count)d facts.", count),
        "unpin": ngettext("%(count)d fact is no longer pinned.", "%(count)d facts are no longer pinned.", count),
        "disable": ngettext(
            "%(count)d fact is kept, and not used any more.", "%(count)d facts are kept, and not used any more.", count
        ),
        "enable": ngettext("%(count)d fact is used again.", "%(count)d facts are used again.", count),
        "archive": ngettext("Archived %(count)d fact.", "Archived %(count)d facts.", count),
        "unarchive": ngettext("%(count)d fact is used again.", "%(count)d facts are used again.", count),
        "reinstate": ngettext("%(count)d fact holds again.", "%(count)d facts hold again.", count),
        "approve": ngettext("Approved %(count)d fact.", "Approved %(count)d facts.", count),
        "decline": ngettext("Declined %(count)d fact.", "Declined %(count)d facts.", count),
        "delete": ngettext("Deleted %(count)d fact.", "Deleted %(count)d facts.", count),
    }
    return str(said[deed] % {"count": count})
