"""The assistants of a person, those they have left, and a new one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Case, Count, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from memory.domain.assistants import create_assistant
from memory.domain.left import left_memories
from memory.enums import KnowledgeStatus, Role
from memory.exceptions import InvalidText
from memory.models import Assistant, Knowledge, Membership, Page
from memory.views.activity import ended
from memory.views.assistants.base import PersonView
from memory.views.assistants.forms import NewAssistantForm
from memory.views.base import DashboardRequest


class AssistantList(PersonView):
    """The assistants a person belongs to, archived ones apart, and what those remember that they have left."""

    http_method_names = ["get", "head"]

    def get(self, request: DashboardRequest) -> HttpResponse:
        mine = list(self.places())
        context = {
            "active": [place for place in mine if place.assistant.archived_at is None],
            "archived": [place for place in mine if place.assistant.archived_at is not None],
            "left": list(left_memories(self.person)),
            "owner": Role.OWNER,
        }
        return render(request, "assistants/list.html", context)

    def places(self) -> QuerySet[Membership]:
        """Return the person's memberships in the order they joined, each with `members`, `last_page_at` and, for those
        who decide on them, how many `proposals` wait.
        """
        members = Membership.objects.filter(assistant=OuterRef("assistant")).order_by().values("assistant")
        proposed = Knowledge.objects.filter(assistant=OuterRef("assistant"), status=KnowledgeStatus.PROPOSED)
        waiting = proposed.order_by().values("assistant").annotate(count=Count("pk")).values("count")
        newest = Page.objects.filter(memory__assistant=OuterRef("assistant"), memory__user=self.person)
        return (
            Membership.objects.filter(user=self.person)
            .select_related("assistant")
            .annotate(
                members=Subquery(members.annotate(count=Count("pk")).values("count"), output_field=IntegerField()),
                proposals=Case(
                    When(role__in=(Role.OWNER, Role.CURATOR), then=Subquery(waiting, output_field=IntegerField())),
                    default=Value(None),
                ),
                last_page_at=Subquery(newest.order_by("-position").values("occurred_at")[:1]),
            )
            .order_by("joined_at", "assistant__pk")
        )


class NewAssistant(PersonView):
    """A new assistant, whose owner the person is."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.show(NewAssistantForm.fresh())

    def post(self, request: DashboardRequest) -> HttpResponse:
        form = NewAssistantForm(request.POST)
        if not form.is_valid():
            return self.show(form, 422)
        wish = {name: form.cleaned_data[name] for name in ("name", "instructions", "model", "once")}
        try:
            memory = create_assistant(self.person, **wish)
        except InvalidText as refusal:
            form.add_error("name", str(refusal))
            return self.show(form, 422)
        messages.success(request, created(memory.assistant))
        return HttpResponseRedirect(f"{reverse('chat:home')}?assistant={memory.assistant.slug}")

    def show(self, form: Any, status: int = 200) -> HttpResponse:
        return render(self.request, "assistants/new.html", {"form": form}, status=status)


def created(assistant: Assistant) -> str:
    """Say that an assistant is there."""
    return ended(gettext("“%(name)s” is there. Say hello.") % {"name": assistant.name})
