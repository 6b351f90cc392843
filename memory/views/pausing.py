"""The two switches of a memory: whether it learns, and whether answers are given what it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from memory.domain.pausing import pause_learning, pause_recall, resume_learning, resume_recall
from memory.models import Memory
from memory.views.base import DashboardRequest, MemoryView
from memory.views.budget_stop import budget_stop

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class TurnView(MemoryView):
    """One of the four doors; the switches are drawn anew. It is the person's own memory: any member may."""

    http_method_names = ["post"]
    section = "overview"
    turn: ClassVar[Callable[..., Memory]]
    said: ClassVar[StrPromise]
    switch: ClassVar[str]

    def post(self, request: DashboardRequest) -> HttpResponse:
        try:
            fresh = type(self).turn(self.memory, by=self.person)
        except ObjectDoesNotExist:
            raise Http404 from None
        messages.success(request, self.said)
        if request.htmx:
            stop = budget_stop(fresh, self.membership)
            return self.fragment("memory/_pausing.html", {"memory": fresh, "focus": self.switch, "stop": stop})
        return redirect(f"{reverse('memory:overview', args=[self.memory.assistant.slug])}#pausing-{self.switch}")


class PauseLearning(TurnView):
    turn, switch = staticmethod(pause_learning), "learning"
    said = _("Learning is paused. What you say from now on is not remembered.")


class ResumeLearning(TurnView):
    turn, switch = staticmethod(resume_learning), "learning"
    said = _("Learning goes on. What was said in the pause stays out.")


class PauseRecall(TurnView):
    turn, switch = staticmethod(pause_recall), "recall"
    said = _("Memory is not used any more. Answers are given nothing of it.")


class ResumeRecall(TurnView):
    turn, switch = staticmethod(resume_recall), "recall"
    said = _("Memory is used again.")
