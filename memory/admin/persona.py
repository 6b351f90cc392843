"""Long-term memory: profile, traits, knowledge. Changes go through the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.admin.base import MEMORY_RELATED, AnyAdmin, DomainAdmin, person_of
from memory.domain import knowledge, persona
from memory.embedding import get_embedder
from memory.enums import KnowledgeStatus
from memory.models import Knowledge, Profile, Trait
from memory.models.knowledge import fingerprint

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@admin.register(Profile)
class ProfileAdmin(DomainAdmin):
    """Profile attributes. What is written here is locked against the model."""

    list_display = ("name", "value", "memory", "locked", "updated_at")
    list_filter = ("locked", "updated_at")
    list_select_related = MEMORY_RELATED
    search_fields = ("name", "value", "memory__user__username")
    date_hierarchy = "updated_at"
    autocomplete_fields = ("memory",)
    fields = ("memory", "name", "value", "locked", "created_at", "updated_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return AnyAdmin.has_add_permission(self, request)

    def get_readonly_fields(self, request: HttpRequest, obj: Profile | None = None) -> tuple[str, ...]:
        fixed = ("locked", "created_at", "updated_at")
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
class TraitAdmin(DomainAdmin):
    """Traits. What is written here is locked against the model."""

    list_display = ("label", "level", "memory", "locked", "updated_at")
    list_filter = ("level", "locked", "updated_at")
    list_select_related = MEMORY_RELATED
    search_fields = ("dimension", "reason", "memory__user__username")
    date_hierarchy = "updated_at"
    fields = ("memory", "dimension", "level", "reason", "locked", "created_at", "updated_at")
    readonly_fields = ("memory", "dimension", "locked", "created_at", "updated_at")

    def save_model(self, request: HttpRequest, obj: Trait, form: Any, change: bool) -> None:
        persona.edit_trait(obj, obj.level, obj.reason, by=person_of(request))

    def remove(self, obj: Trait, person: User) -> None:
        persona.delete_trait(obj, by=person)


class KnowledgeForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
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


@admin.register(Knowledge)
class KnowledgeAdmin(DomainAdmin):
    """Facts. What is written here is locked against the model."""

    form = KnowledgeForm
    list_display = ("__str__", "subject", "home", "status", "pinned", "locked", "times_confirmed", "confirmed_at")
    list_filter = ("subject", "status", "pinned", "locked", "confirmed_at")
    list_select_related = (*MEMORY_RELATED, "assistant")
    search_fields = ("text", "memory__user__username", "assistant__name")
    date_hierarchy = "confirmed_at"
    fields = (
        "subject", "memory", "assistant", "text", "status", "pinned", "locked", "times_confirmed", "confirmed_at",
        "valid_from", "valid_to", "superseded_by", "vector", "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name != "text")

    @admin.display(description=_("Belongs to"))
    def home(self, obj: Knowledge) -> str:
        """Return the memory or the assistant."""
        return str(obj.memory or obj.assistant)

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
