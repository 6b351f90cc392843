"""Receivers of memory's domain events that the chat cares for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from chat import learning
from chat.models import RecalledItem
from chat.uses import answers_given
from memory import signals
from memory.domain.forgetting import Rows
from memory.domain.uses import Uses
from memory.models import Knowledge, Memory, Page, Profile, Segment, Trait


@receiver(signals.forgetting_previewed)
def count_answers_given_any(memory: Memory, *, rows: Rows, **_: Any) -> int:
    # Of answers in deleted conversations, which can still be brought back, nobody is told.
    given = RecalledItem.objects.in_memory(memory).given().among(rows)
    given = given.filter(message__conversation__deleted_at__isnull=True)
    return given.order_by().values("message").distinct().count()


@receiver(signals.page_opened)
def tell_answers_given_it(memory: Memory, *, page: Page, **_: Any) -> Uses:
    return answers_given(memory, page)


@receiver(signals.memory_forgotten)
def let_go_of_what_is_forgotten(memory: Memory, *, rows: Rows, **_: Any) -> None:
    given = RecalledItem.objects.with_assistant(memory.assistant).among(rows)
    # What is locked is being deleted already, with its conversation: to wait for it could be to wait for each other.
    keys = list(given.order_by().select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    RecalledItem.objects.filter(pk__in=keys).delete()
    learning.let_go(memory, rows)


@receiver(signals.pages_transferred)
def note_where_pages_went(memory: Memory, *, pages: Sequence[Page], **_: Any) -> None:
    learning.note_transfer(memory, pages)


@receiver(signals.segment_promoted)
def note_what_was_learnt(
    memory: Memory, *, segment: Segment, learnt: Sequence[Profile | Trait | Knowledge], **_: Any
) -> None:
    learning.note_promotion(memory, segment, learnt)
