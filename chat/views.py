"""The pages of the chat. The socket (`chat.consumers`) brings them to life; without it they can be read."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event
from django_htmx.middleware import HtmxDetails

from chat import turns
from chat.access import reserve_conversation
from chat.enums import MessageRole
from chat.exceptions import ConversationGone
from chat.forgetting import forget_conversation, pages_of, preview_conversation
from chat.forms import RenameForm
from chat.groups import announce_change
from chat.listing import list_conversations, zone_of
from chat.models import Conversation, Message
from chat.rendering import render_markdown
from memory.domain.assistants import ensure_default_memory
from memory.enums import Role
from memory.exceptions import ForgettingChanged
from memory.llm import model_connected
from memory.models import Membership, Memory
from memory.views.previews import done_in_words, in_words

Params = ParamSpec("Params")

LOG_PAGE_SIZE = 60
CONVERSATIONS_CHANGED = "conversations-changed"


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in, after the middlewares."""

    user: User
    htmx: HtmxDetails


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of the log with its rendered text; a person's own words have no `html`."""

    message: Message
    html: str


def page(
    view: Callable[Concatenate[PersonRequest, Params], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Params], HttpResponse]:
    """Make a view a page of the chat: for people signed in, never stored by the browser, in the reader's time zone.

    In the dialog, a conversation that is gone is said so in a fragment.
    """

    @login_required
    @cache_control(no_store=True)
    @wraps(view)
    def wrapped(request: Any, /, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponse:
        with timezone.override(zone_of(request)):
            try:
                return view(request, *args, **kwargs)
            except Http404:
                if not request.htmx:
                    raise
                return trigger_client_event(render(request, "chat/_gone.html", status=404), CONVERSATIONS_CHANGED)

    return wrapped


@require_safe
@page
def home(request: PersonRequest) -> HttpResponse:
    """Open the newest conversation, or a new one when there is none."""
    memory = ensure_default_memory(request.user)
    newest = Conversation.objects.for_user(request.user).filter(memory=memory).newest_first().first()
    return redirect(newest) if newest else _render_new(request, memory)


@require_safe
@page
def new(request: PersonRequest) -> HttpResponse:
    """Show an empty conversation; its row comes with its first message."""
    return _render_new(request, ensure_default_memory(request.user))


@require_safe
@page
def conversation(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Show a conversation: its newest messages, or with `?before=<message id>` those before."""
    row = _conversation_or_404(request, conversation_id)
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
    return render(request, "chat/conversation.html", _shell(request, row.memory, row.pk) | context)


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
    row = _conversation_or_404(request, conversation_id)
    form = RenameForm(request.POST if request.method == "POST" else None, instance=row)
    if form.is_valid():
        with _gone_is_404():
            turns.rename_conversation(request.user, row.pk, form.cleaned_data["title"])
        announce_change(row.pk)
        return _list_changed(request) if request.htmx else redirect(row)
    context = {"conversation": row, "form": form}
    template = "chat/_rename.html" if request.htmx else "chat/rename.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def delete(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Delete a conversation with its messages; an answer being written ends. Memory keeps what it learnt."""
    row = _conversation_or_404(request, conversation_id)
    if request.method != "POST":
        context = {"conversation": row, "remembered": len(pages_of(row).ids)}
        return render(request, "chat/_delete.html" if request.htmx else "chat/delete.html", context)
    with _gone_is_404():
        turns.delete_conversation(request.user, row.pk)
    return _deleted(request, row.get_absolute_url(), conversation_id)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def forget(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Delete a conversation and forget what was learnt from it, after a preview of what goes; both or none."""
    row = _conversation_or_404(request, conversation_id)
    if request.method != "POST":
        return _preview(request, row)
    try:
        with _gone_is_404():
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
    return _list_changed(request)


def _conversation_or_404(request: PersonRequest, conversation_id: uuid.UUID) -> Conversation:
    rows = Conversation.objects.for_user(request.user).select_related("memory__assistant")
    return get_object_or_404(rows, pk=conversation_id)


@contextmanager
def _gone_is_404() -> Iterator[None]:
    try:
        yield
    except ConversationGone as error:
        raise Http404 from error


def _list_changed(request: PersonRequest) -> HttpResponse:
    return trigger_client_event(HttpResponse(status=204), CONVERSATIONS_CHANGED)


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
    return render(request, "chat/conversation.html", _shell(request, memory, conversation_id) | context)


def _shell(request: PersonRequest, memory: Memory, current: uuid.UUID) -> dict[str, Any]:
    """Return what every chat page shows around its messages."""
    return {
        "assistant": memory.assistant,
        "current": str(current),
        "listing": list_conversations(request.user, memory.pk, timezone.localdate(), None, ""),
        "person": memory.user_id,
        "max_characters": settings.CHAT_MESSAGE_MAX_CHARACTERS,
        "model_connected": model_connected(),
    }
