"""Getting a person to their memory: assistants, memberships, memories."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.validators import slug_re
from django.db import transaction
from django.utils.text import slugify

from memory.enums import Role
from memory.exceptions import InvalidText, NotAMember
from memory.models import Assistant, Membership, Memory

DEFAULT_NAME = "Assistant"
SLUG_LENGTH = 80


def free_slug(wish: str) -> str:
    """Return `wish` as a slug that no assistant has yet, numbered where needed."""
    base = slugify(wish)[:70] or "assistant"
    taken = set(Assistant.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number = 1
    slug = base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


def create_assistant(owner: User, name: str, slug: str | None = None) -> Memory:
    """Create an assistant with its owner's membership and memory, in one transaction; return the memory.

    Raises InvalidText for a slug that no address could hold.
    """
    if slug is not None and not (slug_re.fullmatch(slug) and len(slug) <= SLUG_LENGTH):
        raise InvalidText(
            f"{slug!r} cannot name an assistant: use at most {SLUG_LENGTH} letters, digits, hyphens and underscores."
        )
    with transaction.atomic():
        assistant = Assistant.objects.create(name=name, slug=slug or free_slug(name), created_by=owner)
        Membership.objects.create(assistant=assistant, user=owner, role=Role.OWNER)
        return Memory.objects.create(assistant=assistant, user=owner)


def open_memory(user: User, assistant: Assistant) -> Memory:
    """Return the person's memory at this assistant, made at the first call. Raises NotAMember."""
    if not Membership.objects.filter(assistant=assistant, user=user).exists():
        raise NotAMember
    memory, _ = Memory.objects.select_related("assistant").get_or_create(assistant=assistant, user=user)
    return memory


def ensure_default_memory(user: User) -> Memory:
    """Return the memory at the person's first active assistant; a newcomer gets an assistant of their own.

    Two first visits at once make one assistant: they queue on the person's row.
    """
    if (assistant := Assistant.objects.active().for_user(user).first()) is not None:
        return open_memory(user, assistant)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        assistant = Assistant.objects.active().for_user(user).first()
        return open_memory(user, assistant) if assistant else create_assistant(user, DEFAULT_NAME)


def current_memory(user: User, slug: str | None = None) -> Memory:
    """Return the memory at the assistant named by `slug`, by default the person's first one.

    Raises Assistant.DoesNotExist for a slug that is unknown or that the person is no member of.
    """
    if slug is None:
        return ensure_default_memory(user)
    return open_memory(user, Assistant.objects.active().for_user(user).get(slug=slug))
