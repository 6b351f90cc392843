"""Another assistant like one that is there: its setup, and, where a curator wants it, what it knows of itself."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext

from memory.domain.activity import event, log
from memory.domain.assistants import NAME_LENGTH, found_assistant
from memory.domain.configuring import setup_of
from memory.domain.roles import lock_as
from memory.enums import EventKind, Role
from memory.models import Assistant, Knowledge, Memory


@transaction.atomic
def duplicate_assistant(assistant: Assistant, *, by: User, with_knowledge: bool = False, once: str = "") -> Memory:
    """Make an assistant of one's own that is set up like this one; return the person's memory at it.

    In one transaction: lock the assistant and make sure of the role (member, curator for the knowledge), store a new
    one with the same instructions, model and constants, log `created`, copy the active knowledge about the assistant
    with its vectors and without its sources, an `added` for each. Members, budgets, a connected model's key, proposals,
    and whatever the assistant remembers of anybody are not copied. An archived assistant may be copied. `once` as in
    `create_assistant`. Raises NotAMember, NotAllowed, Assistant.DoesNotExist.
    """
    locked = lock_as(assistant, by, Role.CURATOR if with_knowledge else Role.MEMBER)
    model = setup_of(locked)["model"]
    fields = {
        "name": _copy_name(locked.name),
        "instructions": locked.instructions,
        "model_settings": {"model": model} if model else {},
        "memory_settings": dict(locked.memory_settings or {}),
    }
    memory = found_assistant(by, fields, once=once, told={"of": locked.name})
    if with_knowledge and not Knowledge.objects.about_assistant(memory.assistant).exists():
        _copy_knowledge(locked, memory.assistant, by)
    return memory


def _copy_name(name: str) -> str:
    said = gettext("%(name)s (copy)")
    room = NAME_LENGTH - len(said % {"name": ""})
    return said % {"name": name[:room].rstrip()}


def _copy_knowledge(source: Assistant, target: Assistant, by: User) -> None:
    active = Knowledge.objects.about_assistant(source).active().order_by("pk")
    copies = Knowledge.objects.bulk_create(
        Knowledge(
            subject=entry.subject,
            assistant=target,
            text=entry.text,
            fingerprint=entry.fingerprint,
            pinned=entry.pinned,
            locked=entry.locked,
            times_confirmed=entry.times_confirmed,
            confirmed_at=entry.confirmed_at,
            valid_from=entry.valid_from,
            valid_to=entry.valid_to,
            embedding=entry.embedding,
            embedding_model=entry.embedding_model,
        )
        for entry in active
    )
    log(*(event(EventKind.ADDED, copy, assistant=target, by=by, after={"text": copy.text}) for copy in copies))
