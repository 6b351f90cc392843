"""What a page says after a change, and the button that takes the change back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django_htmx.http import reswap, trigger_client_event

from chat.views.base import CONVERSATIONS_CHANGED, PersonRequest

TAG = "chat-notice"


def say(request: PersonRequest, text: str) -> None:
    """Have the next page, or this answer to HTMX, say something in passing."""
    messages.success(request, text, extra_tags=TAG)


def say_with_undo(request: PersonRequest, text: str, address: str, **fields: str) -> None:
    """The same with a button Undo that posts `fields` to an address. Without JavaScript it is a form like any other."""
    context = {"text": text, "address": address, "fields": fields}
    html: SafeString = render_to_string("chat/_undo.html", context, request)
    messages.success(request, html, extra_tags=f"{TAG} chat-notice-undo")


def changed(request: PersonRequest, page: str) -> HttpResponse:
    """Answer a change that was made: HTMX is told that the list is another one and what there is to say; without it,
    the browser is sent to a page.
    """
    if not request.htmx:
        return redirect(page)
    html = ""
    if len(get_messages(request)):
        html = render_to_string("_messages.html", {"oob": True}, request)
    return trigger_client_event(reswap(HttpResponse(html), "none"), CONVERSATIONS_CHANGED)
