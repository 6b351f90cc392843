"""What an assistant is: its name, its instructions, its model, and the constants of its memory. Its owners' to set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from memory.conf import installation_settings
from memory.constants import read_overrides
from memory.domain.activity import event, log
from memory.domain.assistants import clean_setup
from memory.domain.roles import lock_as
from memory.enums import EventKind, Role
from memory.exceptions import AssistantIsArchived, EditConflict
from memory.models import Assistant


def setup_of(assistant: Assistant) -> dict[str, str]:
    """Return the name, the instructions and the model; no model is the installation's."""
    model = (assistant.model_settings or {}).get("model") or ""
    return {"name": assistant.name, "instructions": assistant.instructions, "model": str(model)}


def constants_of(assistant: Assistant) -> dict[str, Any]:
    """Return the constants that the assistant sets itself."""
    return dict(assistant.memory_settings or {})


def configure_assistant(
    assistant: Assistant,
    wish: Mapping[str, str],
    *,
    by: User,
    expected: Mapping[str, str] | None = None,
    operator: bool = False,
) -> Assistant:
    """Set name, instructions and model; return the assistant as it is now.

    `expected` is what the person has seen (`setup_of`). In one transaction: lock the assistant, make sure of the role,
    store what is different, log `configured` with just that. The address stays. Raises NotAMember, NotAllowed,
    AssistantIsArchived, InvalidText, EditConflict where something else stands there meanwhile, Assistant.DoesNotExist.
    """
    setup = clean_setup(wish["name"], wish["instructions"], wish["model"])
    with transaction.atomic():
        locked = lock_as(assistant, by, Role.OWNER, operator=operator)
        _require_active(locked)
        before = setup_of(locked)
        if expected is not None and dict(expected) != before:
            raise EditConflict
        locked.name, locked.instructions = setup["name"], setup["instructions"]
        others = {name: value for name, value in (locked.model_settings or {}).items() if name != "model"}
        locked.model_settings = {**others, "model": setup["model"]} if setup["model"] else others
        locked.save(update_fields=["name", "instructions", "model_settings"])
        _tell(locked, before, setup, by)
    return locked


def set_constants(
    assistant: Assistant,
    wish: Mapping[str, Any],
    *,
    by: User,
    expected: Mapping[str, Any] | None = None,
    operator: bool = False,
) -> Assistant:
    """Set the constants that an assistant has of its own; what is blank or missing is the installation's. An empty
    `wish` sets all of them back.

    `expected` is what the person has seen (`constants_of`). In one transaction: lock the assistant, make sure of the
    role, store them, log `configured` with what is different. What is stored in memories stays as it is; the next
    transfer, promotion or recall goes by the new values. Raises NotAMember, NotAllowed, AssistantIsArchived,
    InvalidSettings, EditConflict, Assistant.DoesNotExist.
    """
    own = read_overrides(installation_settings(), wish)
    with transaction.atomic():
        locked = lock_as(assistant, by, Role.OWNER, operator=operator)
        _require_active(locked)
        before = constants_of(locked)
        if expected is not None and dict(expected) != before:
            raise EditConflict
        locked.memory_settings = own
        locked.save(update_fields=["memory_settings"])
        _tell(locked, before, own, by)
    return locked


def _require_active(assistant: Assistant) -> None:
    if assistant.archived_at is not None:
        raise AssistantIsArchived


def _tell(assistant: Assistant, before: Mapping[str, Any], after: Mapping[str, Any], by: User) -> None:
    """Log what is different; nothing where nothing is."""
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if changed:
        was, now = ({name: state.get(name) for name in changed} for state in (before, after))
        log(event(EventKind.CONFIGURED, assistant, assistant=assistant, by=by, before=was, after=now))
