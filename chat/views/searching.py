"""The search over all conversations: in the side bar as one types, and as a page of its own."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chat.current import current_memory_for
from chat.listing import Cursor
from chat.searching import search
from chat.views.base import PersonRequest, page
from chat.views.conversations import list_for
from chat.wanted import LEAST_CHARACTERS, MOST_CHARACTERS, read_question


@require_safe
@page
def search_page(request: PersonRequest) -> HttpResponse:
    """Show where the words of `?q=` stand. In the side bar a blank question shows the list of conversations."""
    question = request.GET.get("q", "").strip()
    if request.htmx and not question:
        return _list(request)
    wanted = read_question(question)
    context = {
        "question": question,
        "results": search(request.user, wanted, Cursor.parse(request.GET.get("after", ""))) if wanted else None,
        "least": LEAST_CHARACTERS,
        "most": MOST_CHARACTERS,
        "current": request.GET.get("current", ""),
    }
    return render(request, "chat/_search_results.html" if request.htmx else "chat/search.html", context)


def _list(request: PersonRequest) -> HttpResponse:
    memory = current_memory_for(request, reading=True)
    context = {
        "assistant": memory.assistant,
        "listing": list_for(request, memory),
        "current": request.GET.get("current", ""),
        "searched": True,
    }
    return render(request, "chat/_conversations.html", context)
