"""Sharing one's own facts with the team: what the others would see, the words to confirm, and taking it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.domain.proposing import propose_knowledge, withdraw_proposal
from memory.embedding import get_embedder
from memory.enums import KnowledgeStatus
from memory.exceptions import (
    DuplicateKnowledge,
    FactFromDemo,
    InvalidText,
    KnowledgeChanged,
    NobodyElse,
    NotAllowed,
    NotAMember,
    ProposalDecided,
)
from memory.forms import ShareForm
from memory.models import Knowledge
from memory.views.base import DashboardRequest
from memory.views.items import SwitchItem
from memory.views.knowledge import KnowledgeView


class ShareKnowledge(KnowledgeView):
    """Shows what the others would see and, once its words are confirmed, proposes just that.

    GET shows the form; POST with `preview` shows it again with other words; any other POST proposes them. Who decides
    on proposals is asked to share at once, and sends `decided` with it.
    """

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(self.items(), pk=pk)
        return self.form_page(item, ShareForm(initial={"text": item.text}, auto_id=f"share-{pk}-%s"))

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(self.items(), pk=pk)
        form = ShareForm(request.POST, auto_id=f"share-{pk}-%s")
        if "preview" in request.POST and request.htmx:
            return self.fragment("memory/_share_preview.html", self.shown(item, form))
        if "preview" in request.POST or not form.is_valid():
            return self.form_page(item, form, 200 if form.is_valid() else 422)
        try:
            entry = propose_knowledge(
                item, form.cleaned_data["text"], get_embedder(), by=self.person, decided="decided" in request.POST
            )
        except ObjectDoesNotExist:
            raise Http404 from None
        except (NotAllowed, NotAMember) as refusal:
            raise PermissionDenied from refusal
        except (InvalidText, DuplicateKnowledge, KnowledgeChanged, NobodyElse, FactFromDemo) as refusal:
            form.add_error("text", str(refusal))
            return self.form_page(item, form, 422 if isinstance(refusal, InvalidText) else 409)
        if entry.status == KnowledgeStatus.ACTIVE:
            messages.success(request, gettext("Shared with the team. Everybody’s answers can use it from now on."))
        else:
            messages.success(request, gettext("Proposed to the team. An owner or a curator decides."))
        if request.htmx:
            return self.row(self.drawn_anew(pk), focus_switch="share")
        return redirect(self.list_address(item))

    def form_page(self, item: Knowledge, form: ShareForm, status: int = 200) -> HttpResponse:
        others = self.memory.assistant.memberships.exclude(user=self.person).count()
        context = {**self.shown(item, form), "form": form, "others": others, "back": self.list_address(item)}
        if self.request.htmx:
            return self.fragment("memory/_share_row.html", context, status)
        return self.page("memory/share.html", context, status)

    def shown(self, item: Knowledge, form: ShareForm) -> dict[str, Any]:
        """Return what the others would see."""
        words = str(form["text"].value() or "").strip()
        seen = Knowledge(text=words, proposed_by=self.person, confirmed_at=timezone.now(), locked=True)
        return {"item": item, "seen": seen}


class WithdrawKnowledge(KnowledgeView, SwitchItem[Knowledge]):
    """Takes back what was proposed of a fact."""

    switch = "share"
    told = _("Withdrawn. The team does not see “%(name)s” any more.")

    def turn(self, item: Knowledge) -> None:
        proposed = self.memory.assistant.knowledge.filter(shared_from=item, proposed_by=self.person)
        entry = proposed.filter(status=KnowledgeStatus.PROPOSED).first()
        if entry is None:
            raise ProposalDecided(gettext("There is nothing to withdraw (any more): it was decided or withdrawn."))
        try:
            withdraw_proposal(entry, by=self.person)
        except (NotAllowed, NotAMember) as refusal:
            raise PermissionDenied from refusal
