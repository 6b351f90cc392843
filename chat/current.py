"""Which assistant a page of the chat is about: the one chosen last."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from memory.domain.assistants import ensure_default_memory, open_memory
from memory.models import Assistant, Memory

SESSION_KEY = "assistant"
PARAMETER = "assistant"


class Elsewhere(Http404):
    """The assistant in the address cannot be talked to any more, and there is a place where its person finds what is
    theirs; the exception's text says why.
    """

    def __init__(self, reason: str, address: str) -> None:
        super().__init__(reason)
        self.address = address


def current_memory_for(request: HttpRequest, *, reading: bool = False) -> Memory:
    """Return the person's memory at the assistant they chose: named in the address, else remembered, else their first.

    A choice in the address of a page is remembered; fragments for a page that is open already choose nothing, or two
    tabs with two assistants would change each other's. Raises Http404 for a slug in the address that is unknown, a
    stranger's, or, unless for `reading`, an archived assistant's: Elsewhere where the person was let in once. What is
    remembered and no longer allowed is let go.
    """
    user = request.user
    assert isinstance(user, User)
    if (slug := request.GET.get(PARAMETER)) is not None:
        memory = _memory_at(user, slug, reading=reading)
        if memory is None:
            raise _elsewhere(user, slug)
        if not getattr(request, "htmx", False):
            make_current(request, memory)
        return memory
    if (remembered := request.session.get(SESSION_KEY)) is not None:
        if (memory := _memory_at(user, remembered, reading=False)) is not None:
            return memory
        del request.session[SESSION_KEY]
    return ensure_default_memory(user)


def make_current(request: HttpRequest, memory: Memory) -> None:
    """Remember a memory's assistant as the one chosen last; an archived one is only looked at."""
    slug = memory.assistant.slug
    if memory.assistant.archived_at is None and request.session.get(SESSION_KEY) != slug:
        request.session[SESSION_KEY] = slug


def _memory_at(user: User, slug: str, *, reading: bool) -> Memory | None:
    if not _may_be_one(slug):
        return None
    mine = Assistant.objects.for_user(user)
    assistant = (mine if reading else mine.active()).filter(slug=slug).first()
    return open_memory(user, assistant) if assistant else None


def _elsewhere(user: User, slug: str) -> Http404:
    """Return why an assistant cannot be chosen: it is archived, one has left it, or it is none of theirs."""
    if not _may_be_one(slug):
        return Http404()
    if archived := Assistant.objects.for_user(user).filter(slug=slug).first():
        told = _("“%(name)s” is archived. Its members can read and export; nobody talks to it.")
        return Elsewhere(told % {"name": archived.name}, f"{reverse('chat:conversations')}?{PARAMETER}={slug}")
    left = Memory.objects.left_behind(user).filter(assistant__slug=slug).select_related("assistant").first()
    if left is None:
        return Http404()
    told = _("You are no longer a member of %(name)s.") % {"name": left.assistant.name}
    return Elsewhere(told, reverse("assistants:list"))


def _may_be_one(slug: str) -> bool:
    """Tell whether a slug can be asked for: PostgreSQL refuses a null character even in a question."""
    return "\0" not in slug
