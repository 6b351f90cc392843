"""Assistants: what they are, who uses them, what they cost. Every change goes through the domain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from memory.admin.base import DomainAdmin, person_of
from memory.admin.figures import count_of, tokens_of
from memory.admin.memories import what_memories_hold
from memory.conf import installation_settings
from memory.constants import read_overrides
from memory.domain.assistants import create_assistant, require_slug
from memory.domain.budgets import set_budget
from memory.domain.configuring import configure_assistant, constants_of, set_constants, setup_of
from memory.domain.ending import delete_assistants
from memory.domain.retiring import archive_assistant, restore_assistant
from memory.enums import KnowledgeStatus
from memory.exceptions import InvalidSettings, InvalidText, MemoryOSError
from memory.models import Assistant, Knowledge, Membership, Memory

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class AssistantForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Refuses constants that the memory could not read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "memory_settings" in self.fields:
            said = gettext("Overrides of the memory’s constants, e.g. %(example)s.")
            self.fields["memory_settings"].help_text = said % {"example": '{"short_term_capacity": 10}'}

    def clean_memory_settings(self) -> dict[str, Any]:
        overrides = self.cleaned_data["memory_settings"] or {}
        if not isinstance(overrides, dict):
            raise forms.ValidationError(gettext('Write an object, e.g. {"short_term_capacity": 10}.'))
        try:
            return read_overrides(installation_settings(), overrides)
        except InvalidSettings as fault:
            raise forms.ValidationError(str(fault)) from fault

    def clean_model_settings(self) -> dict[str, Any]:
        chosen = self.cleaned_data["model_settings"] or {}
        if not isinstance(chosen, dict) or chosen.keys() - {"model"} or not isinstance(chosen.get("model", ""), str):
            raise forms.ValidationError(gettext('Write an object, e.g. {"model": "gpt-4o-mini"}.'))
        return chosen


class NewAssistantForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """An assistant begins with a name and an owner: one without nobody could manage."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["created_by"].required = True
        self.fields["created_by"].label = gettext("Owner")
        self.fields["slug"].required = False
        self.fields["slug"].help_text = gettext("Its name in addresses, which stays. Blank: made from the name.")

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        try:
            return require_slug(slug) if slug else ""
        except InvalidText as fault:
            raise forms.ValidationError(str(fault)) from fault


class InUseFilter(admin.SimpleListFilter):
    """Whether an assistant was archived."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("in_use", _("In use")), ("archived", _("Archived"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Assistant]) -> QuerySet[Assistant]:
        match self.value():
            case "in_use":
                return queryset.filter(archived_at__isnull=True)
            case "archived":
                return queryset.filter(archived_at__isnull=False)
        return queryset


@admin.register(Assistant)
class AssistantAdmin(DomainAdmin):
    """Assistants. People join one by a membership, and leave it out of use by archiving."""

    form = AssistantForm
    list_display = (
        "name", "slug", "members", "memories", "facts", "proposals", "tokens", "state", "created_at",
    )  # fmt: skip
    list_filter = (InUseFilter, "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name", "slug")
    search_help_text = _("A name, also as it stands in addresses.")
    date_hierarchy = "created_at"
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("created_by",)
    actions = ("archive", "restore")
    open_lookups = ("created_by",)
    operators_may = ("view", "add", "change")
    fields = (
        "name", "slug", "instructions", "model_settings", "memory_settings", "monthly_budget", "members", "memories",
        "facts", "proposals", "tokens", "created_by", "created_at", "archived_at",
    )  # fmt: skip
    readonly_fields = tuple(
        name
        for name in fields
        if name not in ("name", "instructions", "model_settings", "memory_settings", "monthly_budget")
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assistant]:
        facts = Knowledge.objects.active()
        counted: QuerySet[Assistant] = (
            super()
            .get_queryset(request)
            .annotate(
                member_count=count_of(Membership.objects.all(), "assistant"),
                memory_count=count_of(Memory.objects.all(), "assistant"),
                fact_count=count_of(facts, "assistant"),
                proposal_count=count_of(Knowledge.objects.filter(status=KnowledgeStatus.PROPOSED), "assistant"),
                tokens_used=tokens_of("assistant"),
            )
        )
        return counted

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields if obj else ("name", "slug", "created_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=AssistantForm if obj else NewAssistantForm, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def save_model(self, request: HttpRequest, obj: Assistant, form: Any, change: bool) -> None:
        if change:
            self.configure(obj, form.changed_data, person_of(request))
        else:
            obj.pk = create_assistant(obj.created_by, obj.name, obj.slug or None).assistant_id  # type: ignore[arg-type]

    def configure(self, obj: Assistant, changed: list[str], person: User) -> None:
        """Set what was changed, each by its own door."""
        if {"name", "instructions", "model_settings"}.intersection(changed):
            configure_assistant(obj, setup_of(obj), by=person, operator=True)
        if "memory_settings" in changed:
            set_constants(obj, constants_of(obj), by=person, operator=True)
        if "monthly_budget" in changed:
            set_budget(obj, obj.monthly_budget, by=person, operator=True)

    def remove(self, obj: Assistant, person: User) -> None:
        delete_assistants([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Assistant]) -> None:
        delete_assistants(queryset)

    def goes_with(self, objs: Iterable[Assistant]) -> dict[str, int]:
        keys = [obj.pk for obj in objs]
        return {
            gettext("Members"): Membership.objects.filter(assistant__in=keys).count(),
            **what_memories_hold(Memory.objects.filter(assistant__in=keys)),
            gettext("Shared facts"): Knowledge.objects.filter(assistant__in=keys).count(),
        }

    @admin.action(description=_("Archive the chosen assistants"), permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Assistant]) -> None:
        """Take assistants out of use; nobody's data goes."""
        self._each(request, queryset, archive_assistant)

    @admin.action(description=_("Bring the chosen assistants back"), permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Assistant]) -> None:
        """Let archived assistants be used again."""
        self._each(request, queryset, restore_assistant)

    def _each(self, request: HttpRequest, queryset: QuerySet[Assistant], door: Callable[..., Assistant]) -> None:
        done = 0
        for assistant in queryset.order_by("pk"):
            try:
                after = door(assistant, by=person_of(request), operator=True)
            except (MemoryOSError, Assistant.DoesNotExist) as refusal:
                messages.error(request, f"{assistant.name}: {refusal}")
            else:
                done += after.archived_at != assistant.archived_at
        messages.info(request, ngettext("%d assistant was changed.", "%d assistants were changed.", done) % done)

    @admin.display(description=_("State"), ordering="archived_at")
    def state(self, obj: Assistant) -> str:
        """Say whether it is in use."""
        return gettext("Archived") if obj.archived_at else gettext("In use")

    @admin.display(description=_("Members"))
    def members(self, obj: Any) -> int:
        """Count the members."""
        return int(obj.member_count)

    @admin.display(description=_("Memories"))
    def memories(self, obj: Any) -> int:
        """Count whom it remembers, those who left among them."""
        return int(obj.memory_count)

    @admin.display(description=_("Shared facts"))
    def facts(self, obj: Any) -> int:
        """Count the shared facts in use."""
        return int(obj.fact_count)

    @admin.display(description=_("Proposals waiting"))
    def proposals(self, obj: Any) -> int:
        """Count what waits for a decision."""
        return int(obj.proposal_count)

    @admin.display(description=_("Tokens this month"))
    def tokens(self, obj: Any) -> str:
        """Add up what it cost."""
        return number_format(obj.tokens_used, force_grouping=True)
