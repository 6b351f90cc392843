"""The list of conversations, and what puts one in another place of it."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chat.conversations import archive_conversation, pin_conversation, rename_conversation
from chat.current import current_memory_for
from chat.forms import RenameForm
from chat.groups import announce_change
from chat.listing import MOST_ROWS, PAGE_SIZE, Cursor, Listing, list_archived, list_conversations
from chat.views.base import PersonRequest, conversation_or_404, gone_is_404, page
from chat.views.notices import changed, say, say_with_undo
from memory.models import Memory


@require_safe
@page
def conversations(request: PersonRequest) -> HttpResponse:
    """Show the list of conversations, or with `?archived=1` the archive: a page of its own, or a further part of it."""
    memory = current_memory_for(request, reading=True)
    archived = request.GET.get("archived") == "1"
    context = {
        "assistant": memory.assistant,
        "archived": archived,
        "listing": list_archived_for(request, memory) if archived else list_for(request, memory),
        "current": request.GET.get("current", ""),
    }
    return render(request, "chat/_conversations.html" if request.htmx else "chat/conversations.html", context)


def list_for(request: PersonRequest, memory: Memory) -> Listing:
    """Return the part of the list that a request asks for."""
    after = Cursor.parse(request.GET.get("after", ""))
    return list_conversations(request.user, memory, timezone.localdate(), after, _size(request))


def list_archived_for(request: PersonRequest, memory: Memory) -> Listing:
    """Return the part of the archive that a request asks for."""
    after = Cursor.parse(request.GET.get("after", ""))
    return list_archived(request.user, memory, timezone.localdate(), after, _size(request))


@require_http_methods(["GET", "HEAD", "POST"])
@page
def rename(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Give a conversation another title."""
    row = conversation_or_404(request, conversation_id)
    form = RenameForm(request.POST if request.method == "POST" else None, instance=row)
    if form.is_valid():
        with gone_is_404():
            rename_conversation(request.user, row.pk, form.cleaned_data["title"])
        announce_change(row.pk)
        return changed(request, row.get_absolute_url())
    context = {"conversation": row, "form": form}
    template = "chat/_rename.html" if request.htmx else "chat/rename.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


@require_POST
@page
def pin(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Put a conversation on top of the list (`pinned=1`), or back to its date."""
    with gone_is_404():
        pin_conversation(request.user, conversation_id, request.POST.get("pinned") == "1")
    return changed(request, reverse("chat:conversations"))


@require_POST
@page
def archive(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Put a conversation into the archive (`archived=1`), or back into the list."""
    row = conversation_or_404(request, conversation_id)
    to_archive = request.POST.get("archived") == "1"
    with gone_is_404():
        archive_conversation(request.user, row.pk, to_archive)
    if to_archive:
        text = _("“%(title)s” is in the archive now.") % {"title": row.title}
        say_with_undo(request, text, reverse("chat:archive", args=[row.pk]), archived="0")
    else:
        say(request, _("“%(title)s” is back in the list.") % {"title": row.title})
    return changed(request, reverse("chat:conversations"))


@require_safe
@page
def shortcuts(request: PersonRequest) -> HttpResponse:
    """List the keyboard shortcuts; the same list stands in a dialog of every page of the chat."""
    return render(request, "chat/shortcuts.html")


def _size(request: PersonRequest) -> int:
    """Return how many rows to show: as many as were shown, where the list is loaded again."""
    rows = request.GET.get("rows", "")
    return (
        min(max(int(rows), PAGE_SIZE), MOST_ROWS) if rows.isascii() and rows.isdigit() and len(rows) < 6 else PAGE_SIZE
    )
