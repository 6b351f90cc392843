"""Which language model works for an assistant, and connecting another one.

An assistant's own connection comes first, then the installation's, then the environment's; for those two the model may
be another one (`Assistant.model_settings["model"]`). Without any, the built-in responder answers.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from memory import outbound
from memory.domain.activity import event, log
from memory.domain.roles import lock_as
from memory.enums import EventKind, Role
from memory.exceptions import (
    EditConflict,
    InvalidText,
    KeyOfAnotherAddress,
    KeyUnreadable,
    ModelKeyUnreadable,
    NotAllowed,
)
from memory.llm import Endpoint, consolidator_at, environment_endpoint, responder_at
from memory.llm.base import Consolidator, Responder
from memory.models import Assistant, ModelConnection
from memory.sealing import seal, unseal

LONGEST_MODEL = 200

logger = logging.getLogger(__name__)


class Origin(StrEnum):
    """Whose word it is which model answers."""

    ASSISTANT = "assistant"
    INSTALLATION = "installation"
    ENVIRONMENT = "environment"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Source:
    """Which model works for an assistant, and where that comes from. Holds no key."""

    origin: Origin
    model: str = ""
    base_url: str = ""
    """Empty for OpenAI itself, by the environment."""

    @property
    def connected(self) -> bool:
        return self.origin is not Origin.NONE

    @property
    def host(self) -> str:
        """The part of the address that anybody may see."""
        return outbound.shown(self.base_url) if self.base_url else "https://api.openai.com"


def connection_of(assistant: Assistant | None) -> ModelConnection | None:
    """Return the assistant's own connection, else the installation's (for None that one). One query."""
    rows = ModelConnection.objects.filter(Q(assistant=assistant) | Q(assistant__isnull=True))
    return rows.order_by(F("assistant").asc(nulls_last=True)).first()


def own_connection(assistant: Assistant | None) -> ModelConnection | None:
    """Return the connection of this assistant alone, or the installation's for None."""
    return _rows(assistant).select_related("updated_by").first()


def source_of(assistant: Assistant | None) -> Source:
    """Say which model works for an assistant, or (None) for those that have none of their own. One query; nothing is
    unsealed and nobody asked.
    """
    row = connection_of(assistant)
    if row is not None:
        origin = Origin.INSTALLATION if row.assistant_id is None else Origin.ASSISTANT
        return Source(origin, _model(row, assistant), row.base_url)
    endpoint = environment_endpoint(_wish(assistant))
    return Source(Origin.ENVIRONMENT, endpoint.model, endpoint.base_url) if endpoint else Source(Origin.NONE)


def endpoint_of(assistant: Assistant) -> Endpoint | None:
    """Return where the assistant's model is; None for the built-in responder. One query.

    Raises ModelKeyUnreadable, a `ModelError`, when the stored key cannot be opened: nothing else answers in its place.
    """
    row = connection_of(assistant)
    if row is None:
        return environment_endpoint(_wish(assistant))
    try:
        key = key_of(row)
    except KeyUnreadable:
        raise ModelKeyUnreadable from None
    return endpoint_at(row.base_url, _model(row, assistant), key)


def endpoint_at(base_url: str, model: str, key: str) -> Endpoint:
    """Return an endpoint that a person has named: private addresses are kept from it unless the installation allows
    them.
    """
    guarded = not outbound.private_addresses_allowed()
    return Endpoint(model, base_url, key, float(settings.MODEL_TIMEOUT), guarded=guarded, own=True)


def key_of(connection: ModelConnection) -> str:
    """Return the key in the clear, "" where none is asked. Raises KeyUnreadable."""
    return unseal(connection.sealed_key) if connection.sealed_key else ""


def responder_for(assistant: Assistant) -> Responder:
    """Return what answers in the chat. From a thread, not from the event loop. Raises ModelKeyUnreadable."""
    return responder_at(endpoint_of(assistant))


def consolidator_for(assistant: Assistant) -> Consolidator:
    """Return what orders the assistant's memories in the background. Raises ModelKeyUnreadable."""
    return consolidator_at(endpoint_of(assistant))


def model_connected(assistant: Assistant) -> bool:
    """Say whether a language model works for an assistant. One query."""
    return source_of(assistant).connected


def connect_model(
    assistant: Assistant | None,
    *,
    base_url: str,
    model: str,
    key: str | None,
    by: User,
    expected: datetime | None,
    operator: bool = False,
) -> ModelConnection:
    """Connect a model to an assistant, or (None) to the installation, in place of what was connected there.

    `key` is stored encrypted; None keeps the stored one, "" is none. `expected` is `updated_at` of the connection that
    the person saw, None where there was none. In this order: the address is checked, which may look up its name; then
    in one transaction the person's right is asked behind the assistant's lock (owner; for the installation a
    superuser), the row written, and for an assistant CONFIGURED logged with the host and model before and after, never
    the key.

    Raises InvalidAddress, PrivateAddress, InvalidText (model), KeyOfAnotherAddress, EditConflict (somebody else has
    saved meanwhile), NotAllowed, NotAMember and Assistant.DoesNotExist.
    """
    base_url, model = outbound.clean_address(base_url), _clean_name(model)
    if not outbound.private_addresses_allowed():
        outbound.check(base_url)
    try:
        with transaction.atomic():
            row = _locked(assistant, by, expected, operator=operator)
            before = _told(row)
            row = row or ModelConnection(assistant=assistant)
            row.sealed_key = _sealed(row, base_url, key)
            row.base_url, row.model, row.updated_by = base_url, model, by
            row.save()
            _note(row, assistant, by, before, _told(row))
    except IntegrityError:
        # The installation has no row to lock before the first is made.
        raise EditConflict from None
    return row


@transaction.atomic
def disconnect_model(
    assistant: Assistant | None, *, by: User, expected: datetime | None, operator: bool = False
) -> None:
    """Forget a connection with its key; the installation's or the environment's model answers again.

    Logs as `connect_model` does, and raises EditConflict, NotAllowed, NotAMember and Assistant.DoesNotExist as it does.
    """
    row = _locked(assistant, by, expected, operator=operator)
    if row is None:
        raise EditConflict
    _note(row, assistant, by, _told(row), None)
    row.delete()


def _clean_name(model: str) -> str:
    model = model.strip()
    if not 0 < len(model) <= LONGEST_MODEL or not model.isprintable():
        raise InvalidText
    return model


def _rows(assistant: Assistant | None) -> QuerySet[ModelConnection]:
    return ModelConnection.objects.filter(assistant=assistant, assistant__isnull=assistant is None)


def _locked(
    assistant: Assistant | None, by: User, expected: datetime | None, *, operator: bool
) -> ModelConnection | None:
    """Return the row as it stands behind its locks; the person may change it and knows how it stands."""
    if assistant is not None:
        lock_as(assistant, by, Role.OWNER, operator=operator)
    elif not User.objects.filter(pk=by.pk, is_active=True, is_superuser=True).exists():
        raise NotAllowed
    row = _rows(assistant).select_for_update().first()
    if (row.updated_at if row else None) != expected:
        raise EditConflict
    return row


def _sealed(row: ModelConnection, base_url: str, key: str | None) -> str:
    if key is not None:
        return seal(key) if key else ""
    if row.sealed_key and row.base_url != base_url:
        raise KeyOfAnotherAddress
    return row.sealed_key


def _told(row: ModelConnection | None) -> dict[str, str] | None:
    """Return what the log holds of a connection: of the address the host alone, because a path may hold a secret."""
    return {"base_url": outbound.shown(row.base_url), "model": row.model} if row and row.base_url else None


def _note(
    row: ModelConnection,
    assistant: Assistant | None,
    by: User,
    before: dict[str, str] | None,
    after: dict[str, str] | None,
) -> None:
    if assistant is None:
        # Events belong to assistants.
        logger.info("The installation's language model was %s by %s: %s", "set" if after else "removed", by, after)
        return
    nothing = {"base_url": "", "model": ""}
    changed = event(EventKind.CONFIGURED, assistant, assistant=assistant, by=by)
    changed.before, changed.after = before or nothing, after or nothing
    log(changed)


def _wish(assistant: Assistant | None) -> str | None:
    """Return the model that the assistant's settings ask for at a server that is not its own."""
    wish = assistant.model_settings.get("model") if assistant else None
    return str(wish) if wish else None


def _model(row: ModelConnection, assistant: Assistant | None) -> str:
    return row.model if row.assistant_id is not None else _wish(assistant) or row.model
