"""The 90 dimensions of a person (paper, section 3.3, after Li et al. 2025, arXiv 2503.15463)."""

NEEDS = "Basic needs and personality"
ALIGNMENT = "AI alignment"
INTERESTS = "Interests"

_LABELS_BY_CATEGORY: dict[str, tuple[str, ...]] = {
    NEEDS: (
        "Age group", "Gender", "Neuroticism", "Extraversion", "Openness", "Agreeableness", "Conscientiousness",
        "Food", "Living environment", "Sleep", "Investment style", "Saving", "Physical safety",
        "Environmental safety", "Depth of interaction", "Conflict handling", "Communication style",
        "Work environment", "Recognition", "Achievement", "Area of knowledge", "Learning style",
        "Creative expression", "Order", "Retention", "Inviolacy", "Infavoidance", "Counteraction", "Seclusion",
        "Dominance", "Deference", "Autonomy", "Contrariance", "Abasement", "Aggression", "Affiliation",
        "Rejection", "Nurturance", "Succorance", "Play",
    ),
    ALIGNMENT: (
        "Harmlessness", "Instruction-following", "Honesty", "Truthfulness", "Helpfulness", "Coherence",
        "Complexity",
    ),
    INTERESTS: (
        "Science", "Knowledge", "Psychology", "Cinema", "Entertainment", "Gaming", "Parenting",
        "Wild imagination", "Anime", "Sports", "Law", "Workplace", "Pets", "Travel", "Health", "Stories", "Cars",
        "Gourmet food", "Education", "Current events", "Home decor", "International", "Finance", "Campus life",
        "Digital technology", "Emotions", "Humor", "Music", "Reading", "Painting", "Dance", "Crafts",
        "Photography", "Culture", "Fitness", "Art", "Stationery and planners", "Celebrities", "Outdoors",
        "Camping", "Social sciences", "Weddings", "Fashion",
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


def label_of(dimension: str) -> str:
    return DIMENSIONS[dimension][0]


def category_of(dimension: str) -> str:
    return DIMENSIONS[dimension][1]
