"""The page with the constants of an assistant's memory."""

from __future__ import annotations

import re
from html import unescape
from math import exp

import pytest
from django.test import Client

from memory.constants import CONSTANTS
from memory.models import Assistant, Memory
from memory.views.assistants.forms import shown_overrides
from memory.views.charts.decay import HEIGHT, decay_of
from memory.views.conflicts import as_seen
from tests.memory.factories import AssistantFactory, MemoryFactory

pytestmark = pytest.mark.django_db
ADDRESS = "/assistants/helper/memory/"


@pytest.fixture
def owner() -> Memory:
    return MemoryFactory(assistant=AssistantFactory(slug="helper"))


@pytest.fixture
def client(owner: Memory) -> Client:
    client = Client()
    client.force_login(owner.user)
    return client


def own() -> object:
    return Assistant.objects.get().memory_settings


def test_every_constant_has_a_field_with_its_words(client: Client) -> None:
    text = unescape(client.get(ADDRESS).text)
    for constant in CONSTANTS:
        assert re.search(rf'<label for="constant-{constant.name}">{re.escape(str(constant.label))}</label>', text)
        assert re.search(
            rf'<input type="text" name="{constant.name}"[^>]* aria-describedby="constant-{constant.name}_', text
        )
        assert f'id="constant-{constant.name}_helptext"' in text
        assert str(constant.text) in text
        assert str(constant.stored) in text
        if constant.symbol:
            assert f">{constant.symbol}</span>" in text
    assert "Default: 10,000,000 seconds (116 days)" in text
    assert "Default: 86,400 seconds (24 hours)" in text


def test_own_values_are_stored_and_shown(client: Client) -> None:
    answer = client.post(
        ADDRESS, {"short_term_capacity": "9", "heat_decay": "1e6", "was": as_seen(shown_overrides({}))}
    )
    assert (answer.status_code, answer["Location"]) == (302, ADDRESS)
    assert own() == {"short_term_capacity": 9, "heat_decay": 1e6}
    text = client.get(ADDRESS).text
    assert 'name="short_term_capacity" value="9"' in text
    assert 'name="heat_decay" value="1000000"' in text
    assert "12 days" in text


def test_a_bad_value_names_its_field_and_changes_nothing(client: Client) -> None:
    answer = client.post(ADDRESS, {"short_term_capacity": "0", "heat_alpha": "much", "recall_pages": "4"})
    assert answer.status_code == 422
    for name, label in (("short_term_capacity", "Latest pages kept"), ("heat_alpha", "Weight of visits")):
        assert f'<a href="#constant-{name}">{label}</a>' in answer.text
    assert "Choose a number from 1 to 100." in answer.text
    assert 'name="recall_pages" value="4"' in answer.text
    assert own() == {}


def test_what_cannot_be_together_is_told(client: Client) -> None:
    answer = client.post(ADDRESS, {"transfer_batch": "30"})
    assert answer.status_code == 422
    assert "must not be more than" in answer.text
    assert client.post(ADDRESS, {"transfer_batch": "30", "transfer_batch_limit": "30"}).status_code == 302


def test_two_owners_at_once_both_keep_their_numbers(client: Client) -> None:
    seen = as_seen(shown_overrides({}))
    client.post(ADDRESS, {"recall_pages": "4", "was": seen})
    answer = client.post(ADDRESS, {"recall_pages": "6", "was": seen})
    assert answer.status_code == 409
    assert 'name="recall_pages" value="6"' in answer.text
    assert "Best pages that count" in answer.text
    assert own() == {"recall_pages": 4}
    assert (
        client.post(ADDRESS, {"recall_pages": "6", "was": as_seen(shown_overrides({"recall_pages": 4}))}).status_code
        == 302
    )
    assert own() == {"recall_pages": 6}


def test_setting_back_leaves_all_to_the_installation(client: Client) -> None:
    assert "constants-reset" not in client.get(ADDRESS).text
    assert "/memory/reset/" not in client.get(ADDRESS).text
    Assistant.objects.update(memory_settings={"recall_pages": 4, "heat_alpha": 2})
    assert "/memory/reset/" in client.get(ADDRESS).text
    assert client.post(f"{ADDRESS}reset/")["Location"] == ADDRESS
    assert own() == {}


def test_an_odd_value_from_before_is_shown_to_be_mended(client: Client) -> None:
    Assistant.objects.update(memory_settings={"recall_pages": "4", "short_term_capacity": 500})
    text = client.get(ADDRESS).text
    assert 'name="recall_pages" value="4"' in text
    assert 'name="short_term_capacity" value="500"' in text


def test_the_curve_is_the_one_of_the_formula() -> None:
    decay = decay_of(1e7)
    assert [(mark.percent, mark.seconds) for mark in decay.marks] == [(37, 1e7), (14, 2e7), (5, 3e7)]
    heights = [(decay.base - mark.y) / (decay.base - 10) for mark in decay.marks]
    assert heights == pytest.approx([exp(-1), exp(-2), exp(-3)], abs=0.01)
    assert decay.base < HEIGHT
    assert decay_of(1.0).path == decay.path
