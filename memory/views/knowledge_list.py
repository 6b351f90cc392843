"""Lists of facts: by status, narrowed by a form, searched as recall searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.paginator import Page as Slice
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.utils import timezone

from memory.domain.searching import Hit, Search, search_knowledge
from memory.enums import KnowledgeStatus
from memory.forms import BY_HAND, KnowledgeFilterForm
from memory.models import Knowledge, Page
from memory.views.base import PAGE_SIZE, DashboardRequest
from memory.views.knowledge import AssistantKnowledgeView, KnowledgeView, add_fits, status_in

ORDERS: Mapping[str, Sequence[Any]] = {
    "latest": ("-confirmed_at", "-pk"),
    "oldest": ("confirmed_at", "pk"),
    "often": ("-times_confirmed", "-confirmed_at", "-pk"),
    "name": (Lower("text"), "pk"),
}
PINNED_FIRST = ("-pinned", "-confirmed_at", "-pk")


class KnowledgeList(KnowledgeView):
    """Facts by status: the active ones unless `?status=` asks for others."""

    def get(self, request: DashboardRequest) -> HttpResponse:
        if request.htmx and not request.htmx.history_restore_request:
            return self.fragment("memory/_knowledge_list.html", self.listing())
        return self.page("memory/knowledge.html", self.listing())

    def place(self) -> dict[str, Any]:
        return {**super().place(), "choosing": self.may_write}

    def listing(self) -> dict[str, Any]:
        """Return what the list shows."""
        status = status_in(self.request.GET)
        counts = dict(self.items().order_by().values_list("status").annotate(Count("pk")))
        form = KnowledgeFilterForm(self.request.GET)
        chosen = form.chosen()
        shown, search = self.shown(self.items().filter(status=status), chosen)
        return {
            "subject": self.subject,
            "status": status,
            "tabs": [
                (choice, counts.get(choice, 0)) for choice in KnowledgeStatus if counts.get(choice) or choice == status
            ],
            "tab_query": self.query_without("status", "page"),
            "form": form,
            "narrowed": bool(chosen.keys() - {"sort"}),
            "detailed": bool(chosen.keys() - {"q"}) or bool(form.errors.keys() - {"q"}),
            "search": search,
            "items": shown,
            "count": counts.get(KnowledgeStatus.ACTIVE, 0),
            "capacity": self.memory.conf.knowledge_capacity,
        }

    def query_without(self, *names: str) -> str:
        """Return the rest of the query, for a link that says these parts of it anew."""
        query = self.request.GET.copy()
        for name in names:
            query.pop(name, None)
        return query.urlencode()

    def shown(self, rows: QuerySet[Knowledge], chosen: Mapping[str, Any]) -> tuple[Slice[Any], Search | None]:
        """Return the page of the list that was asked for, and the search it comes from."""
        narrowed = self.narrowed(rows, chosen)
        if not (words := chosen.get("q")):
            order = ORDERS.get(chosen.get("sort", ""), PINNED_FIRST)
            return self.slice(self.with_sources(narrowed.order_by(*order))), None
        # All of the status are scored, whatever else is asked for: so the scores are those of recall.
        search = search_knowledge(self.memory, rows, words, now=timezone.now())
        return self.ranked(narrowed, search.hits, ORDERS.get(chosen.get("sort", ""))), search

    def ranked(
        self, narrowed: QuerySet[Knowledge], hits: Sequence[Hit], order: Sequence[Any] | None
    ) -> Slice[Knowledge]:
        """Return a page of those hits that are among `narrowed`, each with why it fits."""
        found_keys = [hit.pk for hit in hits]
        kept = list(narrowed.filter(pk__in=found_keys).order_by(*(order or ("pk",))).values_list("pk", flat=True))
        if order is None:
            wanted = set(kept)
            kept = [pk for pk in found_keys if pk in wanted]
        page = Paginator(kept, PAGE_SIZE).get_page(self.request.GET.get("page"))
        rows = {row.pk: row for row in self.with_sources(self.items().filter(pk__in=list(page.object_list)))}
        found = [rows[pk] for pk in page.object_list if pk in rows]
        add_fits(found, hits)
        page.object_list = found  # type: ignore[assignment]
        return page  # type: ignore[return-value]

    def narrowed(self, rows: QuerySet[Knowledge], chosen: Mapping[str, Any]) -> QuerySet[Knowledge]:
        """Return the facts that everything but the words leaves."""
        for name in ("pinned", "locked"):
            if name in chosen:
                rows = rows.filter(**{name: chosen[name] == "yes"})
        if "since" in chosen:
            rows = rows.filter(confirmed_at__date__gte=chosen["since"])
        if "until" in chosen:
            rows = rows.filter(confirmed_at__date__lte=chosen["until"])
        match chosen.get("source"):
            case None:
                return rows
            case source if source == BY_HAND:
                return rows.filter(locked=True, sources__isnull=True)
            case source:
                # Of what members share, where other people's pages came from is theirs.
                pages = Page.objects.filter(memory=self.memory, source=source, knowledge=OuterRef("pk"))
                return rows.filter(Exists(pages))


class AssistantKnowledgeList(AssistantKnowledgeView, KnowledgeList):
    """The same for what is known of the assistant."""
