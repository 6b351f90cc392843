"""Who uses an assistant, who may join it by a link, and which model answers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from memory.admin.base import DomainAdmin, MemoryAdmin, ReadOnlyAdmin, person_of
from memory.domain.budgets import set_budget
from memory.domain.connections import disconnect_model
from memory.domain.invitations import revoke_invitation
from memory.domain.membership import add_member, change_role, remove_member
from memory.enums import Role
from memory.models import Invitation, Membership, ModelConnection

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_STATES = {
    "open": _("Open"),
    "revoked": _("Revoked"),
    "used_up": _("Used up"),
    "expired": _("Expired"),
}


@admin.register(Membership)
class MembershipAdmin(DomainAdmin):
    """Who may use an assistant, and as what. An assistant keeps an owner."""

    list_display = ("user", "assistant", "role", "joined_at", "monthly_budget")
    list_display_links = ("user", "assistant")
    list_filter = ("role", "joined_at")
    list_select_related = ("user", "assistant")
    search_fields = ("=id", "user__username", "assistant__name", "assistant__slug")
    search_help_text = _("A number, a person or an assistant.")
    autocomplete_fields = ("user", "assistant")
    date_hierarchy = "joined_at"
    ordering = ("-pk",)
    open_lookups = ("user", "assistant")
    operators_may = ("view", "add", "change", "delete")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        later = ("monthly_budget", "joined_at", "invitation") if obj else ()
        return ("user", "assistant", "role", *later)

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        # A membership moved to another person would show them someone else's memory as theirs to open.
        return ("user", "assistant", "joined_at", "invitation") if obj else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        person = person_of(request)
        if not change:
            obj.pk = add_member(obj.assistant, obj.user.get_username(), Role(obj.role), by=person, operator=True).pk
            return
        if "role" in form.changed_data:
            change_role(obj.assistant, obj.user, Role(obj.role), by=person, operator=True)
        if "monthly_budget" in form.changed_data:
            set_budget(obj.assistant, obj.monthly_budget, by=person, person=obj.user, operator=True)

    def remove(self, obj: Membership, person: User) -> None:
        remove_member(obj.assistant, obj.user, by=person, operator=True)


class StateFilter(admin.SimpleListFilter):
    """How an invitation stands now."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(_STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        now = timezone.now()
        used_up = Q(max_uses__isnull=False, use_count__gte=F("max_uses"))
        match self.value():
            case "open":
                return queryset.filter(revoked_at=None, expires_at__gt=now).exclude(used_up)
            case "revoked":
                return queryset.filter(revoked_at__isnull=False)
            case "used_up":
                return queryset.filter(used_up, revoked_at=None)
            case "expired":
                return queryset.filter(revoked_at=None, expires_at__lte=now).exclude(used_up)
        return queryset


@admin.register(Invitation)
class InvitationAdmin(MemoryAdmin):
    """Links to assistants, without the links: only owners can show those."""

    list_display = ("id", "assistant", "role", "state", "uses", "created_by", "created_at", "expires_at")
    list_filter = (StateFilter, "role", "created_at")
    list_select_related = ("assistant", "created_by")
    search_fields = ("=id", "assistant__name", "assistant__slug", "created_by__username")
    search_help_text = _("A number, an assistant, or who has made it.")
    date_hierarchy = "created_at"
    fields = ("assistant", "role", "state", "uses", "created_by", "created_at", "expires_at", "revoked_at")
    readonly_fields = fields
    actions = ("revoke",)
    operators_may = ("view", "change")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Of the whole list: to revoke. No single row is edited.
        return obj is None and super().has_change_permission(request)

    @admin.action(description=_("Revoke the chosen invitations"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Close links at once."""
        done = 0
        for invitation in queryset.filter(revoked_at=None).order_by("pk"):
            try:
                revoke_invitation(invitation, by=person_of(request), operator=True)
            except Invitation.DoesNotExist:
                continue
            done += 1
        messages.info(request, ngettext("%d invitation was revoked.", "%d invitations were revoked.", done) % done)

    @admin.display(description=_("State"))
    def state(self, obj: Invitation) -> str:
        """Say whether it still lets people in."""
        return str(_STATES[obj.state(timezone.now())])

    @admin.display(description=_("Uses"))
    def uses(self, obj: Invitation) -> str:
        """Say how many came by it, and how many may."""
        if obj.max_uses is None:
            return gettext("%(count)d, any number may") % {"count": obj.use_count}
        return gettext("%(count)d of %(most)d") % {"count": obj.use_count, "most": obj.max_uses}


@admin.register(ModelConnection)
class ModelConnectionAdmin(ReadOnlyAdmin, DomainAdmin):
    """Which models answer. Keys are never shown; connecting is done on the page that tries the connection."""

    list_display = ("home", "model", "server", "has_key", "updated_by", "updated_at")
    list_filter = ("updated_at",)
    list_select_related = ("assistant", "updated_by")
    search_fields = ("=id", "assistant__name", "assistant__slug", "model")
    search_help_text = _("A number, an assistant or a model.")
    ordering = ("-pk",)
    fields = ("home", "model", "server", "has_key", "updated_by", "updated_at")
    readonly_fields = fields
    operators_may = ("view", "delete")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = DomainAdmin.has_delete_permission(self, request, obj)
        # The installation's own is a superuser's to set.
        return allowed and (obj is None or obj.assistant_id is not None or person_of(request).is_superuser)

    def remove(self, obj: ModelConnection, person: User) -> None:
        disconnect_model(obj.assistant, by=person, expected=obj.updated_at, operator=True)

    @admin.display(description=_("Of"))
    def home(self, obj: ModelConnection) -> str:
        """Name the assistant, or the installation."""
        return str(obj.assistant or gettext("The whole installation"))

    @admin.display(description=_("Server"))
    def server(self, obj: ModelConnection) -> str:
        """Say where it is."""
        return obj.host

    @admin.display(description=_("Key"), boolean=True)
    def has_key(self, obj: ModelConnection) -> bool:
        """Say whether there is one."""
        return bool(obj.sealed_key)
