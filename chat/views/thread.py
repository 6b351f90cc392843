"""A conversation's own pages. The socket (`chat.consumers`) brings them to life; without it they can be read."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chat import turns
from chat.access import Seat, reserve_conversation
from chat.branches import Window, read_tree, window
from chat.current import current_memory_for, make_current
from chat.entries import entries_of, in_order, stretch_of
from chat.enums import Mode
from chat.exceptions import Busy, MessageNotFound, ModeFixed
from chat.groups import announce_change
from chat.learning import newest_update, updates_of
from chat.models import Conversation
from chat.modes import change_mode, keep_open
from chat.tree import Tree
from chat.views.base import PersonRequest, conversation_or_404, gone_is_404, page, shell
from memory.models import Memory


@require_safe
@page
def home(request: PersonRequest) -> HttpResponse:
    """Open the newest conversation, or a new one when there is none."""
    memory = current_memory_for(request)
    newest = Conversation.objects.for_user(request.user).filter(memory=memory).listed().newest_first().first()
    return redirect(newest) if newest else _render_new(request, memory, Mode.NORMAL)


@require_safe
@page
def new(request: PersonRequest) -> HttpResponse:
    """Show an empty conversation, in the `?mode=` that is asked for; its row comes with its first message."""
    wish = request.GET.get("mode", "")
    mode = Mode(wish) if wish in Mode.values else Mode.NORMAL
    return _render_new(request, current_memory_for(request), mode)


@require_safe
@page
def conversation(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Show a conversation: the end of its branch, with `?before=<message id>` what comes before, or with `?at=` the
    branch and the stretch that hold a message.
    """
    row = conversation_or_404(request, conversation_id)
    make_current(request, row.memory)
    keep_open(row.pk)
    context = shell(request, row.memory, row.pk) | _thread(request, row)
    return render(request, "chat/conversation.html", context)


@require_POST
@page
def select(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Show the branch that holds a message from now on."""
    row = conversation_or_404(request, conversation_id)
    seat = Seat(request.user, request.session.session_key, row.pk)
    try:
        with gone_is_404():
            turns.select_version(seat, _number(request.POST.get("message", "")))
    except MessageNotFound as error:
        raise Http404 from error
    except Busy as error:
        messages.error(request, str(error))
    announce_change(row.pk)
    return redirect(row)


@require_POST
@page
def mode(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Let a conversation record what is said in it from now on, or not."""
    row = conversation_or_404(request, conversation_id)
    wish = request.POST.get("mode", "")
    if wish not in Mode.values:
        messages.error(request, _("There is no such mode. Nothing was changed."))
        return redirect(row)
    try:
        with gone_is_404():
            change_mode(request.user, row.pk, Mode(wish))
    except ModeFixed as error:
        messages.error(request, str(error))
    announce_change(row.pk)
    return redirect(row)


def _thread(request: PersonRequest, row: Conversation) -> dict[str, Any]:
    """Return what the page shows of a conversation's messages."""
    tree, at = read_tree(row.pk), _number(request.GET.get("at", ""))
    path = tree.path(row.head_id)
    is_shown = not at or at in path or not tree.path(at)
    if not is_shown:
        path = tree.path(tree.leaf(at))
    part = window(path, before=_number(request.GET.get("before", "")), at=at)
    return {
        "conversation": row,
        "mode": Mode(row.mode),
        "earlier": part.earlier,
        "is_newest": is_shown and part.is_end,
        "other_branch": None if is_shown else at,
        "socket_path": f"/ws/chat/{row.pk}/",
        **_messages(row, part, tree),
    }


def _messages(row: Conversation, part: Window, tree: Tree) -> dict[str, Any]:
    # Before the notes are read: what comes meanwhile is the socket's to bring.
    update_id = newest_update(row)
    around = list(row.messages.filter(pk__in=[*part.ids, part.later or 0]).order_by("pk"))
    found = [message for message in around if message.pk != part.later]
    entries = entries_of([message for message in found if not message.is_running], tree)
    notes = updates_of(row, stretch=stretch_of(around, part)) if update_id else []
    return {
        "log": in_order(entries, [note for note in notes if note.id <= update_id]),
        "running": next((message for message in found if message.is_running), None),
        "last_id": found[-1].pk if found else 0,
        "update_id": update_id,
    }


def _number(text: str) -> int:
    """Return a message's id from an address; 0, which is nobody's, for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _render_new(request: PersonRequest, memory: Memory, mode: Mode) -> HttpResponse:
    conversation_id, token = reserve_conversation(memory, mode)
    context = {
        "mode": mode,
        "modes": Mode,
        "last_id": 0,
        "is_newest": True,
        "socket_path": f"/ws/chat/{conversation_id}/?new={token}",
        "new_address": reverse("chat:conversation", args=[conversation_id]),
    }
    return render(request, "chat/conversation.html", shell(request, memory, conversation_id) | context)
