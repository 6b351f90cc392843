"""What memory has to do with a message: its panel, and the two wishes under it, "remember this" and "forget this".

What the panel shows of long-term memory are the dashboard's own rows, so its forms and switches are the dashboard's,
too: they answer with the row as it is now. Every address is a page of its own without HTMX.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import reswap, trigger_client_event

from chat.enums import Mode
from chat.forms import RememberForm
from chat.models import Message
from chat.panel import panel_of
from chat.views.base import PersonRequest, conversation_or_404, page, require_in_use
from chat.wishes import pages_of_turn, remember_from
from memory.domain import forgetting
from memory.domain.forgetting import Target
from memory.domain.knowledge import TEXT_LENGTH, delete_knowledge
from memory.domain.remembering import Remembered, wish_of
from memory.enums import Role
from memory.exceptions import ForgettingChanged, InvalidText, LearningPaused, NothingToForget
from memory.models import Knowledge, Membership
from memory.views.previews import done_in_words, in_words

PREFILLED = TEXT_LENGTH
"""Characters of a message that are offered to be remembered."""


@require_safe
@page
def show(request: PersonRequest, conversation_id: uuid.UUID, message_id: int) -> HttpResponse:
    """Show what memory had to do with an answer."""
    answer = _message(request, conversation_id, message_id)
    if answer.is_running or answer.role != "assistant":
        raise Http404
    context = {**_place(answer), "panel": panel_of(answer, may_curate=_may_curate(answer)), "query": ""}
    return render(request, "chat/_memory_panel.html" if request.htmx else "chat/memory.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def remember(request: PersonRequest, conversation_id: uuid.UUID, message_id: int) -> HttpResponse:
    """Offer a message's words to be remembered; remember what the person makes of them."""
    message = _message(request, conversation_id, message_id)
    form = RememberForm(request.POST if request.method == "POST" else None, initial={"text": _beginning(message)})
    if form.is_valid():
        try:
            done = remember_from(message, form.cleaned_data["text"], by=request.user)
        except (InvalidText, LearningPaused) as refusal:
            form.add_error("text", str(refusal))
        else:
            return _remembered(request, message, done)
    context = {**_place(message), "form": form}
    template = "chat/_remember.html" if request.htmx else "chat/remember.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


@require_POST
@page
def unremember(request: PersonRequest, conversation_id: uuid.UUID, message_id: int) -> HttpResponse:
    """Take back what was remembered a moment ago: the fact is deleted, as on the dashboard."""
    message = _message(request, conversation_id, message_id)
    key = request.POST.get("fact", "")
    facts = Knowledge.objects.about_user(message.conversation.memory)
    fact = facts.filter(pk=int(key) if key.isdecimal() and len(key) < 19 else 0).first()
    try:
        if fact is None:
            raise Knowledge.DoesNotExist
        delete_knowledge(fact, by=request.user)
    except Knowledge.DoesNotExist:
        messages.warning(request, _("That is not in memory any more."))
    else:
        messages.success(request, _("“%(fact)s” is not remembered.") % {"fact": _short(fact.text)})
    return _done(request, message)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def forget(
    request: PersonRequest, conversation_id: uuid.UUID, message_id: int, page_id: int | None = None
) -> HttpResponse:
    """Forget what memory holds of a message's turn, or one page that an answer was given, after a preview of what goes.

    Where memory holds nothing of it, say so.
    """
    message = _message(request, conversation_id, message_id)
    pages = message.conversation.memory.pages
    ids = pages_of_turn(message) if page_id is None else pages.filter(pk=page_id).values_list("pk", flat=True)
    target = Target.pages(ids)
    if request.method != "POST":
        return _preview(request, message, target)
    try:
        expected = request.POST.get("fingerprint", "")
        done = forgetting.forget(message.conversation.memory, target, by=request.user, expected=expected)
    except (NothingToForget, ForgettingChanged):
        return _preview(request, message, target, status=409)
    messages.success(request, _("Forgotten for good: %(what)s.") % {"what": done_in_words(done)})
    return _done(request, message)


def _message(request: PersonRequest, conversation_id: uuid.UUID, message_id: int) -> Message:
    """Return a message of the person's own; none of a temporary conversation, which memory has nothing to do with."""
    row = conversation_or_404(request, conversation_id)
    if row.mode == Mode.TEMPORARY:
        raise Http404
    message = get_object_or_404(row.messages.select_related("parent"), pk=message_id)
    message.conversation = row
    if request.method == "POST":
        require_in_use(row.memory)
    return message


def _place(message: Message) -> dict[str, Any]:
    conversation = message.conversation
    return {"message": message, "conversation": conversation, "assistant": conversation.memory.assistant}


def _may_curate(message: Message) -> bool:
    memory = message.conversation.memory
    role = Membership.objects.get(assistant=memory.assistant_id, user=memory.user_id).role
    return role in (Role.OWNER, Role.CURATOR)


def _beginning(message: Message) -> str:
    return " ".join((wish_of(message.content) or message.content).split())[:PREFILLED]


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _preview(request: PersonRequest, message: Message, target: Target, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {**_place(message), "changed": status != 200}
    try:
        plan = forgetting.preview(message.conversation.memory, target)
    except NothingToForget:
        context["preview"] = None
    else:
        context["preview"] = in_words(message.conversation.memory, plan, may_curate=_may_curate(message))
    template = "chat/_forget_message.html" if request.htmx else "chat/forget_message.html"
    return render(request, template, context, status=status)


def _remembered(request: PersonRequest, message: Message, done: Remembered) -> HttpResponse:
    context = {**_place(message), "fact": done.fact, "is_new": done.is_new}
    if request.htmx:
        return _closing(render_to_string("chat/_remembered.html", context, request))
    address = reverse("memory:knowledge-row", args=[context["assistant"].slug, done.fact.pk])
    said = _("Remembered: “%(fact)s”") if done.is_new else _("This was remembered already: “%(fact)s”")
    words = said % {"fact": _short(done.fact.text)}
    messages.success(request, format_html('{} <a href="{}">{}</a>', words, address, _("Show it")))
    return redirect(message.conversation)


def _done(request: PersonRequest, message: Message) -> HttpResponse:
    if request.htmx:
        return _closing(render_to_string("_messages.html", {"oob": True}, request))
    return redirect(message.conversation)


def _closing(html: str) -> HttpResponse:
    """Answer the dialog with what to tell beside it: it closes, and open panels look again."""
    response = reswap(HttpResponse(html), "none")
    for name in ("dialog-done", "memory-changed"):
        trigger_client_event(response, name, after="swap")
    return response
