"""Closing: what the end of an account would do to the assistants of a person. Read only."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from memory.domain.membership import assistants_left_alone
from memory.models import Assistant, Membership, Memory


@dataclass(frozen=True, slots=True)
class Closing:
    """The assistants that need another owner first, and those that would be deleted with the account."""

    need_owner: list[Assistant]
    deleted: list[Assistant]


def closing_of(user: User) -> Closing:
    """Foresee what `accounts.delete_account` does: assistants that nobody else uses, and that remember nobody else, go.

    Two queries.
    """
    theirs = Membership.objects.exclude(user=user).values("assistant")
    remembered = Memory.objects.exclude(user=user).values("assistant")
    mine = Assistant.objects.filter(memberships__user=user).exclude(pk__in=theirs).exclude(pk__in=remembered)
    return Closing(assistants_left_alone(user), list(mine.order_by("name", "pk")))
