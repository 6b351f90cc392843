"""Long-term memory about people: profile, traits, facts. Private; changes go through the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from memory.admin.base import MEMORY_RELATED, OF_MEMORY, OF_MEMORY_HELP, AnyAdmin, DomainAdmin, person_of
from memory.admin.privacy import PrivateDomainAdmin, may_open
from memory.domain import knowledge, persona
from memory.embedding import get_embedder
from memory.enums import KnowledgeStatus
from memory.models import Knowledge, Profile, Trait
from memory.models.knowledge import fingerprint

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@admin.register(Profile)
class ProfileAdmin(PrivateDomainAdmin):
    """Profile attributes. What is written here is locked against the model."""

    list_display = ("id", "memory", "marks", "created_at", "updated_at")
    list_filter = ("locked", "disabled", "updated_at")
    list_select_related = MEMORY_RELATED
    search_fields = OF_MEMORY
    search_help_text = OF_MEMORY_HELP
    date_hierarchy = "updated_at"
    # Not by name, as elsewhere: the order would tell something of it.
    ordering = ("-pk",)
    autocomplete_fields = ("memory",)
    fields = ("memory", "name", "value", "locked", "disabled", "created_at", "updated_at")
    private = ("name", "value")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return AnyAdmin.has_add_permission(self, request) and may_open(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Profile | None = None) -> tuple[str, ...]:
        fixed = ("locked", "disabled", "created_at", "updated_at")
        return ("memory", "name", *fixed) if obj else fixed

    def save_model(self, request: HttpRequest, obj: Profile, form: Any, change: bool) -> None:
        person = person_of(request)
        if change:
            persona.edit_profile(obj, obj.value, by=person)
        else:
            obj.pk = persona.set_profile(obj.memory, obj.name, obj.value, by=person).pk

    def remove(self, obj: Profile, person: User) -> None:
        persona.delete_profile(obj, by=person)


@admin.register(Trait)
class TraitAdmin(PrivateDomainAdmin):
    """Traits. What is written here is locked against the model."""

    list_display = ("id", "memory", "marks", "created_at", "updated_at")
    list_filter = ("locked", "disabled", "updated_at")
    list_select_related = MEMORY_RELATED
    search_fields = OF_MEMORY
    search_help_text = OF_MEMORY_HELP
    date_hierarchy = "updated_at"
    ordering = ("-pk",)
    fields = ("memory", "dimension", "level", "reason", "locked", "disabled", "created_at", "updated_at")
    readonly_fields = ("memory", "dimension", "locked", "disabled", "created_at", "updated_at")
    private = ("dimension", "level", "reason")

    def save_model(self, request: HttpRequest, obj: Trait, form: Any, change: bool) -> None:
        persona.edit_trait(obj, obj.level, obj.reason, by=person_of(request))

    def remove(self, obj: Trait, person: User) -> None:
        persona.delete_trait(obj, by=person)


class FactForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Says at the field what the domain would refuse."""

    text = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 3, "cols": 80}))

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        entry: Knowledge = self.instance
        same = Knowledge.objects.filter(
            memory=entry.memory_id,
            assistant=entry.assistant_id,
            fingerprint=fingerprint(text),
            status__in=(KnowledgeStatus.ACTIVE, KnowledgeStatus.PROPOSED),
        )
        if same.exclude(pk=entry.pk).exists():
            raise forms.ValidationError(gettext("An entry that says the same exists already."))
        return text


class FactsAdmin(DomainAdmin):
    """Facts. What is written here is locked against the model."""

    form = FactForm

    def save_model(self, request: HttpRequest, obj: Knowledge, form: Any, change: bool) -> None:
        knowledge.edit_knowledge(obj, obj.text, get_embedder(), by=person_of(request))

    def remove(self, obj: Knowledge, person: User) -> None:
        knowledge.delete_knowledge(obj, by=person)

    def open_form(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        # As Django's own, but without its transaction: saving may ask an embedding server.
        response: HttpResponse = self._changeform_view(  # type: ignore[attr-defined]  # not in the stubs
            request, object_id, form_url, extra_context
        )
        return response


@admin.register(Knowledge)
class KnowledgeAdmin(PrivateDomainAdmin, FactsAdmin):
    """Facts about people. Those that an assistant's members share have a list of their own (`memory.admin.shared`)."""

    list_display = ("id", "memory", "status", "marks", "times_confirmed", "confirmed_at", "updated_at")
    list_filter = ("status", "pinned", "locked", "confirmed_at")
    list_select_related = MEMORY_RELATED
    search_fields = OF_MEMORY
    search_help_text = OF_MEMORY_HELP
    date_hierarchy = "confirmed_at"
    ordering = ("-pk",)
    fields = (
        "memory", "text", "status", "pinned", "locked", "times_confirmed", "confirmed_at", "valid_from", "valid_to",
        "superseded_by", "vector", "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name != "text")
    private = ("text",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Knowledge]:
        mine: QuerySet[Knowledge] = super().get_queryset(request).filter(memory__isnull=False)
        return mine
