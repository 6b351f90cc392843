"""People: who uses the installation, how much, and the end of an account.

Operators who are no superusers manage people, not power: they change nobody who works in here, give no rights, and set
neither passwords nor addresses, by which they could sign in as somebody and read what is theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangosGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangosUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from memory.admin.base import DomainAdmin, person_of
from memory.admin.figures import count_of, tokens_of
from memory.admin.memories import what_memories_hold
from memory.domain.accounts import delete_account, delete_accounts
from memory.domain.sign_ins import end_sign_ins
from memory.models import Membership, Memory

if TYPE_CHECKING:
    UserModelAdmin = DjangosUserAdmin[User]
else:
    UserModelAdmin = DjangosUserAdmin

_POWER = ("email", "is_staff", "is_superuser", "groups", "user_permissions")
"""What only superusers set."""

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class PeopleAdmin(DomainAdmin, UserModelAdmin):
    """Accounts. Who is no longer active is signed out everywhere at once."""

    list_display = (
        "username", "is_active", "is_staff", "last_login", "assistants", "tokens",
    )  # fmt: skip
    list_filter = ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")
    search_fields = ("=id", "username", "first_name", "last_name", "email")
    search_help_text = _("A number, a name or an e-mail address.")
    ordering = ("username",)
    open_lookups = ()
    operators_may = ("view", "add", "change", "delete")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        counted: QuerySet[User] = (
            super()
            .get_queryset(request)
            .annotate(
                assistant_count=count_of(Membership.objects.all(), "user"),
                tokens_used=tokens_of("memory__user"),
            )
        )
        return counted

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _is_in_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_in_reach(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = ("last_login", "date_joined", "links")
        return fixed if person_of(request).is_superuser else (*fixed, *_POWER)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return super().get_fieldsets(request, obj)
        first = (None, {"fields": ("username", "password") if person_of(request).is_superuser else ("username",)})
        return (first, *(DjangosUserAdmin.fieldsets or ())[1:], (_("What is theirs"), {"fields": ("links",)}))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        if not person_of(request).is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        # Never whole: a person may have changed their password meanwhile.
        obj.save(update_fields=_own_columns(form.changed_data)) if change else obj.save()
        if change and not obj.is_active:
            end_sign_ins(obj)

    def remove(self, obj: User, person: User) -> None:
        delete_account(obj, by=person)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        within = [person for person in queryset if self.has_delete_permission(request, person)]
        delete_accounts(within, by=person_of(request))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        named, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if any(not self.has_delete_permission(request, person) for person in objs):
            lacking = {gettext("people who work in the administration")}
        return named, counts, lacking, protected

    def goes_with(self, objs: Iterable[User]) -> dict[str, int]:
        keys = [obj.pk for obj in objs]
        memberships = Membership.objects.filter(user__in=keys).count()
        return {gettext("Memberships"): memberships, **what_memories_hold(Memory.objects.filter(user__in=keys))}

    @admin.display(description=_("Assistants"))
    def assistants(self, obj: Any) -> int:
        """Count where the person is a member."""
        return int(obj.assistant_count)

    @admin.display(description=_("Tokens this month"))
    def tokens(self, obj: Any) -> str:
        """Add up what the person's memories cost."""
        return number_format(obj.tokens_used, force_grouping=True)

    @admin.display(description=_("Lists"))
    def links(self, obj: User) -> str:
        """Link the person's memberships and memories."""
        return format_html(
            '<a href="{}?user__id__exact={}">{}</a> <a href="{}?user__id__exact={}">{}</a>',
            reverse("admin:memory_membership_changelist"), obj.pk, gettext("Memberships"),
            reverse("admin:memory_memory_changelist"), obj.pk, gettext("Memories"),
        )  # fmt: skip


@admin.register(Group)
class GroupsAdmin(DjangosGroupAdmin):
    """Groups give rights, so they are superusers' to make."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and person_of(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and person_of(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and person_of(request).is_superuser


def _is_in_reach(request: HttpRequest, person: User | None) -> bool:
    """Tell whether an operator may change an account: superusers all, others those without a place in here."""
    return person is None or person_of(request).is_superuser or not (person.is_staff or person.is_superuser)


def _own_columns(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in ("groups", "user_permissions", "password")]
