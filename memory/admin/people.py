"""Assistants, their members, and the memories between them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.admin.base import AnyAdmin, MemoryAdmin
from memory.conf import installation_settings
from memory.constants import read_overrides
from memory.domain.assistants import require_slug
from memory.exceptions import InvalidSettings, InvalidText
from memory.models import Assistant, Membership, Memory


class AssistantForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Refuses constants that the memory could not read."""

    def clean_memory_settings(self) -> dict[str, Any]:
        overrides = self.cleaned_data["memory_settings"] or {}
        if not isinstance(overrides, dict):
            raise forms.ValidationError(gettext('Write an object, e.g. {"short_term_capacity": 10}.'))
        try:
            return read_overrides(installation_settings(), overrides)
        except InvalidSettings as fault:
            raise forms.ValidationError(str(fault)) from fault

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug == self.instance.slug:
            return slug
        try:
            return require_slug(slug)
        except InvalidText as fault:
            raise forms.ValidationError(str(fault)) from fault

    def clean_model_settings(self) -> dict[str, Any]:
        chosen = self.cleaned_data["model_settings"] or {}
        if not isinstance(chosen, dict):
            raise forms.ValidationError(gettext('Write an object, e.g. {"model": "gpt-4o-mini"}.'))
        return chosen


@admin.register(Assistant)
class AssistantAdmin(AnyAdmin):
    """Assistants; people join one by a membership."""

    form = AssistantForm
    list_display = ("name", "slug", "members", "created_by", "created_at", "archived_at")
    list_filter = (("archived_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name", "slug")
    date_hierarchy = "created_at"
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("created_by",)
    readonly_fields = ("created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assistant]:
        counted: QuerySet[Assistant] = super().get_queryset(request).annotate(member_count=Count("memberships"))
        return counted

    @admin.display(description=_("Members"), ordering="member_count")
    def members(self, obj: Any) -> int:
        """Count the members."""
        return int(obj.member_count)


@admin.register(Membership)
class MembershipAdmin(AnyAdmin):
    """Who may use an assistant, and as what."""

    list_display = ("user", "assistant", "role", "joined_at")
    list_filter = ("role", "joined_at")
    list_select_related = ("user", "assistant")
    search_fields = ("user__username", "assistant__name", "assistant__slug")
    autocomplete_fields = ("user", "assistant")
    date_hierarchy = "joined_at"

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        # A membership moved to another person would show them someone else's memory as theirs to open.
        return ("user", "assistant") if obj else ()


@admin.register(Memory)
class MemoriesAdmin(MemoryAdmin):
    """What an assistant remembers of a person: counters kept by the domain. Deleting one deletes all it holds."""

    list_display = ("user", "assistant", "page_count", "last_position", "created_at")
    list_select_related = ("user", "assistant")
    list_filter = ("created_at",)
    search_fields = ("user__username", "assistant__name", "assistant__slug")
    date_hierarchy = "created_at"
    readonly_fields = ("assistant", "user", "page_count", "term_count", "last_position", "created_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return AnyAdmin.has_delete_permission(self, request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
