"""What every page of the chat has around it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import F
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails

from chat.current import Elsewhere
from chat.exceptions import ConversationGone
from chat.listing import list_conversations, zone_of
from chat.models import Conversation
from memory.domain.connections import model_connected
from memory.enums import Role
from memory.exceptions import AssistantIsArchived
from memory.models import Assistant, Memory
from memory.views.budget_stop import budget_stop

Params = ParamSpec("Params")

CONVERSATIONS_CHANGED = "conversations-changed"


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in, after the middlewares."""

    user: User
    htmx: HtmxDetails


def page(
    view: Callable[Concatenate[PersonRequest, Params], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Params], HttpResponseBase]:
    """Make a view a page of the chat: for people signed in, never stored by the browser, in the reader's time zone.

    In the dialog, a conversation that is gone is said so in a fragment. What an archived assistant refuses is told, and
    who asks for one that they cannot talk to any more is led to what is theirs.
    """

    @login_required
    @cache_control(no_store=True)
    @wraps(view)
    def wrapped(request: Any, /, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponseBase:
        with timezone.override(zone_of(request)):
            try:
                return view(request, *args, **kwargs)
            except Http404 as error:
                if not request.htmx and isinstance(error, Elsewhere):
                    messages.warning(request, str(error))
                    return redirect(error.address)
                if not request.htmx:
                    raise
                return trigger_client_event(render(request, "chat/_gone.html", status=404), CONVERSATIONS_CHANGED)
            except AssistantIsArchived as refusal:
                template = "chat/_archived.html" if request.htmx else "chat/archived.html"
                return render(request, template, {"reason": refusal}, status=409)

    return wrapped


def require_in_use(memory: Memory) -> None:
    """Raise AssistantIsArchived where nothing of the memory is changed any more: 409 on every page."""
    if memory.assistant.archived_at is not None:
        raise AssistantIsArchived


def conversation_or_404(request: PersonRequest, conversation_id: uuid.UUID) -> Conversation:
    rows = Conversation.objects.for_user(request.user).select_related("memory__assistant")
    return get_object_or_404(rows, pk=conversation_id)


@contextmanager
def gone_is_404() -> Iterator[None]:
    try:
        yield
    except ConversationGone as error:
        raise Http404 from error


def shell(request: PersonRequest, memory: Memory, current: uuid.UUID) -> dict[str, Any]:
    """Return what every chat page shows around its messages."""
    assistants = list(Assistant.objects.active().for_user(request.user).annotate(role=F("memberships__role")))
    return {
        "assistant": memory.assistant,
        "memory": memory,
        "assistants": assistants,
        "is_owner": any(
            each.pk == memory.assistant_id and getattr(each, "role", None) == Role.OWNER for each in assistants
        ),
        "current": str(current),
        "listing": list_conversations(request.user, memory, timezone.localdate(), None),
        "person": memory.user_id,
        "max_characters": settings.CHAT_MESSAGE_MAX_CHARACTERS,
        "model_connected": model_connected(memory.assistant),
        "stop": budget_stop(memory),
    }
