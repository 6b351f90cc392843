"""The 90 dimensions of a person (paper, section 3.3, after Li et al. 2025, arXiv 2503.15463).

The labels are English here, as prompts show them; who shows one to a person translates it.
"""

from django.utils.translation import gettext_noop as _

NEEDS = _("Basic needs and personality")
ALIGNMENT = _("AI alignment")
INTERESTS = _("Interests")

_LABELS_BY_CATEGORY: dict[str, tuple[str, ...]] = {
    NEEDS: (
        _("Age group"), _("Gender"), _("Neuroticism"), _("Extraversion"), _("Openness"), _("Agreeableness"),
        _("Conscientiousness"), _("Food"), _("Living environment"), _("Sleep"), _("Investment style"), _("Saving"),
        _("Physical safety"), _("Environmental safety"), _("Depth of interaction"), _("Conflict handling"),
        _("Communication style"), _("Work environment"), _("Recognition"), _("Achievement"), _("Area of knowledge"),
        _("Learning style"), _("Creative expression"), _("Order"), _("Retention"), _("Inviolacy"), _("Infavoidance"),
        _("Counteraction"), _("Seclusion"), _("Dominance"), _("Deference"), _("Autonomy"), _("Contrariance"),
        _("Abasement"), _("Aggression"), _("Affiliation"), _("Rejection"), _("Nurturance"), _("Succorance"), _("Play"),
    ),
    ALIGNMENT: (
        _("Harmlessness"), _("Instruction-following"), _("Honesty"), _("Truthfulness"), _("Helpfulness"),
        _("Coherence"), _("Complexity"),
    ),
    INTERESTS: (
        _("Science"), _("Knowledge"), _("Psychology"), _("Cinema"), _("Entertainment"), _("Gaming"), _("Parenting"),
        _("Wild imagination"), _("Anime"), _("Sports"), _("Law"), _("Workplace"), _("Pets"), _("Travel"), _("Health"),
        _("Stories"), _("Cars"), _("Gourmet food"), _("Education"), _("Current events"), _("Home decor"),
        _("International"), _("Finance"), _("Campus life"), _("Digital technology"), _("Emotions"), _("Humor"),
        _("Music"), _("Reading"), _("Painting"), _("Dance"), _("Crafts"), _("Photography"), _("Culture"), _("Fitness"),
        _("Art"), _("Stationery and planners"), _("Celebrities"), _("Outdoors"), _("Camping"), _("Social sciences"),
        _("Weddings"), _("Fashion"),
    ),
}  # fmt: skip


def _key(label: str) -> str:
    return label.lower().replace(" ", "_").replace("-", "_")


DIMENSIONS: dict[str, tuple[str, str]] = {
    _key(label): (label, category) for category, labels in _LABELS_BY_CATEGORY.items() for label in labels
}
"""key -> (label, category), all 90, in the source's order."""

DEMOGRAPHICS = ("age_group", "gender")
"""Filled only from what the person states, as profile attributes; never inferred as a trait."""

TRAIT_DIMENSIONS = tuple(key for key in DIMENSIONS if key not in DEMOGRAPHICS)
"""The 88 dimensions that may be inferred."""

CATEGORIES = tuple(_LABELS_BY_CATEGORY)


CHARACTER = _("Character (the Big Five)")
NEEDS_MASLOW = _("Needs (after Maslow)")
NEEDS_MURRAY = _("Inner needs (after Murray)")
DEMOGRAPHY = _("Age and gender")


def _groups() -> dict[str, tuple[str, ...]]:
    of_category = {category: tuple(_key(label) for label in labels) for category, labels in _LABELS_BY_CATEGORY.items()}
    needs = of_category[NEEDS]
    return {DEMOGRAPHY: needs[:2], CHARACTER: needs[2:7], NEEDS_MASLOW: needs[7:23], NEEDS_MURRAY: needs[23:]}


NEEDS_GROUPS = _groups()
"""The sub-headings of the first category, with their dimensions."""


def label_of(dimension: str) -> str:
    return DIMENSIONS[dimension][0]


def category_of(dimension: str) -> str:
    return DIMENSIONS[dimension][1]
