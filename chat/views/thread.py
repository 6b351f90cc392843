"""A conversation's own pages. The socket (`chat.consumers`) brings them to life; without it they can be read."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from chat.access import reserve_conversation
from chat.current import current_memory_for, make_current
from chat.enums import MessageRole
from chat.models import Conversation, Message
from chat.rendering import render_markdown
from chat.views.base import PersonRequest, conversation_or_404, page, shell
from memory.models import Memory

LOG_PAGE_SIZE = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of the log with its rendered text; a person's own words have no `html`."""

    message: Message
    html: str


@require_safe
@page
def home(request: PersonRequest) -> HttpResponse:
    """Open the newest conversation, or a new one when there is none."""
    memory = current_memory_for(request)
    newest = Conversation.objects.for_user(request.user).filter(memory=memory).listed().newest_first().first()
    return redirect(newest) if newest else _render_new(request, memory)


@require_safe
@page
def new(request: PersonRequest) -> HttpResponse:
    """Show an empty conversation; its row comes with its first message."""
    return _render_new(request, current_memory_for(request))


@require_safe
@page
def conversation(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Show a conversation: its newest messages, or with `?before=<message id>` those before."""
    row = conversation_or_404(request, conversation_id)
    make_current(request, row.memory)
    log = row.messages.shown()
    if (before := request.GET.get("before", "")).isdecimal() and len(before) < 19:
        log = log.filter(pk__lt=int(before))
    newest = list(log.reverse()[: LOG_PAGE_SIZE + 1])
    shown = newest[:LOG_PAGE_SIZE][::-1]
    context = {
        "conversation": row,
        "entries": [_entry(message) for message in shown if not message.is_running],
        "running": next((message for message in shown if message.is_running), None),
        "last_id": shown[-1].pk if shown else 0,
        "earlier": shown[0].pk if len(newest) > LOG_PAGE_SIZE else None,
        "is_newest": not before,
        "socket_path": f"/ws/chat/{row.pk}/",
    }
    return render(request, "chat/conversation.html", shell(request, row.memory, row.pk) | context)


def _entry(message: Message) -> Entry:
    return Entry(message, render_markdown(message.content) if message.role == MessageRole.ASSISTANT else "")


def _render_new(request: PersonRequest, memory: Memory) -> HttpResponse:
    conversation_id, token = reserve_conversation(memory)
    context = {
        "last_id": 0,
        "is_newest": True,
        "socket_path": f"/ws/chat/{conversation_id}/?new={token}",
        "new_address": reverse("chat:conversation", args=[conversation_id]),
    }
    return render(request, "chat/conversation.html", shell(request, memory, conversation_id) | context)
