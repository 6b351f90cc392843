"""Receivers of memory's domain events that the chat cares for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from chat import learning
from chat.groups import announce_to_person
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


@receiver(post_delete, sender=Session)
def tell_sockets_of_an_ended_session(instance: Session, **_: Any) -> None:
    # Signing out, signing out another device, another password here. Of sessions whose time was over nobody is told.
    if instance.expire_date > timezone.now():
        person = instance.get_decoded().get(SESSION_KEY, "")
        if str(person).isdecimal():
            _tell_person(int(person))


@receiver(post_save, sender=User)
def tell_sockets_of_a_changed_account(
    instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any
) -> None:
    # Another password ends the other sessions; an account that is closed ends them all. Signing in notes its time.
    if not created and update_fields != frozenset({"last_login"}):
        _tell_person(instance.pk)


@receiver(post_delete, sender=User)
def tell_sockets_of_a_deleted_account(instance: User, **_: Any) -> None:
    _tell_person(instance.pk)


def _tell_person(user_id: int) -> None:
    transaction.on_commit(lambda: announce_to_person(user_id), robust=True)
