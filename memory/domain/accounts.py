"""Accounts: the end of one. Sessions and passwords are Django's."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from memory.enums import Role
from memory.exceptions import LastOwner
from memory.models import Membership


@transaction.atomic
def delete_account(user: User, *, by: User) -> None:
    """Delete a person with all that assistants remember of them. Raises LastOwner."""
    for membership in Membership.objects.filter(user=user, role=Role.OWNER).select_related("assistant"):
        others = Membership.objects.filter(assistant=membership.assistant).exclude(user=user)
        if others.exists() and not others.filter(role=Role.OWNER).exists():
            raise LastOwner(f"Make somebody else an owner of {membership.assistant.name} first.")
    user.delete()
