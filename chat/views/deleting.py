"""Deleting conversations, bringing them back, and forgetting what was learnt from them."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from chat.conversations import (
    delete_all_conversations,
    delete_conversation,
    restore_all_conversations,
    restore_conversation,
)
from chat.current import current_memory_for
from chat.forgetting import forget_conversation, pages_of, preview_conversation
from chat.forms import DeleteAllForm
from chat.groups import announce_change, announce_changes
from chat.models import Conversation
from chat.models.conversation import UNDO_MINUTES
from chat.views.base import PersonRequest, conversation_or_404, gone_is_404, page, require_in_use
from chat.views.notices import changed, say, say_with_undo
from memory.enums import Role
from memory.exceptions import ForgettingChanged
from memory.models import Membership
from memory.views.previews import done_in_words, in_words


@require_http_methods(["GET", "HEAD", "POST"])
@page
def delete(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Delete a conversation with its messages; an answer being written ends. Memory keeps what it learnt."""
    row = conversation_or_404(request, conversation_id)
    if request.method != "POST":
        return render(request, "chat/_delete.html" if request.htmx else "chat/delete.html", _choice(row))
    with gone_is_404():
        delete_conversation(request.user, row.pk)
    text = _("Deleted “%(title)s”.") % {"title": row.title}
    say_with_undo(request, text, reverse("chat:undelete", args=[row.pk]))
    return _deleted(request, row)


@require_POST
@page
def undelete(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Bring back a deleted conversation."""
    with gone_is_404():
        row = restore_conversation(request.user, conversation_id)
    say(request, _("“%(title)s” is back.") % {"title": row.title})
    return changed(request, row.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
@page
def delete_all(request: PersonRequest) -> HttpResponse:
    """Delete all conversations with the current assistant, archived ones included, once a person has typed so."""
    memory = current_memory_for(request, reading=True)
    rows = Conversation.objects.for_user(request.user).filter(memory=memory).lasting()
    form = DeleteAllForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"assistant": memory.assistant, "form": form, "count": rows.count(), "minutes": UNDO_MINUTES}
        return render(request, "chat/delete_all.html", context, status=422 if form.is_bound else 200)
    ids, moment = delete_all_conversations(memory)
    announce_changes(ids)
    text = ngettext("Deleted %(count)s conversation.", "Deleted %(count)s conversations.", len(ids)) % {
        "count": len(ids)
    }
    say_with_undo(request, text, reverse("chat:undelete_all"), deleted_at=moment.isoformat())
    return redirect("chat:conversations")


@require_POST
@page
def undelete_all(request: PersonRequest) -> HttpResponse:
    """Bring back what was deleted together at `deleted_at`."""
    try:
        moment = parse_datetime(request.POST.get("deleted_at", ""))
    except ValueError:
        moment = None
    ids = restore_all_conversations(request.user, moment) if moment and timezone.is_aware(moment) else []
    if ids:
        say(
            request,
            ngettext("%(count)s conversation is back.", "%(count)s conversations are back.", len(ids))
            % {"count": len(ids)},
        )
    else:
        say(request, _("There was nothing left to bring back."))
    return changed(request, reverse("chat:conversations"))


@require_http_methods(["GET", "HEAD", "POST"])
@page
def forget(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Delete a conversation and forget what was learnt from it, after a preview of what goes; both or none."""
    row = conversation_or_404(request, conversation_id)
    if request.method != "POST":
        return _preview(request, row)
    require_in_use(row.memory)
    try:
        with gone_is_404():
            done = forget_conversation(request.user, row.pk, request.POST.get("fingerprint", ""))
    except ForgettingChanged:
        return _preview(request, row, changed=True)
    text = _("Deleted “%(title)s” and forgot for good: %(what)s.")
    say(request, text % {"title": row.title, "what": done_in_words(done)})
    return _deleted(request, row)


def _choice(row: Conversation) -> dict[str, Any]:
    return {"conversation": row, "remembered": len(pages_of(row).ids), "minutes": UNDO_MINUTES}


def _preview(request: PersonRequest, row: Conversation, changed: bool = False) -> HttpResponse:
    """Show what would go with a conversation; where memory holds nothing of it, the plain deletion."""
    plan = preview_conversation(row)
    context: dict[str, Any] = {"conversation": row, "changed": changed, "minutes": UNDO_MINUTES}
    if plan is None:
        name = "delete"
    else:
        name = "forget"
        role = Membership.objects.get(assistant=row.memory.assistant_id, user=request.user).role
        context["preview"] = in_words(row.memory, plan, may_curate=role in (Role.OWNER, Role.CURATOR))
    template = f"chat/_{name}.html" if request.htmx else f"chat/{name}.html"
    return render(request, template, context, status=HTTPStatus.CONFLICT if changed else HTTPStatus.OK)


def _deleted(request: PersonRequest, row: Conversation) -> HttpResponse:
    """Tell everybody that a conversation is gone; lead away whoever is looking at it."""
    announce_change(row.pk)
    here = request.htmx.current_url_abs_path if request.htmx else None
    if here and here.startswith(row.get_absolute_url()):
        return HttpResponseClientRedirect(reverse("chat:new"))
    return changed(request, reverse("chat:new"))
