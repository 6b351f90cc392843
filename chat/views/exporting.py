"""Conversations as files to take away."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from chat.database import in_database
from chat.enums import Mode
from chat.exporting import Wording, file_name, json_of, json_of_all, json_of_left, markdown_of, zip_of_all, zip_of_left
from chat.listing import zone_of
from chat.models import Conversation
from chat.views.base import PersonRequest, conversation_or_404, page
from memory.models import Memory

MARKDOWN, JSON, ZIP = "text/markdown; charset=utf-8", "application/json; charset=utf-8", "application/zip"


@require_safe
@page
def export(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Ask in which form a conversation is wanted."""
    context = {"conversation": _lasting_or_404(request, conversation_id)}
    return render(request, "chat/_export.html" if request.htmx else "chat/export.html", context)


@require_safe
@page
def export_markdown(request: PersonRequest, conversation_id: uuid.UUID) -> StreamingHttpResponse:
    """Send the shown branch of a conversation as a Markdown document."""
    row = _lasting_or_404(request, conversation_id)
    words = Wording.current(zone_of(request))
    name = file_name(row, ".md", words.untitled)
    return _download(markdown_of(row, words, timezone.now()), MARKDOWN, name)


@require_safe
@page
def export_json(request: PersonRequest, conversation_id: uuid.UUID) -> StreamingHttpResponse:
    """Send a conversation with all its branches as JSON."""
    row = _lasting_or_404(request, conversation_id)
    name = file_name(row, ".json", Wording.current(zone_of(request)).untitled)
    return _download(json_of(row, timezone.now()), JSON, name)


@require_safe
@page
def export_all(request: PersonRequest) -> HttpResponse:
    """Ask in which form all conversations are wanted."""
    context = {"count": Conversation.objects.for_user(request.user).lasting().count()}
    return render(request, "chat/_export_all.html" if request.htmx else "chat/export_all.html", context)


@require_safe
@page
def export_all_zip(request: PersonRequest) -> StreamingHttpResponse:
    """Send all conversations as a ZIP of Markdown documents."""
    now = timezone.now()
    pieces = zip_of_all(request.user, Wording.current(zone_of(request)), now)
    return _download(pieces, ZIP, f"conversations-{timezone.localdate():%Y-%m-%d}.zip")


@require_safe
@page
def export_all_json(request: PersonRequest) -> StreamingHttpResponse:
    """Send all conversations as one JSON."""
    pieces = json_of_all(request.user, timezone.now())
    return _download(pieces, JSON, f"conversations-{timezone.localdate():%Y-%m-%d}.json")


@require_safe
@page
def left_zip(request: PersonRequest, key: uuid.UUID) -> HttpResponseBase:
    """Send the conversations with an assistant that the person has left as a ZIP of Markdown documents."""
    memory = _own_or_404(request, key)
    if not _is_left(memory):
        return redirect("chat:export_all")
    pieces = zip_of_left(memory, Wording.current(zone_of(request)), timezone.now())
    return _download(pieces, ZIP, f"conversations-{timezone.localdate():%Y-%m-%d}.zip")


@require_safe
@page
def left_json(request: PersonRequest, key: uuid.UUID) -> HttpResponseBase:
    """Send the conversations with an assistant that the person has left as one JSON."""
    memory = _own_or_404(request, key)
    if not _is_left(memory):
        return redirect("chat:export_all")
    return _download(json_of_left(memory, timezone.now()), JSON, f"conversations-{timezone.localdate():%Y-%m-%d}.json")


def _own_or_404(request: PersonRequest, key: uuid.UUID) -> Memory:
    """Return a memory of the person's own by its key, whether they are still a member or not."""
    return get_object_or_404(Memory.objects.select_related("assistant"), key=key, user=request.user)


def _is_left(memory: Memory) -> bool:
    return not memory.assistant.memberships.filter(user=memory.user_id).exists()


def _lasting_or_404(request: PersonRequest, conversation_id: uuid.UUID) -> Conversation:
    """Return a person's conversation; a temporary one leaves no file."""
    row = conversation_or_404(request, conversation_id)
    if row.mode == Mode.TEMPORARY:
        raise Http404
    return row


def _download(pieces: Iterator[bytes], content_type: str, name: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return StreamingHttpResponse(_streamed(pieces), content_type=content_type, headers=headers)


async def _streamed(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Make one piece at a time, as fast as they are taken. A plain iterator would be used up at once under ASGI."""
    while (piece := await in_database(next, pieces, None)) is not None:
        yield piece
