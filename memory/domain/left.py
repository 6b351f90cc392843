"""What assistants remember of a person who is no longer their member: theirs alone to take away or to delete."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from memory.domain.ending import end_memory
from memory.domain.roles import lock_assistant
from memory.enums import EventKind
from memory.exceptions import MemberAgain
from memory.models import Membership, Memory, MemoryEvent, Page


def left_memories(user: User) -> QuerySet[Memory]:
    """Return the person's memories at assistants they have left, those left last first.

    Each has `pages_left`, how many pages it holds, and `left_at`, where the log knows.
    """
    goings = MemoryEvent.objects.filter(assistant=OuterRef("assistant"), memory__isnull=True).filter(
        Q(kind=EventKind.LEFT, user=user)
        | Q(kind__in=(EventKind.LEFT, EventKind.REMOVED), after__name=user.get_username())
    )
    pages = Page.objects.filter(memory=OuterRef("pk")).order_by().values("memory").annotate(count=Count("pk"))
    rows = Memory.objects.left_behind(user).select_related("assistant")
    return rows.annotate(
        pages_left=Coalesce(Subquery(pages.values("count"), output_field=IntegerField()), 0),
        left_at=Subquery(goings.order_by("-pk").values("created_at")[:1]),
    ).order_by(F("left_at").desc(nulls_last=True), "assistant__name", "pk")


def delete_left_memory(memory: Memory, *, by: User) -> None:
    """Delete for good what an assistant remembers of a person who is no longer its member: pages, segments, facts,
    profile, traits, log, and the conversations.

    In one transaction: lock the memory, then the assistant, so that nobody joins meanwhile; end the memory
    (`ending.end_memory`), its log included, so that nothing is logged, and with it what the person has proposed and
    nobody has approved. What else is known of the assistant itself belongs to its members and stays. Raises MemberAgain
    and Memory.DoesNotExist, which somebody else's memory is, too.
    """
    with transaction.atomic():
        locked = Memory.objects.locked(memory.pk)
        if locked.user_id != by.pk:
            raise Memory.DoesNotExist
        lock_assistant(locked.assistant)
        if Membership.objects.filter(assistant=locked.assistant_id, user=by).exists():
            raise MemberAgain
        end_memory(locked)
