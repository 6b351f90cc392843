from memory.domain.traits import CATEGORIES, DIMENSIONS, TRAIT_DIMENSIONS


def test_there_are_90_dimensions_in_three_groups() -> None:
    counts = {category: sum(c == category for _, c in DIMENSIONS.values()) for category in CATEGORIES}
    assert counts == {"Basic needs and personality": 40, "AI alignment": 7, "Interests": 43}


def test_age_group_and_gender_are_never_inferred() -> None:
    assert set(DIMENSIONS) - set(TRAIT_DIMENSIONS) == {"age_group", "gender"}
