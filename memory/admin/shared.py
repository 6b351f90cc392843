"""Knowledge that an assistant's members share: nobody's secret, and curated here many at a time."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from memory.admin.base import ThoseInUse, person_of
from memory.admin.persona import FactsAdmin
from memory.domain.bulk import NOTHING_TO_DO, change_all
from memory.domain.reembedding import reembed_fact
from memory.embedding import get_embedder
from memory.enums import KnowledgeStatus
from memory.exceptions import ModelError
from memory.models import Assistant, SharedKnowledge

MOST = 500
"""Facts that one action goes through."""

_BEGINS = {"approve": KnowledgeStatus.PROPOSED, "decline": KnowledgeStatus.PROPOSED, "archive": KnowledgeStatus.ACTIVE}
"""The status that a deed is for; of another one there is nothing to do."""

_TOLD = {
    "approve": ngettext_lazy("%d proposal was approved.", "%d proposals were approved."),
    "decline": ngettext_lazy("%d proposal was declined.", "%d proposals were declined."),
    "archive": ngettext_lazy("%d fact was archived.", "%d facts were archived."),
    "reembed": ngettext_lazy("%d fact was given a new vector.", "%d facts were given new vectors."),
}
"""What is told when it is done."""

Refusals = list[tuple[str, str]]
"""What was not done: to which fact, and why."""


@admin.register(SharedKnowledge)
class SharedKnowledgeAdmin(FactsAdmin):
    """Facts about assistants: shared by their members, so their words are shown and searched."""

    list_display = ("text", "assistant", "status", "marks")
    list_filter = ("status", ("assistant", ThoseInUse), "pinned", "locked", "confirmed_at")
    list_select_related = ("assistant",)
    search_fields = ("=id", "text", "assistant__name", "assistant__slug")
    search_help_text = _("Words of the fact, its number, or an assistant.")
    date_hierarchy = "confirmed_at"
    ordering = ("-pk",)
    fields = (
        "assistant", "text", "status", "pinned", "locked", "times_confirmed", "confirmed_at", "valid_from", "valid_to",
        "superseded_by", "proposed_by", "vector", "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name != "text")
    actions = ("approve", "decline", "archive", "reembed")
    operators_may = ("view", "change", "delete")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SharedKnowledge]:
        shared: QuerySet[SharedKnowledge] = super().get_queryset(request).filter(assistant__isnull=False)
        return shared

    @admin.action(description=_("Approve the proposals among the chosen facts"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[SharedKnowledge]) -> None:
        """Let proposals be used."""
        self._curate(request, queryset, "approve")

    @admin.action(description=_("Decline the proposals among the chosen facts"), permissions=["change"])
    def decline(self, request: HttpRequest, queryset: QuerySet[SharedKnowledge]) -> None:
        """Turn proposals down."""
        self._curate(request, queryset, "decline")

    @admin.action(description=_("Archive the chosen facts"), permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[SharedKnowledge]) -> None:
        """Put facts away."""
        self._curate(request, queryset, "archive")

    @admin.action(description=_("Give the chosen facts new vectors"), permissions=["change"])
    def reembed(self, request: HttpRequest, queryset: QuerySet[SharedKnowledge]) -> None:
        """Let facts follow a change of the embedding model."""
        chosen, embedder, done = self._chosen(request, queryset), get_embedder(), 0
        for number, entry in enumerate(chosen):
            try:
                done += reembed_fact(entry, embedder)
            except ModelError as failure:
                left = len(chosen) - number
                self._tell(request, "reembed", done, number - done, [(str(entry), str(failure))], left - 1)
                return
        self._tell(request, "reembed", done, len(chosen) - done, [])

    def _curate(self, request: HttpRequest, queryset: QuerySet[SharedKnowledge], deed: str) -> None:
        """Do a deed to one fact after the other, each in a transaction of its own."""
        done, skipped, failed = 0, 0, Refusals()
        for entry in self._chosen(request, queryset):
            if entry.assistant is None or entry.status != _BEGINS[deed]:
                skipped += 1
                continue
            try:
                result = change_all(entry.assistant, [entry], deed, by=person_of(request), operator=True)
            except Assistant.DoesNotExist:
                skipped += 1
                continue
            done += len(result.changed)
            for _entry, reason in result.refused:
                if reason == str(NOTHING_TO_DO):
                    skipped += 1
                else:
                    failed.append((str(entry), reason))
        self._tell(request, deed, done, skipped, failed)

    def _chosen(self, request: HttpRequest, queryset: QuerySet[SharedKnowledge]) -> Sequence[SharedKnowledge]:
        chosen = list(queryset.order_by("pk")[: MOST + 1])
        if len(chosen) > MOST:
            messages.warning(
                request, gettext("Only the first %(count)d facts: choose the rest again.") % {"count": MOST}
            )
        return chosen[:MOST]

    def _tell(self, request: HttpRequest, deed: str, done: int, skipped: int, failed: Refusals, left: int = 0) -> None:
        """Say how many were done, how many needed nothing, and what could not be done."""
        said = [_TOLD[deed] % done]
        if skipped:
            said.append(ngettext("%d needed nothing.", "%d needed nothing.", skipped) % skipped)
        if left:
            said.append(ngettext("%d was not tried.", "%d were not tried.", left) % left)
        messages.info(request, " ".join(said))
        if failed:
            shown = "; ".join(f"{name}: {reason}" for name, reason in failed[:5])
            count = ngettext("%d could not be changed:", "%d could not be changed:", len(failed)) % len(failed)
            messages.error(request, f"{count} {shown}")
