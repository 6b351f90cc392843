"""Getting a person to their memory: assistants, memberships, memories."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.contrib.auth.models import User
from django.core.validators import slug_re
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.formats import number_format
from django.utils.text import slugify
from django.utils.translation import gettext

from memory.domain.activity import event, log
from memory.enums import EventKind, Role
from memory.exceptions import InvalidText, NotAMember
from memory.models import Assistant, Membership, Memory

DEFAULT_NAME = "Assistant"
SLUG_LENGTH = 80
NAME_LENGTH = 80
INSTRUCTIONS_LENGTH = 8000
MODEL_LENGTH = 200
RESERVED_SLUGS = frozenset({"all", "api", "archived", "join", "left", "members", "new", "settings"})
"""What stands, or may come to stand, in an address where an assistant's slug does."""
_TRIES = 5


def free_slug(wish: str) -> str:
    """Return `wish` as a slug that no assistant has yet, numbered where needed."""
    base = slugify(wish)[:70] or "assistant"
    taken = set(Assistant.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | RESERVED_SLUGS
    number = 1
    slug = base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


def require_slug(slug: str) -> str:
    """Return a slug that can name an assistant. Raises InvalidText for one that no address could hold, or that another
    page has.
    """
    if not (slug_re.fullmatch(slug) and len(slug) <= SLUG_LENGTH):
        raise InvalidText(
            f"{slug!r} cannot name an assistant: use at most {SLUG_LENGTH} letters, digits, hyphens and underscores."
        )
    if slug in RESERVED_SLUGS:
        raise InvalidText(gettext("“%(slug)s” is the address of another page. Choose another one.") % {"slug": slug})
    return slug


def clean_setup(name: str, instructions: str, model: str) -> dict[str, str]:
    """Return what an assistant is to be as it is stored: blanks trimmed, one kind of line break.

    Raises InvalidText for a name that nobody could see, and for what is too long.
    """
    name, model = " ".join(name.split()), model.strip()
    instructions = instructions.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not any(unicodedata.category(character)[0] in "LNPS" for character in name):
        raise InvalidText(gettext("Give the assistant a name."))
    for text, longest in ((name, NAME_LENGTH), (instructions, INSTRUCTIONS_LENGTH), (model, MODEL_LENGTH)):
        if "\0" in text or len(text) > longest:
            most = number_format(longest, force_grouping=True)
            raise InvalidText(gettext("Write at most %(most)s characters.") % {"most": most})
    return {"name": name, "instructions": instructions, "model": model}


def create_assistant(
    owner: User, name: str, slug: str | None = None, *, instructions: str = "", model: str = "", once: str = ""
) -> Memory:
    """Create an assistant with its owner's membership and memory; return the memory.

    In one transaction: lock the person, so that the same form sent twice makes one assistant (`once` names the form),
    store the three rows, log `created`. Raises InvalidText for a name that cannot be and a slug that no address could
    hold.
    """
    if slug is not None:
        require_slug(slug)
    setup = clean_setup(name, instructions, model)
    settings = {"model": setup["model"]} if setup["model"] else {}
    fields = {"name": setup["name"], "instructions": setup["instructions"], "model_settings": settings}
    return found_assistant(owner, fields, slug=slug, once=once)


def found_assistant(
    owner: User, fields: dict[str, Any], *, slug: str | None = None, once: str = "", told: dict[str, Any] | None = None
) -> Memory:
    """Store an assistant with its owner's membership and memory: what `create_assistant` does, with any of its fields.

    `told` is what the log says besides the name.
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        if once and (made := _made_before(owner, once)) is not None:
            return open_memory(owner, made)
        assistant = _stored(fields, slug, owner)
        Membership.objects.create(assistant=assistant, user=owner, role=Role.OWNER)
        memory = Memory.objects.create(assistant=assistant, user=owner)
        after = {"name": assistant.name, **(told or {}), **({"once": once} if once else {})}
        log(event(EventKind.CREATED, assistant, assistant=assistant, by=owner, after=after))
    return memory


def open_memory(user: User, assistant: Assistant) -> Memory:
    """Return the person's memory at this assistant, made at the first call. Raises NotAMember."""
    if not Membership.objects.filter(assistant=assistant, user=user).exists():
        raise NotAMember
    memory, _ = Memory.objects.select_related("assistant").get_or_create(assistant=assistant, user=user)
    return memory


def ensure_default_memory(user: User) -> Memory:
    """Return the memory at the assistant where the person starts (`_start_of`); who has none gets one of their own: a
    newcomer, and somebody whose assistants are all archived.

    Two first visits at once make one assistant: they queue on the person's row.
    """
    if (assistant := _start_of(user)) is not None:
        return open_memory(user, assistant)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        assistant = _start_of(user)
        return open_memory(user, assistant) if assistant else create_assistant(user, DEFAULT_NAME)


def _start_of(user: User) -> Assistant | None:
    """Return the first active assistant that the person founded or joined by themself, else the first they have used.

    Anybody can be added to a stranger's assistant by their user name: that alone leads nobody into it.
    """
    mine = Assistant.objects.active().for_user(user)
    own = mine.filter(Q(created_by=user) | Q(memberships__user=user, memberships__invitation__isnull=False))
    used = mine.filter(Exists(Memory.objects.filter(assistant=OuterRef("pk"), user=user, last_position__gt=0)))
    return own.first() or used.first()


def current_memory(user: User, slug: str | None = None, *, reading: bool = False) -> Memory:
    """Return the memory at the assistant named by `slug`, by default the one where they start.

    Raises Assistant.DoesNotExist for a slug that is unknown or that the person is no member of, and, unless for
    `reading`, for an archived assistant's.
    """
    if slug is None:
        return ensure_default_memory(user)
    mine = Assistant.objects.for_user(user)
    return open_memory(user, (mine if reading else mine.active()).get(slug=slug))


def _made_before(owner: User, once: str) -> Assistant | None:
    created = Assistant.objects.filter(created_by=owner, memberships__user=owner)
    return created.filter(events__kind=EventKind.CREATED, events__after__once=once).first()


def _stored(fields: dict[str, Any], slug: str | None, owner: User) -> Assistant:
    """Store the assistant; somebody else who takes the same free slug at the same moment makes this one try another."""
    tries = 1 if slug is not None else _TRIES
    while True:
        tries -= 1
        try:
            with transaction.atomic():
                return Assistant.objects.create(slug=slug or free_slug(fields["name"]), created_by=owner, **fields)
        except IntegrityError:
            if not tries:
                raise
