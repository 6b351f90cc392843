"""All 90 dimensions, known and unknown; a trait set by hand; age and gender on the profile."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from memory.domain.traits import DIMENSIONS, NEEDS_GROUPS, TRAIT_DIMENSIONS, category_of
from memory.models import Memory
from tests.memory.factories import MemoryFactory, PageFactory, ProfileFactory, TraitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str, *args: object) -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug, *args])


def test_the_sub_headings_hold_each_dimension_of_the_first_group_once() -> None:
    grouped = [key for keys in NEEDS_GROUPS.values() for key in keys]
    assert grouped == [key for key in DIMENSIONS if category_of(key) == "Basic needs and personality"]
    assert [len(keys) for keys in NEEDS_GROUPS.values()] == [2, 5, 16, 17]
    assert [NEEDS_GROUPS[name][0] for name in NEEDS_GROUPS] == ["age_group", "neuroticism", "food", "order"]


def test_all_dimensions_are_there_and_each_unknown_one_can_be_set(client: Client, memory: Memory) -> None:
    html = client.get(url(memory, "traits")).text
    assert re.findall(r"\?dimension=(\w+)", html) == list(TRAIT_DIMENSIONS)
    assert html.count('<rect class="mark-unknown"') == 90
    assert "0 of 40 known" in html
    TraitFactory(memory=memory, dimension="travel", level="low")
    ProfileFactory(memory=memory, name="Age", value="41")
    html = client.get(url(memory, "traits")).text
    assert "dimension=travel" not in html
    assert (html.count('"mark-unknown"'), html.count('"mark-low"'), html.count('"mark-stated"')) == (88, 1, 1)
    assert "1 of 43 known · Low" in " ".join(html.split())
    assert re.search(r">Age</a>: 41", html)
    assert "2</strong> of 90 known" in html


@pytest.mark.parametrize(
    ("show", "known", "unknown"),
    [("", 2, 86), ("known", 2, 0), ("unknown", 0, 86), ("high", 1, 0), ("low", 1, 0), ("medium", 0, 0), ("x", 2, 86)],
)
def test_traits_are_filtered(client: Client, memory: Memory, show: str, known: int, unknown: int) -> None:
    TraitFactory(memory=memory, dimension="travel", level="low")
    TraitFactory(memory=memory, dimension="honesty", level="high")
    html = client.get(url(memory, "traits"), {"show": show}).text
    assert (html.count('class="item"'), html.count("?dimension=")) == (known, unknown)
    # The pictures tell of all, whatever is shown.
    assert html.count('<rect class="mark-') == 90


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for dimension in ("travel", "honesty", "food")[:count]:
        TraitFactory(memory=memory, dimension=dimension).evidence.add(PageFactory(memory=memory))
    with django_assert_num_queries(10):
        client.get(url(memory, "traits"), {"show": "known"})


def test_a_trait_is_set_by_hand(client: Client, memory: Memory) -> None:
    form = client.get(url(memory, "traits-add"), {"dimension": "openness"}).text
    assert "<h1>Openness</h1>" in form
    answer = client.post(url(memory, "traits-add"), {"dimension": "openness", "level": "high", "reason": "I am."})
    trait = memory.traits.get()
    assert (trait.dimension, trait.level, trait.reason, trait.locked) == ("openness", "high", "I am.", True)
    assert answer["Location"] == f"{url(memory, 'traits')}#traits-{trait.pk}"
    assert "Added “Openness”." in client.get(url(memory, "traits")).text


def test_a_bad_trait_is_refused_and_its_words_kept(client: Client, memory: Memory) -> None:
    data = {"dimension": "openness", "level": "high", "reason": "I am."}
    add = url(memory, "traits-add")
    for bad in ({"level": "extreme"}, {"level": ""}, {"reason": "I am." + "x" * 1000}):
        answer = client.post(add, {**data, **bad})
        assert (answer.status_code, "I am." in answer.text) == (422, True)
    for dimension in ("gender", "nonsense", ""):
        assert client.post(add, {**data, "dimension": dimension}).status_code == 404
        assert client.get(add, {"dimension": dimension}).status_code == 302
    assert memory.traits.count() == 0
    client.post(add, data)
    answer = client.post(add, {**data, "level": "low"})
    assert (answer.status_code, "known already" in answer.text, memory.traits.get().level) == (409, True, "high")


def test_the_profile_says_what_of_age_and_gender_is_not_known(client: Client, memory: Memory) -> None:
    html = client.get(url(memory, "profile")).text
    assert (html.count("?name=age%20group"), html.count("?name=gender")) == (1, 1)
    ProfileFactory(memory=memory, name="birthday", value="1 May 1980")
    html = client.get(url(memory, "profile")).text
    assert (html.count("?name=age%20group"), html.count("?name=gender")) == (0, 1)
    assert 'value="gender"' in client.get(url(memory, "profile-add"), {"name": "gender"}).text
    ProfileFactory(memory=memory, name="Pronouns", value="they")
    assert "never guessed:" not in client.get(url(memory, "profile")).text


def test_what_others_are_like_is_not_shown(client: Client, memory: Memory) -> None:
    other = MemoryFactory(assistant=memory.assistant)
    TraitFactory(memory=other, dimension="travel", reason="Secret reason.")
    ProfileFactory(memory=other, name="gender", value="secret")
    html = client.get(url(memory, "traits")).text
    assert "ecret" not in html
    assert "0</strong> of 90 known" in html
