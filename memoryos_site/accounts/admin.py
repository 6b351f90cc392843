"""Sessions and second steps in Django's admin: to be ended, never to be written."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from memory.admin.base import AnyAdmin, ReadOnlyAdmin
from memoryos_site.accounts.sessions import end_session

# allauth's own let an operator write the secret of somebody's second step, and delete a session without ending it.
admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)


class EndedOnlyAdmin(ReadOnlyAdmin):
    """Rows that an operator may look at and delete."""

    list_select_related = ("user",)
    search_fields = ("user__username",)
    operators_may = ("view",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return AnyAdmin.has_delete_permission(self, request, obj)


@admin.register(Authenticator)
class AuthenticatorAdmin(EndedOnlyAdmin):
    """Deleting lets somebody in again whose phone is gone; their secrets are not shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    fields = ("user", "type", "created_at", "last_used_at")


@admin.register(UserSession)
class UserSessionAdmin(EndedOnlyAdmin):
    """Deleting signs the device out."""

    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    fields = ("user", "created_at", "last_seen_at", "ip", "user_agent")

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        end_session(obj.user, obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserSession]) -> None:
        for each in queryset.select_related("user"):
            end_session(each.user, each.pk)
