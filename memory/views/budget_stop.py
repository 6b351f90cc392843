"""A budget that is used up, as the person reads it on the overview and in the chat: why, until when, who can help."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import User
from django.utils import timezone

from memory.domain.budgets import Spent, spent, spent_of
from memory.domain.connections import model_connected
from memory.domain.months import Month
from memory.domain.proposing import name_of
from memory.embedding import get_embedder
from memory.embedding.base import EmbeddingModel
from memory.enums import Role
from memory.models import Membership, Memory


@dataclass(frozen=True, slots=True)
class BudgetStop:
    """What background work waits for."""

    spent: Spent
    owners: tuple[str, ...]
    """Who can raise it, by name."""
    is_owner: bool

    @property
    def is_own(self) -> bool:
        """Whether it is the person's own budget; else it is that of all members together."""
        return self.spent.whose == "person"

    @property
    def until(self) -> date:
        """Return the day (UTC) on which it goes on by itself."""
        return self.spent.until.date()


def budget_stop(memory: Memory, membership: Membership | None = None) -> BudgetStop | None:
    """Return what holds up background work of a memory; None while nothing does, or while all of it is done here, which
    costs nothing. No query where the membership is given and no budget is set.
    """
    if membership is None:
        found = spent(memory)
    else:
        month = Month.at(timezone.now())
        found = spent_of(memory, membership.monthly_budget, memory.assistant.monthly_budget, month)
    if found is None or not (model_connected(memory.assistant) or isinstance(get_embedder(), EmbeddingModel)):
        return None
    owners = User.objects.filter(memberships__assistant=memory.assistant_id, memberships__role=Role.OWNER)
    people = list(owners.order_by("username"))
    return BudgetStop(found, tuple(map(name_of, people)), any(person.pk == memory.user_id for person in people))
