"""Profile and traits: what a promotion learns of the person, and what the person says of themselves.

A person's edit locks the entry: no model changes it afterwards. Each change is logged with before and after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.formats import number_format
from django.utils.translation import gettext

from memory.domain.activity import event, log
from memory.domain.lexical import terms
from memory.domain.snapshots import snapshot, state_of, traced
from memory.domain.traits import TRAIT_DIMENSIONS
from memory.enums import EventKind, TraitLevel
from memory.exceptions import EditConflict, InvalidText, KnownTrait
from memory.llm.base import ProfileFinding, TraitFinding
from memory.models import Knowledge, Memory, MemoryEvent, ModelCall, Page, Profile, Trait

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import ManyRelatedManager

    Evidence = ManyRelatedManager[Page, Any]

Row = TypeVar("Row", Profile, Trait)

NAME_LENGTH = 60
VALUE_LENGTH = 500
REASON_LENGTH = 1000
EVIDENCE_KEPT = 20
"""Pages that a trait or an attribute names as its evidence, the newest."""

_PLACEHOLDERS = frozenset(
    {
        "",
        "unknown",
        "n/a",
        "null",
        "unspecified",
        "not specified",
        "not stated",
        "not mentioned",
        "not known",
        "unclear",
    }
)


def too_long(text: str, longest: int, what: str) -> InvalidText:
    """Return the error for a text of too many characters."""
    count, most = (number_format(number, force_grouping=True) for number in (len(text), longest))
    said = gettext("%(what)s is %(count)s characters long; %(most)s is the most.")
    return InvalidText(said % {"what": what, "count": count, "most": most})


def required_text(text: str, longest: int, what: str) -> str:
    """Return the text trimmed; raise InvalidText when it is empty or longer than `longest` characters."""
    text = text.strip()
    if not text:
        raise InvalidText(gettext("%(what)s must not be empty.") % {"what": what})
    if len(text) > longest:
        raise too_long(text, longest, what)
    return text


def learn_profile(
    memory: Memory, findings: Iterable[ProfileFinding], pages: Sequence[Page], call: ModelCall
) -> list[Profile]:
    """Store stated attributes; return those that are new or changed.

    Locked and disabled ones stand, equal ones gain sources. Another value replaces the stored one, which stays in the
    log, unless it is the weaker of the two (`_is_weaker`). Runs in the promotion's transaction, which holds the
    memory's lock.
    """
    known = {attribute.name.casefold(): attribute for attribute in memory.profile.all()}
    changed: list[Profile] = []
    for finding in findings:
        name, value = finding.name.strip()[:NAME_LENGTH], finding.value.strip()[:VALUE_LENGTH]
        if not name or not value or _says_nothing(value):
            continue
        attribute = known.get(name.casefold())
        before = state_of(attribute) if attribute else None
        if attribute is None:
            attribute = Profile(memory=memory, name=name)
        elif attribute.locked or attribute.disabled:
            continue
        said = [pages[index] for index in finding.page_indexes]
        if attribute.value != value:
            if before is not None and _is_weaker(attribute, value, said):
                continue
            before = traced(attribute, before) if before else None
            attribute.value = value
            attribute.save()
            known[name.casefold()] = attribute
            changed.append(attribute)
            attribute.sources.clear()
            log(_learnt(memory, attribute, call, before))
        _add_evidence(attribute.sources, said)
    return changed


def learn_traits(
    memory: Memory, findings: Iterable[TraitFinding], pages: Sequence[Page], call: ModelCall
) -> list[Trait]:
    """Store trait levels with their evidence; return the new and changed ones.

    Unknown dimensions are dropped, locked and disabled traits stand. A guess of the same level adds its evidence; one
    of another level replaces the stored one, which stays in the log, unless it rests on fewer pages.
    """
    known = {trait.dimension: trait for trait in memory.traits.all()}
    changed: list[Trait] = []
    for finding in findings:
        if finding.dimension not in TRAIT_DIMENSIONS:
            continue
        trait = known.get(finding.dimension)
        before = state_of(trait) if trait else None
        if trait is None:
            trait = Trait(memory=memory, dimension=finding.dimension)
        elif trait.locked or trait.disabled:
            continue
        said = [pages[index] for index in finding.page_indexes]
        if trait.level != finding.level:
            if before is not None and len(said) < trait.evidence.count():
                continue
            before = traced(trait, before) if before else None
            trait.level = TraitLevel(finding.level)
            trait.reason = finding.reason[:REASON_LENGTH]
            trait.save()
            known[finding.dimension] = trait
            changed.append(trait)
            trait.evidence.clear()
            log(_learnt(memory, trait, call, before))
        _add_evidence(trait.evidence, said)
    return changed


def _add_evidence(evidence: Evidence, said: Sequence[Page]) -> None:
    """Add pages and keep the newest `EVIDENCE_KEPT`: ninety dimensions would else hold every page many times over."""
    evidence.add(*said)
    oldest = evidence.order_by("-occurred_at", "-position").values_list("pk", flat=True)[EVIDENCE_KEPT:]
    evidence.remove(*oldest)


def _says_nothing(value: str) -> bool:
    """True for what models write where nothing is known."""
    return value.strip(" .()[]-?").casefold() in _PLACEHOLDERS


def _is_weaker(attribute: Profile, value: str, said: Sequence[Page]) -> bool:
    """True when a value must not replace the stored one: it was said before that one was, it only says less, or it is
    a guess and the stored one stands in the user's own words.
    """
    sources = list(attribute.sources.all())
    latest = max((page.occurred_at for page in sources), default=None)
    if said and latest is not None and latest > max(page.occurred_at for page in said):
        return True
    stored, offered = set(terms(attribute.value)), set(terms(value))
    if offered < stored:
        return True
    return not _is_stated(offered, said) and (not sources or _is_stated(stored, sources))


def _is_stated(value: Collection[str], said: Sequence[Page]) -> bool:
    """True when the user's messages hold at least half of a value's words."""
    own = {term for page in said for term in terms(page.query)}
    return bool(value) and len(own & set(value)) >= len(value) / 2


def set_profile(memory: Memory, name: str, value: str, *, by: User) -> Profile:
    """Write an attribute by hand, new or not, and lock it. Raises InvalidText."""
    name = required_text(name, NAME_LENGTH, gettext("The name"))
    value = required_text(value, VALUE_LENGTH, gettext("The value"))
    with transaction.atomic():
        Memory.objects.locked(memory.pk)
        attribute = memory.profile.filter(name__iexact=name).first() or Profile(memory=memory, name=name)
        return _write(attribute, by, value=value)


def edit_profile(attribute: Profile, value: str, *, by: User, expected: datetime | None = None) -> Profile:
    """Change an attribute by hand and lock it.

    `expected` is the last change that the person has seen. Raises InvalidText, Profile.DoesNotExist when it is gone,
    and EditConflict when it has changed since.
    """
    value = required_text(value, VALUE_LENGTH, gettext("The value"))
    with transaction.atomic():
        Memory.objects.locked(attribute.memory_id)
        fresh = Profile.objects.get(pk=attribute.pk)
        require_unchanged(fresh, expected)
        return _write(fresh, by, value=value)


def add_trait(memory: Memory, dimension: str, level: str, reason: str, *, by: User) -> Trait:
    """Say by hand how one is on a dimension that nobody has seen yet, and lock it. Logs `added`.

    Age group and gender are no traits but attributes of the profile. Raises InvalidText, and KnownTrait where there is
    one already, disabled or not.
    """
    if dimension not in TRAIT_DIMENSIONS:
        raise InvalidText(gettext("This is none of the dimensions that a trait can have."))
    reason = _checked_trait(level, reason)
    with transaction.atomic():
        Memory.objects.locked(memory.pk)
        if memory.traits.filter(dimension=dimension).exists():
            raise KnownTrait
        return _write(Trait(memory=memory, dimension=dimension), by, level=level, reason=reason)


def edit_trait(trait: Trait, level: str, reason: str, *, by: User, expected: datetime | None = None) -> Trait:
    """Change a trait by hand and lock it.

    `expected` is the last change that the person has seen. Raises InvalidText, Trait.DoesNotExist when it is gone, and
    EditConflict when it has changed since.
    """
    reason = _checked_trait(level, reason)
    with transaction.atomic():
        Memory.objects.locked(trait.memory_id)
        fresh = Trait.objects.get(pk=trait.pk)
        require_unchanged(fresh, expected)
        return _write(fresh, by, level=level, reason=reason)


def delete_profile(attribute: Profile, *, by: User) -> None:
    """Delete an attribute; all of it stays in the activity log, so that it can be brought back (`undoing`).

    Raises Profile.DoesNotExist when it is gone.
    """
    _delete(attribute, by)


def delete_trait(trait: Trait, *, by: User) -> None:
    """Delete a trait: the dimension is unknown again. All of it stays in the activity log (`undoing`).

    Raises Trait.DoesNotExist when it is gone.
    """
    _delete(trait, by)


def _checked_trait(level: str, reason: str) -> str:
    """Return the reason trimmed. Raises InvalidText for a level there is not, and for a reason that is too long."""
    if level not in TraitLevel.values:
        raise InvalidText(gettext("A level is high, medium or low."))
    if len(reason := reason.strip()) > REASON_LENGTH:
        raise too_long(reason, REASON_LENGTH, gettext("The reason"))
    return reason


def require_unchanged(row: Profile | Trait | Knowledge, expected: datetime | None) -> None:
    """Raise EditConflict when a row was changed after the state that a person has seen; None: they have seen none."""
    if expected is not None and row.updated_at != expected:
        raise EditConflict


def _write(row: Row, by: User, **values: str) -> Row:
    before = traced(row, state_of(row)) if row.pk else None
    for name, value in values.items():
        setattr(row, name, value)
    row.locked = True
    row.save()
    kind = EventKind.EDITED if before else EventKind.ADDED
    log(event(kind, row, memory=row.memory, by=by, before=before, after=state_of(row)))
    return row


def _delete(row: Profile | Trait, by: User) -> None:
    with transaction.atomic():
        Memory.objects.locked(row.memory_id)
        fresh = type(row)._default_manager.get(pk=row.pk)
        log(event(EventKind.DELETED, fresh, memory=row.memory, by=by, before=snapshot(fresh)))
        fresh.delete()


def _learnt(memory: Memory, row: Profile | Trait, call: ModelCall, before: dict[str, Any] | None) -> MemoryEvent:
    return event(EventKind.LEARNT, row, memory=memory, model_call=call, before=before, after=state_of(row))
