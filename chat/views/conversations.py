"""The list of conversations, and what can be done to one from there."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from chat.conversations import delete_conversation, rename_conversation
from chat.forgetting import forget_conversation, pages_of, preview_conversation
from chat.forms import RenameForm
from chat.groups import announce_change
from chat.listing import list_conversations
from chat.models import Conversation
from chat.views.base import PersonRequest, conversation_or_404, gone_is_404, list_changed, page
from memory.domain.assistants import ensure_default_memory
from memory.enums import Role
from memory.exceptions import ForgettingChanged
from memory.models import Membership
from memory.views.previews import done_in_words, in_words


@require_safe
@page
def conversations(request: PersonRequest) -> HttpResponse:
    """Show the list of conversations: the side bar's own, or a further page of it, or a page by itself."""
    memory = ensure_default_memory(request.user)
    try:
        before = parse_datetime(request.GET.get("before", ""))
    except ValueError:
        before = None
    if before and timezone.is_naive(before):
        before = None
    said = request.GET.get("said", "") if before else ""
    context = {
        "listing": list_conversations(request.user, memory.pk, timezone.localdate(), before, said),
        "current": request.GET.get("current", ""),
        "further": before is not None,
    }
    template = "chat/_conversations.html" if request.htmx else "chat/conversations.html"
    return render(request, template, context)


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
        return list_changed(request) if request.htmx else redirect(row)
    context = {"conversation": row, "form": form}
    template = "chat/_rename.html" if request.htmx else "chat/rename.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def delete(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Delete a conversation with its messages; an answer being written ends. Memory keeps what it learnt."""
    row = conversation_or_404(request, conversation_id)
    if request.method != "POST":
        context = {"conversation": row, "remembered": len(pages_of(row).ids)}
        return render(request, "chat/_delete.html" if request.htmx else "chat/delete.html", context)
    with gone_is_404():
        delete_conversation(request.user, row.pk)
    return _deleted(request, row.get_absolute_url(), conversation_id)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def forget(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Delete a conversation and forget what was learnt from it, after a preview of what goes; both or none."""
    row = conversation_or_404(request, conversation_id)
    if request.method != "POST":
        return _preview(request, row)
    try:
        with gone_is_404():
            done = forget_conversation(request.user, row.pk, request.POST.get("fingerprint", ""))
    except ForgettingChanged:
        return _preview(request, row, changed=True)
    answer = _deleted(request, row.get_absolute_url(), conversation_id)
    if answer.status_code != HTTPStatus.NO_CONTENT:
        messages.success(request, f"Deleted “{row.title}” and forgot for good: {done_in_words(done)}.")
    return answer


def _preview(request: PersonRequest, row: Conversation, changed: bool = False) -> HttpResponse:
    """Show what would go with a conversation; where memory holds nothing of it, the plain deletion."""
    plan = preview_conversation(row)
    context: dict[str, Any] = {"conversation": row, "changed": changed}
    if plan is None:
        name = "delete"
    else:
        name = "forget"
        role = Membership.objects.get(assistant=row.memory.assistant_id, user=request.user).role
        context["preview"] = in_words(row.memory, plan, may_curate=role in (Role.OWNER, Role.CURATOR))
    template = f"chat/_{name}.html" if request.htmx else f"chat/{name}.html"
    return render(request, template, context, status=409 if changed else 200)


def _deleted(request: PersonRequest, address: str, conversation_id: uuid.UUID) -> HttpResponse:
    """Tell everybody that a conversation is gone; lead away whoever is looking at it."""
    announce_change(conversation_id)
    if not request.htmx:
        return redirect("chat:new")
    if request.htmx.current_url_abs_path and request.htmx.current_url_abs_path.startswith(address):
        return HttpResponseClientRedirect(reverse("chat:new"))
    return list_changed(request)
