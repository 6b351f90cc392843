"""What assistants remember of a person who has left them: to take away, and to delete for good."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext

from memory.domain.exporting import file_name, json_of, markdown_of
from memory.domain.left import delete_left_memory, left_memories
from memory.exceptions import MemberAgain
from memory.models import Membership, Memory
from memory.views.activity import ended
from memory.views.assistants.base import PersonView
from memory.views.base import DashboardRequest
from memory.views.exporting import JSON, MARKDOWN, download


class LeftView(PersonView):
    """A memory by its key: the person's own, at an assistant they are no member of.

    A stranger's and one that is gone look the same: 404. Who is a member (again) is led to the ordinary page.
    """

    memory: Memory

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        own = Memory.objects.filter(user=self.person).select_related("assistant")
        self.memory = get_object_or_404(own, key=kwargs.pop("key"))
        if Membership.objects.filter(assistant=self.memory.assistant_id, user=self.person).exists():
            return redirect("memory:export", self.memory.assistant.slug)
        return super().serve(request, *args, **kwargs)


class LeftJson(LeftView):
    """All of it, to keep or to import elsewhere. What members share is not among it."""

    http_method_names = ["get", "head"]

    def get(self, request: DashboardRequest) -> HttpResponseBase:
        now = timezone.now()
        pieces = json_of(self.memory, now, shared=False)
        return download(pieces, JSON, file_name(self.memory.assistant.name, now, ".json"))


class LeftMarkdown(LeftView):
    """All of it, to read."""

    http_method_names = ["get", "head"]

    def get(self, request: DashboardRequest) -> HttpResponseBase:
        now = timezone.now()
        pieces = markdown_of(self.memory, now, shared=False)
        return download(pieces, MARKDOWN, file_name(self.memory.assistant.name, now, ".md"))


class DeleteLeft(LeftView):
    """Asks first; then it is gone for good."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: DashboardRequest) -> HttpResponse:
        memory = get_object_or_404(left_memories(self.person), pk=self.memory.pk)
        return render(request, "assistants/left_delete.html", {"memory": memory})

    def post(self, request: DashboardRequest) -> HttpResponse:
        name = self.memory.assistant.name
        try:
            delete_left_memory(self.memory, by=self.person)
        except Memory.DoesNotExist:
            raise Http404 from None
        except MemberAgain as refusal:
            messages.error(request, str(refusal))
        else:
            told = gettext("What “%(name)s” remembered of you is deleted for good.") % {"name": name}
            messages.success(request, ended(told))
        return redirect("assistants:list")
