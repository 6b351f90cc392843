"""Conversations in Django's admin: to look things up and to delete, not to put words in anybody's mouth.

What was said is a person's: it is shown like what memory holds, after a reason, and noted (`memory.admin.privacy`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.conversations import delete_for_operator, rename_for_operator
from chat.models import Conversation, LearntItem, MemoryUpdate, Message, RecalledItem
from memory.admin.base import MEMORY_RELATED, OF_MEMORY_HELP, ReadOnlyAdmin, ThoseInUse, person_of
from memory.admin.figures import count_of
from memory.admin.privacy import PrivateAdmin, PrivateDomainAdmin
from memory.models import Memory

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@admin.register(Conversation)
class ConversationAdmin(PrivateDomainAdmin):
    """The title may be changed; everything else follows from the messages."""

    list_display = ("id", "person", "assistant", "mode", "created_at", "last_message_at", "archived_at", "deleted_at")
    list_filter = ("mode", "last_message_at", ("memory__assistant", ThoseInUse))
    list_select_related = MEMORY_RELATED
    search_fields = ("=id", "memory__user__username", "memory__assistant__name")
    search_help_text = OF_MEMORY_HELP
    date_hierarchy = "last_message_at"
    fields = (
        "id", "memory", "title", "mode", "title_source", "head", "created_at", "last_message_at", "pinned_at",
        "archived_at", "deleted_at", "closes_at",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name != "title")
    ordering = ("-last_message_at",)
    private = ("title",)

    def save_model(self, request: HttpRequest, obj: Conversation, form: Any, change: bool) -> None:
        rename_for_operator(obj, obj.title, by=person_of(request))

    def remove(self, obj: Conversation, person: User) -> None:
        delete_for_operator(obj, by=person)

    def goes_with(self, objs: Iterable[Conversation]) -> dict[str, int]:
        return {gettext("Messages"): Message.objects.filter(conversation__in=[obj.pk for obj in objs]).count()}

    @admin.display(description=_("Person"), ordering="memory__user__username")
    def person(self, row: Conversation) -> str:
        """Whose conversation it is."""
        return str(row.memory.user)

    @admin.display(description=_("Assistant"), ordering="memory__assistant__name")
    def assistant(self, row: Conversation) -> str:
        """With whom it is."""
        return row.memory.assistant.name


@admin.register(Message)
class MessageAdmin(PrivateAdmin, ReadOnlyAdmin):
    """Messages, with how each answer ended."""

    list_display = (
        "id", "conversation", "role", "status", "model", "tokens_in", "tokens_out", "off_record", "created_at",
    )  # fmt: skip
    list_filter = ("role", "status", "model", "created_at")
    list_select_related = ("conversation",)
    search_fields = ("=id", "=conversation__id", "conversation__memory__user__username")
    search_help_text = _("A number, a conversation’s id, or a person. What was said is not searched.")
    fields = (
        "conversation", "parent", "role", "status", "content", "error", "continues", "off_record", "client_id", "model",
        "tokens_in", "tokens_out", "prompt_tokens", "page", "created_at", "finished_at",
    )  # fmt: skip
    ordering = ("-id",)
    open_lookups = ("conversation",)
    # What a server says of a failure may quote what it was sent.
    private = ("content", "error")

    def memory_of(self, obj: Message) -> Memory:
        return Memory.objects.select_related("assistant", "user").get(conversations=obj.conversation_id)


@admin.register(RecalledItem)
class RecalledItemAdmin(ReadOnlyAdmin):
    """What answers were given from memory: by number, without its words."""

    list_display = ("id", "message_id", "rank", "in_prompt", "tier", "object_id", "score", "tokens")
    list_filter = ("tier", "in_prompt")
    search_fields = ("=message__id", "=object_id")
    raw_id_fields = ("message",)
    ordering = ("-id",)
    open_lookups = ("message",)


@admin.register(MemoryUpdate)
class MemoryUpdateAdmin(ReadOnlyAdmin):
    """When memory learnt something from a conversation."""

    list_display = ("id", "conversation", "created_at", "learnt")
    list_filter = ("created_at",)
    list_select_related = ("conversation",)
    search_fields = ("=id", "=conversation__id", "conversation__memory__user__username")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    open_lookups = ("conversation",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MemoryUpdate]:
        counted: QuerySet[MemoryUpdate] = (
            super().get_queryset(request).annotate(item_count=count_of(LearntItem.objects.all(), "update"))
        )
        return counted

    @admin.display(description=_("Things learnt"))
    def learnt(self, row: Any) -> int:
        """Count what it learnt."""
        return int(row.item_count)


@admin.register(LearntItem)
class LearntItemAdmin(ReadOnlyAdmin):
    """What was learnt: by number, without its words."""

    list_display = ("id", "update", "tier", "object_id")
    list_filter = ("tier",)
    list_select_related = ("update",)
    search_fields = ("=id", "=object_id")
    ordering = ("-id",)
    open_lookups = ("update",)
