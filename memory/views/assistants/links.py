"""Invitation links as an owner sees them: made, copied, withdrawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from memory.domain.invitations import link_token
from memory.models import Assistant, Invitation

PAST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Link:
    """An invitation with its address; `state` is that of `Invitation.state`."""

    invitation: Invitation
    address: str
    state: str

    @property
    def uses_left(self) -> int | None:
        """How many people it still lets in; None for any number."""
        most = self.invitation.max_uses
        return None if most is None else most - self.invitation.use_count


def links_of(request: HttpRequest, assistant: Assistant, now: datetime) -> dict[str, Any]:
    """Return the open links and the latest of those that are closed. Two queries."""
    rows = assistant.invitations.select_related("created_by")
    still_open = rows.usable(now)
    closed = rows.exclude(pk__in=still_open.values("pk"))[:PAST_SHOWN]
    return {
        "links": [_link(request, row, now) for row in still_open],
        "past_links": [_link(request, row, now) for row in closed],
    }


def _link(request: HttpRequest, row: Invitation, now: datetime) -> Link:
    address = request.build_absolute_uri(reverse("join", args=[link_token(row)]))
    return Link(row, address, row.state(now))
