"""The queue of proposals: what waits, for those who curate; for everybody what they have proposed themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from memory.domain.bulk import change_all
from memory.domain.deciding import (
    approve_reworded,
    decline_knowledge,
    declined,
    reopen_proposal,
    words_key,
)
from memory.domain.proposing import own_proposals, proposals, withdraw_proposal
from memory.domain.similar import similar_to
from memory.embedding import get_embedder
from memory.enums import KnowledgeStatus, Role
from memory.exceptions import (
    DuplicateKnowledge,
    InvalidText,
    KnowledgeChanged,
    MemoryOSError,
    ModelError,
    ProposalDecided,
)
from memory.forms import DecisionForm
from memory.models import Knowledge
from memory.views.assistants.base import AssistantView
from memory.views.base import PAGE_SIZE, DashboardRequest
from memory.views.knowledge import shortened

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_REFUSED_SHOWN = 5
OWN_SHOWN = 100
"""Of what one has proposed oneself, the newest."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a proposal was not decided; where the words were the reason, `typed` has what the person had written."""

    pk: int
    said: str
    typed: str | None = None


class ProposalsView(AssistantView):
    """What every page about proposals needs."""

    section = "proposals"

    def address(self) -> str:
        return reverse("assistants:proposals", args=[self.assistant.slug])

    def rows(self) -> QuerySet[Knowledge]:
        """Return entries of this assistant as rows of the queue: of what was learnt only that it was."""
        learnt = Knowledge.sources.through.objects.filter(knowledge=OuterRef("pk"))
        own = self.assistant.knowledge.select_related("proposed_by", "assistant").defer("embedding")
        return own.annotate(learnt=Exists(learnt))

    def drawn(self, entries: Iterable[Knowledge], fault: Fault | None = None) -> list[Knowledge]:
        """Attach to each entry what a curator weighs it against, the key of its words, and what was wrong with it."""
        found = list(entries)
        near = similar_to(self.assistant, [entry.pk for entry in found])
        for entry in found:
            entry.similar = near.get(entry.pk, [])  # type: ignore[attr-defined]
            entry.seen = words_key(entry.text)  # type: ignore[attr-defined]
            entry.fault = fault if fault and fault.pk == entry.pk else None  # type: ignore[attr-defined]
        return found

    def own(self) -> dict[str, Any]:
        """Return what the person has proposed, and which of it was declined."""
        own = list(own_proposals(self.assistant, self.person).defer("embedding")[:OWN_SHOWN])
        turned_down = declined(own_proposals(self.assistant, self.person))
        return {"own": own, "declined": set(turned_down.values_list("pk", flat=True))}

    def waiting(self) -> int:
        return proposals(self.assistant).count()

    def queue(self, status: int = 200, fault: Fault | None = None) -> HttpResponse:
        """Render the whole page; `fault` belongs to one of the proposals in it."""
        context = self.own()
        if self.may_curate:
            keys = proposals(self.assistant).values("pk")
            rows = self.rows().filter(pk__in=keys).order_by("created_at", "pk")
            page = Paginator(rows, PAGE_SIZE).get_page(self.request.GET.get("page"))
            entries = self.drawn(page.object_list, fault)
            context |= {"entries": entries, "slice": page, "count": page.paginator.count}
        return self.page("assistants/proposals.html", context, status)


class ProposalQueue(ProposalsView):
    """The page: the queue, oldest first, or what one has proposed oneself."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.queue()


class DecisionView(ProposalsView):
    """One proposal, decided by those who curate. HTMX gets its place in the queue drawn anew."""

    at_least = Role.CURATOR
    http_method_names = ["post"]
    told: ClassVar[StrPromise]
    undo: ClassVar[bool] = False
    """Whether there is a way back from here."""

    def decide(self, entry: Knowledge, data: Mapping[str, Any]) -> Knowledge:
        """Decide through the domain."""
        raise NotImplementedError

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        entry = get_object_or_404(self.rows(), pk=pk)
        form = DecisionForm(request.POST)
        try:
            # No transaction here: other words may be sent to an embedding server.
            form.full_clean()
            decided = self.decide(entry, form.cleaned_data)
        except Knowledge.DoesNotExist:
            raise Http404 from None
        except (InvalidText, DuplicateKnowledge, ModelError) as refusal:
            return self.again(entry, refusal, 503 if isinstance(refusal, ModelError) else 422)
        except (ProposalDecided, KnowledgeChanged) as refusal:
            return self.again(entry, refusal, 409)
        return self.done(decided)

    def done(self, entry: Knowledge) -> HttpResponse:
        """Say what was decided, where the row stood, and lead on to the next one."""
        told = self.told % {"name": shortened(entry.text)}
        if not self.request.htmx:
            context = {**self.place(), "entry": entry, "told": told, "undo": self.undo}
            messages.success(self.request, render_to_string("assistants/_decided_message.html", context, self.request))
            return redirect(self.address())
        context = {"entry": entry, "told": told, "undo": self.undo, "count": self.waiting()}
        return self.fragment("assistants/_decided.html", context)

    def again(self, entry: Knowledge, refusal: MemoryOSError, status: int) -> HttpResponse:
        """Draw the proposal as it is now, with the reason; what is decided by somebody else leaves the queue."""
        theirs = isinstance(refusal, (InvalidText, DuplicateKnowledge, ModelError))
        fault = Fault(entry.pk, str(refusal), self.request.POST.get("text", "") if theirs else None)
        if not self.request.htmx:
            messages.error(self.request, str(refusal))
            return self.queue(status, fault)
        fresh = self.rows().filter(pk=entry.pk, status=KnowledgeStatus.PROPOSED).first()
        if fresh is None:
            context = {"entry": entry, "told": str(refusal), "undo": False, "count": self.waiting()}
            return self.fragment("assistants/_decided.html", {**context, "failed": True}, status)
        context = {"entry": self.drawn([fresh], fault)[0], "count": self.waiting()}
        return self.fragment("assistants/_proposal_again.html", context, status)


class ApproveProposal(DecisionView):
    """Let in, as it stands or in other words, beside what is known or in place of it."""

    told = _("Approved “%(name)s”. It is used for all members.")

    def decide(self, entry: Knowledge, data: Mapping[str, Any]) -> Knowledge:
        replaces = None
        if key := data.get("replaces"):
            replaces = get_object_or_404(self.assistant.knowledge.active(), pk=key)
        text = data.get("text", "") if "text" in self.request.POST else entry.text
        if data.get("seen") == words_key(text):
            # Just what was shown: whatever it says by now is told, not overwritten.
            text = entry.text
        return approve_reworded(
            entry, text, get_embedder(), by=self.person, seen=data.get("seen") or None, replaces=replaces
        )


class DeclineProposal(DecisionView):
    """Turned down, with a way back."""

    told = _("Declined “%(name)s”.")
    undo = True

    def decide(self, entry: Knowledge, data: Mapping[str, Any]) -> Knowledge:
        return decline_knowledge(entry, by=self.person, seen=data.get("seen") or None)


class ReopenProposal(DecisionView):
    """A decline taken back."""

    told = _("“%(name)s” waits for a decision again.")

    def decide(self, entry: Knowledge, data: Mapping[str, Any]) -> Knowledge:
        return reopen_proposal(entry, by=self.person)

    def done(self, entry: Knowledge) -> HttpResponse:
        if not self.request.htmx:
            messages.success(self.request, self.told % {"name": shortened(entry.text)})
            return redirect(self.address())
        fresh = get_object_or_404(self.rows(), pk=entry.pk)
        context = {"entry": self.drawn([fresh])[0], "count": self.waiting(), "focus": True}
        return self.fragment("assistants/_proposal_again.html", context)


class DecideTogether(ProposalsView):
    """One decision for all that are ticked."""

    at_least = Role.CURATOR
    http_method_names = ["post"]
    said: ClassVar[Mapping[str, Callable[[int], str]]] = {
        "approve": lambda n: ngettext("Approved %(count)d proposal.", "Approved %(count)d proposals.", n),
        "decline": lambda n: ngettext("Declined %(count)d proposal.", "Declined %(count)d proposals.", n),
    }

    def post(self, request: DashboardRequest) -> HttpResponse:
        deed = request.POST.get("deed", "")
        keys = [int(key) for key in request.POST.getlist("id") if key.isdecimal() and len(key) < 19][:PAGE_SIZE]
        entries = list(self.rows().filter(pk__in=keys).order_by("created_at", "pk"))
        if not entries or deed not in self.said:
            messages.error(request, gettext("Nothing was changed: tick at least one proposal, then decide."))
            return redirect(self.address())
        seen = {key: words for key in keys if (words := request.POST.get(f"seen-{key}"))}
        done = change_all(self.assistant, entries, deed, by=self.person, seen=seen)
        if done.changed:
            count = len(done.changed)
            messages.success(request, self.said[deed](count) % {"count": count})
        for entry, reason in done.refused[:_REFUSED_SHOWN]:
            told = gettext("Not changed: “%(name)s”. %(reason)s")
            messages.warning(request, told % {"name": shortened(entry.text), "reason": reason})
        return redirect(self.address())


class WithdrawProposal(ProposalsView):
    """A member takes back what they have proposed."""

    http_method_names = ["post"]

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        entry = get_object_or_404(own_proposals(self.assistant, self.person), pk=pk)
        try:
            withdraw_proposal(entry, by=self.person)
        except Knowledge.DoesNotExist:
            raise Http404 from None
        except ProposalDecided as refusal:
            return self.refuse(409, str(refusal))
        messages.success(request, gettext("Withdrawn. Nobody sees it any more."))
        if not request.htmx:
            return redirect(self.address())
        return self.fragment("assistants/_own_proposals.html", self.own())


_BASE = "<slug:assistant>/proposals"
urlpatterns = [
    path(f"{_BASE}/", ProposalQueue.as_view(), name="proposals"),
    path(f"{_BASE}/together/", DecideTogether.as_view(), name="proposals-together"),
    path(f"{_BASE}/<int:pk>/approve/", ApproveProposal.as_view(), name="proposal-approve"),
    path(f"{_BASE}/<int:pk>/decline/", DeclineProposal.as_view(), name="proposal-decline"),
    path(f"{_BASE}/<int:pk>/reopen/", ReopenProposal.as_view(), name="proposal-reopen"),
    path(f"{_BASE}/<int:pk>/withdraw/", WithdrawProposal.as_view(), name="proposal-withdraw"),
]
