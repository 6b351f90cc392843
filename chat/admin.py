"""Conversations in Django's admin: to look things up and to delete, not to put words in anybody's mouth."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chat.models import Conversation, Message, RecalledItem

if TYPE_CHECKING:
    # Django's own class takes no type arguments at run time; the stubs' does.
    AnyAdmin = admin.ModelAdmin[Any]
    ConversationModelAdmin = admin.ModelAdmin[Conversation]
else:
    AnyAdmin = ConversationModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(AnyAdmin):
    """Rows that only the chat writes: adding or changing one would break what it keeps true."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: rows are written by the chat."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse: rows are written by the chat."""
        return False


@admin.register(Conversation)
class ConversationAdmin(ConversationModelAdmin):
    """The title may be changed; everything else follows from the messages."""

    list_display = ("title", "person", "assistant", "mode", "created_at", "last_message_at")
    list_filter = ("mode", "last_message_at", "memory__assistant")
    list_select_related = ("memory__user", "memory__assistant")
    search_fields = ("title", "memory__user__username")
    date_hierarchy = "last_message_at"
    readonly_fields = (
        "id",
        "memory",
        "mode",
        "title_source",
        "head",
        "created_at",
        "last_message_at",
        "pinned_at",
        "archived_at",
        "deleted_at",
        "closes_at",
    )
    ordering = ("-last_message_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a conversation comes with its first message."""
        return False

    @admin.display(description=_("Person"), ordering="memory__user__username")
    def person(self, row: Conversation) -> str:
        """Whose conversation it is."""
        return str(row.memory.user)

    @admin.display(description=_("Assistant"), ordering="memory__assistant__name")
    def assistant(self, row: Conversation) -> str:
        """With whom it is."""
        return row.memory.assistant.name


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages, with how each answer ended."""

    list_display = (
        "id",
        "conversation",
        "role",
        "status",
        "beginning",
        "model",
        "tokens_in",
        "tokens_out",
        "created_at",
    )
    list_filter = ("role", "status", "model", "created_at")
    list_select_related = ("conversation",)
    search_fields = ("content", "error", "conversation__title", "conversation__memory__user__username")
    raw_id_fields = ("conversation", "parent", "page")
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description=_("Text"))
    def beginning(self, row: Message) -> str:
        """The first words."""
        return row.content[:80]


@admin.register(RecalledItem)
class RecalledItemAdmin(ReadOnlyAdmin):
    """What answers were given from memory."""

    list_display = ("id", "message_id", "rank", "in_prompt", "tier", "object_id", "score", "tokens")
    list_filter = ("tier", "in_prompt")
    search_fields = ("=message__id", "=object_id")
    raw_id_fields = ("message",)
    ordering = ("-id",)
    show_full_result_count = False
