"""What a person has paused of their memory, as every conversation shows it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from chat.views.base import PersonRequest, page
from memory.models import Memory
from memory.views.budget_stop import budget_stop


@require_safe
@page
def paused(request: PersonRequest, assistant: str) -> HttpResponse:
    """Return the notice as it stands now; the memory's own page, where the switches are, without HTMX."""
    own = Memory.objects.for_user(request.user).select_related("assistant")
    memory = get_object_or_404(own, assistant__slug=assistant)
    if not request.htmx:
        return redirect("memory:overview", memory.assistant.slug)
    context = {"memory": memory, "assistant": memory.assistant, "stop": budget_stop(memory)}
    return render(request, "chat/_paused.html", context)
