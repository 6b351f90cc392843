"""Knowledge: facts about the person, and facts about the assistant that its members share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, cast

from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from memory.domain.deciding import approve_knowledge, decline_knowledge
from memory.domain.disabling import disable_knowledge, enable_knowledge, pin_knowledge, unpin_knowledge
from memory.domain.knowledge import delete_knowledge, edit_knowledge
from memory.domain.locking import lock_knowledge, unlock_knowledge
from memory.domain.merging import reinstate_knowledge
from memory.domain.searching import Hit, search_knowledge
from memory.domain.shelving import archive_knowledge, unarchive_knowledge
from memory.domain.undoing import undelete_knowledge
from memory.embedding import get_embedder
from memory.enums import KnowledgeStatus, Subject
from memory.exceptions import NotAllowed, NotAMember
from memory.forms import KnowledgeFilterForm, KnowledgeForm
from memory.models import Assistant, Knowledge, Membership, Memory
from memory.models.knowledge import KnowledgeQuerySet
from memory.views.items import DeleteItem, DisableItem, EditItem, EnableItem, ItemView, ShowItem, SwitchItem
from memory.views.recalled import positive, signal_bars


def status_in(query: QueryDict) -> KnowledgeStatus:
    """Return the status whose facts a list was asked for: the active ones unless it names others."""
    wish = query.get("status", "")
    return KnowledgeStatus(wish) if wish in KnowledgeStatus.values else KnowledgeStatus.ACTIVE


def add_fits(rows: Iterable[Knowledge], hits: Sequence[Hit]) -> None:
    """Attach to those of the rows that were found why they fit; the bars of all that were found have one measure."""
    by_key = {hit.pk: hit.score for hit in hits}
    longest = max((positive(score.signals()) for score in by_key.values()), default=0.0)
    for row in rows:
        if (score := by_key.get(row.pk)) is not None:
            row.fit = {"score": score.total, "bars": signal_bars(score.signals(), longest)}  # type: ignore[attr-defined]


def shortened(text: str) -> str:
    """Return what messages call a fact that says this."""
    return text if len(text) <= 60 else f"{text[:59]}…"


def with_shared(rows: QuerySet[Knowledge], membership: Membership) -> QuerySet[Knowledge]:
    """Annotate what became of sharing each of a person's facts, `shared_pk` and `shared_status`, and `may_share`:
    whether there is anybody to share it with, and it is no fact of an invented person's.
    """
    shared = Knowledge.objects.filter(shared_from=OuterRef("pk"), assistant=membership.assistant_id).order_by("-pk")
    others = Membership.objects.filter(assistant=membership.assistant_id).exclude(pk=membership.pk)
    annotated = (
        cast("KnowledgeQuerySet", rows)
        .with_from_demo()
        .annotate(
            shared_pk=Subquery(shared.values("pk")[:1]),
            shared_status=Subquery(shared.values("status")[:1]),
            may_share=ExpressionWrapper(Exists(others) & Q(is_from_demo=False), output_field=BooleanField()),
        )
    )
    return cast("QuerySet[Knowledge]", annotated)


class KnowledgeView(ItemView[Knowledge]):
    """A fact about the person: theirs alone."""

    kind = "knowledge"
    section = "knowledge"
    row_template = "memory/_knowledge_row.html"
    subject = Subject.USER
    form_class = KnowledgeForm
    main_field = "text"

    def items(self) -> QuerySet[Knowledge]:
        return Knowledge.objects.about_user(self.memory).select_related("superseded_by").defer("embedding")

    def name_of(self, item: Knowledge) -> str:
        return shortened(item.text)

    def initial(self, item: Knowledge) -> dict[str, Any]:
        return {"text": item.text}

    def save(self, item: Knowledge, data: dict[str, Any]) -> Knowledge:
        return edit_knowledge(item, data["text"], get_embedder(), by=self.person, expected=data["expected"])

    def remove(self, item: Knowledge) -> None:
        delete_knowledge(item, by=self.person)

    @property
    def home(self) -> Memory | Assistant:
        """Return what these facts belong to."""
        return self.memory if self.subject == Subject.USER else self.memory.assistant

    @property
    def may_write(self) -> bool:
        return self.subject == Subject.USER or self.may_curate

    def require_writer(self) -> None:
        """Raise PermissionDenied for who may see these facts and not change them."""
        if not self.may_write:
            raise PermissionDenied

    def bring_back(self, pk: int) -> Knowledge:
        return undelete_knowledge(self.memory, pk, self.subject, by=self.person)

    def turn_lock(self, item: Knowledge, *, locked: bool) -> None:
        (lock_knowledge if locked else unlock_knowledge)(item, by=self.person)

    def with_sources(self, rows: QuerySet[Knowledge]) -> QuerySet[Knowledge]:
        rows = super().with_sources(rows)
        return with_shared(rows, self.membership) if self.subject is Subject.USER else rows

    def place(self) -> dict[str, Any]:
        # A row that HTMX draws anew in its list can be ticked there, and nowhere else.
        in_list = self.list_query is not None
        return {**super().place(), "may_edit": self.may_write, "choosing": in_list and self.may_write}

    @property
    def list_query(self) -> QueryDict | None:
        """Return what the list was asked for that HTMX draws a row of anew; None where there is no such list."""
        path, _, query = (self.request.htmx.current_url_abs_path or "").partition("?")
        in_list = path == reverse(f"memory:{self.kind}", args=[self.memory.assistant.slug])
        return QueryDict(query.partition("#")[0]) if in_list else None

    def drawn_anew(self, pk: int) -> Knowledge:
        """Return a fact as its list shows it: where that is a search, with why it fits."""
        item = super().drawn_anew(pk)
        asked = self.list_query or QueryDict()
        if words := KnowledgeFilterForm(asked).chosen().get("q"):
            rows = self.items().filter(Q(status=status_in(asked)) | Q(pk=pk))
            add_fits([item], search_knowledge(self.memory, rows, words, now=timezone.now()).hits)
        return item

    def numbers(self) -> dict[str, Any]:
        active = self.items().filter(status=KnowledgeStatus.ACTIVE).count()
        return {"count": active, "capacity": self.memory.conf.knowledge_capacity}


class AssistantKnowledgeView(KnowledgeView):
    """A fact about the assistant: shared, so only owner and curators change it, and only they see proposals."""

    kind = "assistant-knowledge"
    section = "assistant-knowledge"
    subject = Subject.ASSISTANT

    def items(self) -> QuerySet[Knowledge]:
        entries = Knowledge.objects.about_assistant(self.memory.assistant)
        entries = entries if self.may_curate else entries.active()
        return entries.select_related("superseded_by", "proposed_by").defer("embedding")

    def require_right(self, item: Knowledge | None = None) -> None:
        self.require_writer()


class ShowKnowledge(KnowledgeView, ShowItem[Knowledge]):
    """A fact and the pages it was learnt from."""


class EditKnowledge(KnowledgeView, EditItem[Knowledge]):
    """Change a fact's words."""


class DeleteKnowledge(KnowledgeView, DeleteItem[Knowledge]):
    """Delete a fact."""


class ShowAssistantKnowledge(AssistantKnowledgeView, ShowItem[Knowledge]):
    """A fact about the assistant and those of the person's own pages it was learnt from."""


class EditAssistantKnowledge(AssistantKnowledgeView, EditItem[Knowledge]):
    """Change a shared fact's words."""


class DeleteAssistantKnowledge(AssistantKnowledgeView, DeleteItem[Knowledge]):
    """Delete a shared fact."""


class DisableKnowledge(KnowledgeView, DisableItem[Knowledge]):
    """Keep a fact without using it."""

    def turn(self, item: Knowledge) -> None:
        disable_knowledge(item, by=self.person)


class EnableKnowledge(KnowledgeView, EnableItem[Knowledge]):
    """Use a fact again."""

    def turn(self, item: Knowledge) -> None:
        enable_knowledge(item, by=self.person)


class PinKnowledge(KnowledgeView, SwitchItem[Knowledge]):
    """Keep a fact from being archived."""

    switch = "pin"
    told = _("Pinned “%(name)s”. It is never archived for lack of room.")

    def turn(self, item: Knowledge) -> None:
        pin_knowledge(item, by=self.person)


class UnpinKnowledge(KnowledgeView, SwitchItem[Knowledge]):
    """Let a fact be archived again."""

    switch = "pin"
    told = _("“%(name)s” is no longer pinned.")

    def turn(self, item: Knowledge) -> None:
        unpin_knowledge(item, by=self.person)


class DisableAssistantKnowledge(AssistantKnowledgeView, DisableKnowledge):
    """Keep a shared fact without using it, for all members."""


class EnableAssistantKnowledge(AssistantKnowledgeView, EnableKnowledge):
    """Use a shared fact again, for all members."""


class PinAssistantKnowledge(AssistantKnowledgeView, PinKnowledge):
    """Keep a shared fact from being archived."""


class UnpinAssistantKnowledge(AssistantKnowledgeView, UnpinKnowledge):
    """Let a shared fact be archived again."""


class ArchiveKnowledge(KnowledgeView, SwitchItem[Knowledge]):
    """Put a fact away."""

    switch = "archive"
    told = _("Archived “%(name)s”. The assistant is not given it any more.")

    def turn(self, item: Knowledge) -> None:
        archive_knowledge(item, by=self.person)


class UnarchiveKnowledge(KnowledgeView, SwitchItem[Knowledge]):
    """Take an archived fact into use again."""

    switch = "archive"
    told = _("“%(name)s” is used again.")

    def turn(self, item: Knowledge) -> None:
        unarchive_knowledge(item, by=self.person)


class ReinstateKnowledge(KnowledgeView, SwitchItem[Knowledge]):
    """Bring back a fact that another one had replaced."""

    switch = "archive"
    told = _("“%(name)s” holds again.")

    def turn(self, item: Knowledge) -> None:
        reinstate_knowledge(item, by=self.person)


class ArchiveAssistantKnowledge(AssistantKnowledgeView, ArchiveKnowledge):
    """Put a shared fact away, for all members."""


class UnarchiveAssistantKnowledge(AssistantKnowledgeView, UnarchiveKnowledge):
    """Take a shared fact into use again, for all members."""


class ReinstateAssistantKnowledge(AssistantKnowledgeView, ReinstateKnowledge):
    """Bring back a shared fact that another one had replaced."""


class DecideKnowledge(AssistantKnowledgeView, SwitchItem[Knowledge]):
    """A decision on what was proposed, in the list of what is known of the assistant."""

    decide: ClassVar[Callable[..., Knowledge]]

    def turn(self, item: Knowledge) -> None:
        try:
            type(self).decide(item, by=self.person)
        except (NotAllowed, NotAMember) as refusal:
            raise PermissionDenied from refusal


class ApproveKnowledge(DecideKnowledge):
    """Let what was proposed be used for all members."""

    switch = "use"
    told = _("Approved “%(name)s”. It is used for all members.")
    decide = staticmethod(approve_knowledge)


class DeclineKnowledge(DecideKnowledge):
    """Turn down what was proposed."""

    switch = "use"
    told = _("Declined “%(name)s”. It is kept, and not used.")
    decide = staticmethod(decline_knowledge)
