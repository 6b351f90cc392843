"""What a person sets back: a former state of a row, a deletion; and what they lock against the model.

The same for each kind of row; the kinds say through which door of the domain.
"""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.domain.history import restore_state
from memory.embedding import get_embedder
from memory.exceptions import DuplicateKnowledge, ModelError, NothingToRestore
from memory.models import Knowledge, Profile, Trait
from memory.views.base import DashboardRequest, Row
from memory.views.items import ItemView, SwitchItem, as_long_term
from memory.views.knowledge import AssistantKnowledgeView, KnowledgeView
from memory.views.persona import ProfileView, TraitView


class UndeleteItem(ItemView[Row]):
    """A deleted row comes back where it stood."""

    http_method_names = ["post"]

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        self.require_right()
        try:
            row = self.bring_back(pk)
        except NothingToRestore as refusal:
            return self.refuse(404, str(refusal))
        except DuplicateKnowledge as refusal:
            return self.refuse(409, str(refusal))
        messages.success(request, gettext("“%(name)s” is back.") % {"name": self.name_of(row)})
        if not request.htmx:
            return redirect(self.list_address(row))
        context = {"item": self.drawn_anew(pk), "row_template": self.row_template, "focus": True, "oob": True}
        return self.fragment("memory/_switched_row.html", {**context, **self.numbers()})


class RestoreItem(ItemView[Row]):
    """A row as it was before an event of its history, `event` in the form."""

    http_method_names = ["post"]

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(self.items(), pk=pk)
        self.require_right(item)
        key = request.POST.get("event", "")
        try:
            # No transaction here: a fact's words may be sent to an embedding server.
            restored = self.set_back(item, int(key) if key.isdecimal() and len(key) < 19 else 0)
        except NothingToRestore as refusal:
            return self.refuse(404, str(refusal))
        except DuplicateKnowledge as refusal:
            return self.refuse(422, str(refusal))
        except ModelError as refusal:
            return self.refuse(503, str(refusal))
        except ObjectDoesNotExist:
            raise Http404 from None
        messages.success(request, gettext("“%(name)s” says again what it said before.") % {"name": restored})
        return redirect(reverse(f"memory:{self.kind}-row", args=[self.memory.assistant.slug, pk]))

    def set_back(self, item: Row, event_id: int) -> str:
        """Set the row back through the domain; return its name."""
        restore_state(as_long_term(item), event_id, get_embedder(), by=self.person)
        return self.name_of(get_object_or_404(self.items(), pk=item.pk))


class LockItem(SwitchItem[Row]):
    """No model changes it."""

    switch = "lock"
    told = _("“%(name)s” is locked. The assistant does not change it by itself.")

    def turn(self, item: Row) -> None:
        self.turn_lock(item, locked=True)


class UnlockItem(SwitchItem[Row]):
    """A model may change it again."""

    switch = "lock"
    told = _("“%(name)s” is unlocked. The assistant may change it when you say something new.")

    def turn(self, item: Row) -> None:
        self.turn_lock(item, locked=False)


class UndeleteProfile(ProfileView, UndeleteItem[Profile]):
    """A deleted attribute."""


class RestoreProfile(ProfileView, RestoreItem[Profile]):
    """A former value of an attribute."""


class LockProfile(ProfileView, LockItem[Profile]):
    """An attribute that no model changes."""


class UnlockProfile(ProfileView, UnlockItem[Profile]):
    """An attribute that a model may change again."""


class UndeleteTrait(TraitView, UndeleteItem[Trait]):
    """A deleted trait."""


class RestoreTrait(TraitView, RestoreItem[Trait]):
    """A former level of a trait."""


class LockTrait(TraitView, LockItem[Trait]):
    """A trait that no model changes."""


class UnlockTrait(TraitView, UnlockItem[Trait]):
    """A trait that a model may change again."""


class UndeleteKnowledge(KnowledgeView, UndeleteItem[Knowledge]):
    """A deleted fact."""


class RestoreKnowledge(KnowledgeView, RestoreItem[Knowledge]):
    """Former words of a fact."""


class LockKnowledge(KnowledgeView, LockItem[Knowledge]):
    """A fact that no model changes."""


class UnlockKnowledge(KnowledgeView, UnlockItem[Knowledge]):
    """A fact that a model may change again."""


class UndeleteAssistantKnowledge(AssistantKnowledgeView, UndeleteItem[Knowledge]):
    """A deleted fact that members share."""


class RestoreAssistantKnowledge(AssistantKnowledgeView, RestoreItem[Knowledge]):
    """Former words of a fact that members share."""


class LockAssistantKnowledge(AssistantKnowledgeView, LockItem[Knowledge]):
    """A shared fact that no model changes."""


class UnlockAssistantKnowledge(AssistantKnowledgeView, UnlockItem[Knowledge]):
    """A shared fact that a model may change again."""
