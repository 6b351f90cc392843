"""Who is told when somebody is signed out: their sockets, each of which looks whether its own session still holds."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from chat.groups import announce_to_person


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
