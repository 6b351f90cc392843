"""The 90 dimensions as the traits page shows them: in groups, known and unknown, each with its place in a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext

from memory.domain.traits import CATEGORIES, DEMOGRAPHICS, DIMENSIONS, NEEDS, NEEDS_GROUPS, label_of
from memory.enums import TraitLevel
from memory.models import Profile, Trait

SHOWN = ("known", "unknown", *TraitLevel.values)
_STATED_AS = {
    "age_group": ("age group", "age", "birthday", "date of birth", "year of birth"),
    "gender": ("gender", "sex", "pronouns"),
}
"""What a profile calls the two dimensions that are attributes and never traits."""
_HEIGHTS = {TraitLevel.LOW: 6, TraitLevel.MEDIUM: 12, TraitLevel.HIGH: 18}
MARK_WIDTH, PICTURE_HEIGHT = 8, 18


@dataclass(frozen=True, slots=True)
class Unknown:
    """A dimension of which nothing is known."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Part:
    """Dimensions under one sub-heading: what is known of them, and the names of the rest."""

    name: str
    known: list[Trait]
    unknown: list[Unknown]
    stated: list[Profile] = field(default_factory=list)
    is_demography: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A dimension's place in the picture: from the left, from the top, how high; a hollow one is not known."""

    x: int
    y: int
    height: int
    level: str


@dataclass(frozen=True, slots=True)
class Group:
    """One of the three groups of dimensions."""

    name: str
    parts: list[Part]
    marks: list[Mark]
    known: int
    total: int
    levels: list[tuple[str, int]]
    """How many stand at each level, in words."""

    @property
    def width(self) -> int:
        return self.total * MARK_WIDTH


def demographics(attributes: Iterable[Profile]) -> Mapping[str, Profile]:
    """Return the attributes that tell age group and gender, by dimension."""
    by_name = {attribute.name.casefold(): attribute for attribute in attributes}
    found = {key: next((by_name[name] for name in names if name in by_name), None) for key, names in _STATED_AS.items()}
    return {key: attribute for key, attribute in found.items() if attribute is not None}


def group_traits(traits: Sequence[Trait], stated: Mapping[str, Profile], show: str = "") -> list[Group]:
    """Sort traits into the three groups, in the source's order of dimensions; `show` leaves out what it does not name:
    "known", "unknown" or a level. The picture and its numbers always tell of all."""
    of_dimension = {trait.dimension: trait for trait in traits}
    groups = []
    for category in CATEGORIES:
        keys = [key for key, (_, home) in DIMENSIONS.items() if home == category]
        parts = NEEDS_GROUPS.items() if category == NEEDS else [("", keys)]
        known = [of_dimension[key] for key in keys if key in of_dimension]
        groups.append(
            Group(
                name=gettext(category),
                parts=[_part(name, each, of_dimension, stated, show) for name, each in parts],
                marks=[_mark(number, of_dimension.get(key), key in stated) for number, key in enumerate(keys)],
                known=len(known) + sum(key in stated for key in keys),
                total=len(keys),
                levels=[(str(level.label), sum(trait.level == level for trait in known)) for level in TraitLevel],
            )
        )
    return groups


def _part(
    name: str, keys: Sequence[str], traits: Mapping[str, Trait], stated: Mapping[str, Profile], show: str
) -> Part:
    known = [traits[key] for key in keys if key in traits and show in ("", "known", traits[key].level)]
    missing = [key for key in keys if key not in traits and key not in stated] if show in ("", "unknown") else []
    attributes = [stated[key] for key in keys if key in stated] if show in ("", "known") else []
    unknown = [Unknown(key, gettext(label_of(key))) for key in missing]
    return Part(gettext(name) if name else "", known, unknown, attributes, set(keys) <= set(DEMOGRAPHICS))


def _mark(number: int, trait: Trait | None, stated: bool) -> Mark:
    level = trait.level if trait else "stated" if stated else "unknown"
    height = _HEIGHTS[TraitLevel(trait.level)] if trait else PICTURE_HEIGHT if stated else 3
    return Mark(number * MARK_WIDTH, PICTURE_HEIGHT - height, height, level)
