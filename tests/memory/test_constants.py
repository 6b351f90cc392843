"""Every constant of the memory is described and bounded."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from memory.conf import MemorySettings, apply_overrides
from memory.constants import BY_NAME, CONSTANTS, PROMPT_AT_MOST, TIERS, read_overrides, shown_number
from memory.exceptions import InvalidSettings

BASE = MemorySettings()
PAPER = {
    "segment_threshold": "θ", "heat_alpha": "α", "heat_beta": "β", "heat_gamma": "γ", "heat_decay": "μ",
    "heat_threshold": "τ", "recall_segments": "m", "recall_pages": "k",
}  # fmt: skip


def faults_of(wish: dict[str, Any], base: MemorySettings = BASE) -> dict[str, str]:
    with pytest.raises(InvalidSettings) as refusal:
        read_overrides(base, wish)
    return refusal.value.faults


def test_every_constant_is_described_once_in_the_order_of_the_tiers() -> None:
    assert sorted(constant.name for constant in CONSTANTS) == sorted(field.name for field in fields(MemorySettings))
    assert len(BY_NAME) == len(CONSTANTS)
    order = list(TIERS)
    places = [order.index(constant.tier) for constant in CONSTANTS]
    assert places == sorted(places)
    assert set(places) == set(range(len(order)))


@pytest.mark.parametrize("constant", CONSTANTS, ids=lambda constant: constant.name)
def test_each_has_words_and_bounds_with_its_default_within(constant: Any) -> None:
    assert str(constant.label)
    assert str(constant.text).endswith(".")
    assert constant.read(getattr(BASE, constant.name)) == getattr(BASE, constant.name)
    assert constant.read(shown_number(getattr(BASE, constant.name))) == getattr(BASE, constant.name)
    assert constant.least < constant.most


def test_symbols_are_those_of_the_paper() -> None:
    assert {constant.name: constant.symbol for constant in CONSTANTS if constant.symbol} == PAPER
    source = Path("memory/conf.py").read_text(encoding="utf-8")
    for name, word in (("heat_alpha", "alpha"), ("heat_decay", "mu"), ("heat_threshold", "tau"), ("recall_pages", "k")):
        assert re.search(rf'{name}:[^\n]*\n    """{word}\b', source), name


@pytest.mark.parametrize("constant", CONSTANTS, ids=lambda constant: constant.name)
def test_both_ends_are_allowed_and_what_lies_beyond_is_not(constant: Any) -> None:
    for end in (constant.least, constant.most):
        assert constant.read(shown_number(end)) == end
    step = 1 if constant.is_whole else 0.01
    for beyond in (constant.least - step, constant.most + step):
        with pytest.raises(ValueError, match="Choose a number from"):
            constant.read(str(beyond))


@pytest.mark.parametrize(
    "value", ["many", "1.5", "nan", "1e3", "", "0x10", "1" * 41, True, [3], {"a": 1}, "7; drop", "Ⅻ"]
)
def test_what_is_no_whole_number_is_told(value: object) -> None:
    with pytest.raises(ValueError, match=r"Write a whole number|Choose a number"):
        BY_NAME["short_term_capacity"].read(value)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "-1", "0,8", "x", True])
def test_what_is_no_number_is_told(value: object) -> None:
    with pytest.raises(ValueError, match=r"Write a number|Choose a number"):
        BY_NAME["segment_threshold"].read(value)


def test_what_is_blank_is_left_to_the_installation() -> None:
    wish = {"short_term_capacity": " 9 ", "heat_decay": "1e6", "recall_budget": "", "recall_pages": None}
    assert read_overrides(BASE, wish) == {"short_term_capacity": 9, "heat_decay": 1e6}
    assert apply_overrides(BASE, read_overrides(BASE, wish)) == replace(BASE, short_term_capacity=9, heat_decay=1e6)


def test_each_fault_is_told_at_its_field() -> None:
    faults = faults_of({"short_term_capacity": "0", "heat_alpha": "x", "recall_pages": "3", "no_such": 1})
    assert faults == {
        "short_term_capacity": "Choose a number from 1 to 100.",
        "heat_alpha": "Write a number.",
        "no_such": "There is no such setting.",
    }


def test_a_batch_is_not_larger_than_its_limit() -> None:
    assert list(faults_of({"transfer_batch": 21})) == ["transfer_batch"]
    assert list(faults_of({"transfer_batch_limit": 4})) == ["transfer_batch_limit"]
    assert read_overrides(BASE, {"transfer_batch": 20}) == {"transfer_batch": 20}


def test_the_prompt_fits_a_model() -> None:
    assert list(faults_of({"recall_budget": PROMPT_AT_MOST})) == ["recall_budget"]
    assert list(faults_of({"history_budget": PROMPT_AT_MOST})) == ["history_budget"]
    fitting = {"recall_budget": PROMPT_AT_MOST - 3000}
    assert read_overrides(BASE, fitting) == fitting


def test_heat_is_not_nothing() -> None:
    nothing = dict.fromkeys(("heat_alpha", "heat_beta", "heat_gamma"), "0")
    assert list(faults_of(nothing)) == ["heat_alpha"]
    assert read_overrides(BASE, nothing | {"heat_beta": "0.5"})["heat_beta"] == 0.5


def test_what_the_installation_has_set_is_not_held_against_an_assistant() -> None:
    odd = replace(BASE, transfer_batch=30, transfer_batch_limit=20)
    assert read_overrides(odd, {"short_term_capacity": 3}) == {"short_term_capacity": 3}
    assert read_overrides(odd, {}) == {}
