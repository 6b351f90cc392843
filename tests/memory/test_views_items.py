"""Profile, traits and knowledge: shown, edited and deleted, by HTMX and without JavaScript."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.enums import EventKind, KnowledgeStatus, Role, TraitLevel
from memory.models import Knowledge, Memory, MemoryEvent, Profile, Trait
from memory.views.base import PAGE_SIZE
from memory.views.items import version_of
from tests.memory.factories import (
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    TraitFactory,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str, *args: object) -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug, *args])


@dataclass
class Case:
    """A kind of row: how to make one, what to write into it and where that ends up."""

    kind: str
    row: Any
    data: dict[str, str]
    changed: str
    source_field: str = "sources"

    @property
    def saved(self) -> str:
        """Return what the field that matters holds now."""
        self.row.refresh_from_db()
        field = {"profile": "value", "traits": "level"}.get(self.kind, "text")
        return str(getattr(self.row, field))

    @property
    def exists(self) -> bool:
        return bool(type(self.row).objects.filter(pk=self.row.pk).exists())


KINDS = ["profile", "traits", "knowledge", "assistant-knowledge"]


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, memory: Memory) -> Case:
    return make(request.param, memory)


def make(kind: str, memory: Memory, number: int = 0) -> Case:
    """Make a row of a kind."""
    match kind:
        case "profile":
            return Case(kind, ProfileFactory(memory=memory), {"value": "chef"}, "chef")
        case "traits":
            trait = TraitFactory(memory=memory, dimension=("openness", "food", "sleep")[number])
            return Case(kind, trait, {"level": "low", "reason": "Said so."}, "low", "evidence")
        case "knowledge":
            return Case(kind, KnowledgeFactory(memory=memory), {"text": "Sold them all."}, "Sold them all.")
    row = AssistantKnowledgeFactory(assistant=memory.assistant)
    return Case(kind, row, {"text": "Recommends films."}, "Recommends films.")


@pytest.mark.parametrize(
    ("kind", "queries"), [("profile", 9), ("traits", 10), ("knowledge", 11), ("assistant-knowledge", 11)]
)
@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_the_database_equally_often(
    client: Client,
    memory: Memory,
    kind: str,
    queries: int,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        made = make(kind, memory, number)
        getattr(made.row, made.source_field).add(PageFactory(memory=memory), PageFactory(memory=memory))
    with django_assert_num_queries(queries):
        html = client.get(url(memory, kind)).content.decode()
    assert html.count('class="item"') == count
    assert html.count("/pages/") == 2 * count


def test_editing_by_htmx_swaps_the_row_for_a_form_and_back(client: Client, memory: Memory, case: Case) -> None:
    edit, row = url(memory, f"{case.kind}-edit", case.row.pk), url(memory, f"{case.kind}-row", case.row.pk)
    form = client.get(edit, headers=HTMX).content.decode()
    assert "<html" not in form
    assert f'hx-post="{edit}"' in form
    assert f'hx-get="{row}"' in form
    assert form.count("autofocus") == 1
    answer = client.post(edit, case.data, headers=HTMX)
    html = answer.content.decode()
    assert (answer.status_code, case.saved) == (200, case.changed)
    assert f'id="{case.kind}-{case.row.pk}"' in html
    assert ">Locked</span>" in html
    # Focus comes back to where it was, and the page's status line says what happened.
    assert html.count("autofocus") == 1
    assert 'id="messages" class="messages" role="status" hx-swap-oob="innerHTML">' in html
    assert "Saved “" in html
    assert "HX-Request" in answer["Vary"]


def test_cancelling_by_htmx_brings_the_row_back(client: Client, memory: Memory, case: Case) -> None:
    html = client.get(url(memory, f"{case.kind}-row", case.row.pk), headers=HTMX).content.decode()
    assert html.lstrip().startswith(f'<li id="{case.kind}-{case.row.pk}" class="item">')
    assert html.count("autofocus") == 1


def test_editing_without_javascript_leads_back_to_the_row(client: Client, memory: Memory, case: Case) -> None:
    edit = url(memory, f"{case.kind}-edit", case.row.pk) + "?page=1"
    assert f'<form class="item-form" method="post" action="{edit}"' in client.get(edit).content.decode()
    answer = client.post(edit, case.data)
    assert (answer.status_code, case.saved) == (302, case.changed)
    assert answer["Location"] == f"{url(memory, case.kind)}?page=1#{case.kind}-{case.row.pk}"
    assert "Saved “" in client.get(answer["Location"]).content.decode()


def test_an_edit_is_logged_with_who_did_it(client: Client, memory: Memory, case: Case) -> None:
    client.post(url(memory, f"{case.kind}-edit", case.row.pk), case.data)
    event = MemoryEvent.objects.get()
    assert (event.kind, event.user_id, event.target_id) == (EventKind.EDITED, memory.user_id, case.row.pk)
    case.row.refresh_from_db()
    assert case.row.locked


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_what_cannot_be_saved_is_said_at_the_field(
    client: Client, memory: Memory, case: Case, headers: dict[str, str]
) -> None:
    before = case.saved
    for text in ("   ", "x" * 1001):
        data = {name: "enormous" if name == "level" else text for name in case.data}
        answer = client.post(url(memory, f"{case.kind}-edit", case.row.pk), data, headers=headers)
        html = answer.content.decode()
        assert answer.status_code == 422
        assert 'class="errorlist"' in html
        assert 'aria-invalid="true"' in html
        assert ("<html" in html) == (not headers)
    assert case.saved == before


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_row_that_changed_meanwhile_is_not_overwritten_unseen(
    client: Client, memory: Memory, case: Case, headers: dict[str, str]
) -> None:
    edit = url(memory, f"{case.kind}-edit", case.row.pk)
    seen = version_of(case.row)
    newer = {"profile": ("value", "baker"), "traits": ("level", "medium")}.get(case.kind, ("text", "Newer words."))
    type(case.row).objects.filter(pk=case.row.pk).update(**{newer[0]: newer[1], "updated_at": timezone.now()})
    answer = client.post(edit, {**case.data, "version": seen}, headers=headers)
    html = answer.content.decode()
    assert (answer.status_code, case.saved) == (409, newer[1])
    shown = "Medium · Tries new food every week." if case.kind == "traits" else newer[1]
    assert f"It now says: “{shown}”" in html
    for words in case.data.values():
        assert words in html
    # Having seen it, the person may decide.
    answer = client.post(edit, {**case.data, "version": version_of(case.row)}, headers=headers)
    assert case.saved == case.changed


def test_deleting_asks_first_and_says_what_is_gone(client: Client, memory: Memory, case: Case) -> None:
    delete = url(memory, f"{case.kind}-delete", case.row.pk)
    for headers in ({}, HTMX):
        assert "Delete “" in client.get(delete, headers=headers).content.decode()
    assert case.exists
    answer = client.post(delete, headers=HTMX)
    html = answer.content.decode()
    assert (answer.status_code, case.exists) == (200, False)
    assert 'tabindex="-1" autofocus>Deleted “' in html
    assert '<strong id="count" class="numeric" hx-swap-oob="true">0</strong>' in html
    assert client.post(delete, headers=HTMX).status_code == 404


def test_deleting_without_javascript_leads_back_to_the_list(client: Client, memory: Memory, case: Case) -> None:
    answer = client.post(url(memory, f"{case.kind}-delete", case.row.pk))
    assert (answer.status_code, answer["Location"], case.exists) == (302, url(memory, case.kind), False)
    assert "Deleted “" in client.get(answer["Location"]).content.decode()
    assert MemoryEvent.objects.get().kind == EventKind.DELETED


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_of_its_own_lists_all_pages_it_came_from(
    client: Client, memory: Memory, kind: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = make(kind, memory)
    pages = PageFactory.create_batch(5, memory=memory)
    getattr(made.row, made.source_field).add(*pages)
    assert ">all 5</a>" in client.get(url(memory, kind)).content.decode()
    with django_assert_num_queries(12):
        html = client.get(url(memory, f"{kind}-row", made.row.pk)).content.decode()
    assert html.count('class="page-card') == 5


def test_a_row_written_by_hand_says_so(client: Client, memory: Memory) -> None:
    row = ProfileFactory(memory=memory, locked=True)
    assert "It was written by hand." in client.get(url(memory, "profile-row", row.pk)).content.decode()
    row = ProfileFactory(memory=memory)
    assert "It came from no page of yours" in client.get(url(memory, "profile-row", row.pk)).content.decode()


def test_adding_an_attribute_by_htmx_shows_the_list_with_it(client: Client, memory: Memory) -> None:
    add = url(memory, "profile-add")
    assert "<html" not in client.get(add, headers=HTMX).content.decode()
    assert "Add attribute" in client.get(add, {"cancel": 1}, headers=HTMX).content.decode()
    answer = client.post(add, {"name": "home town", "value": "Lund"}, headers=HTMX)
    html = answer.content.decode()
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#profile-region", "outerHTML")
    assert "Lund" in html
    assert html.count("autofocus") == 1
    attribute = memory.profile.get()
    assert (attribute.name, attribute.value, attribute.locked) == ("home town", "Lund", True)


def test_adding_an_attribute_without_javascript_leads_to_it(client: Client, memory: Memory) -> None:
    add = url(memory, "profile-add")
    assert "<h1>Add attribute</h1>" in client.get(add).content.decode()
    assert "<h1>Add attribute</h1>" in client.get(add, {"cancel": 1}).content.decode()
    answer = client.post(add, {"name": "home town", "value": "Lund"})
    assert answer["Location"] == f"{url(memory, 'profile')}#profile-{memory.profile.get().pk}"


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize(
    ("name", "value"), [("", "x"), ("x", " "), ("n" * 61, "x"), ("x", "v" * 501), ("Occupation", "second")]
)
def test_an_attribute_that_cannot_be_added_keeps_the_words(
    client: Client, memory: Memory, name: str, value: str, headers: dict[str, str]
) -> None:
    ProfileFactory(memory=memory, name="occupation")
    answer = client.post(url(memory, "profile-add"), {"name": name, "value": value}, headers=headers)
    assert (answer.status_code, memory.profile.count()) == (422, 1)
    assert 'aria-invalid="true"' in answer.content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_empty_lists_say_what_will_come(client: Client, memory: Memory, kind: str) -> None:
    assert '<div class="empty">' in client.get(url(memory, kind)).content.decode()


def test_traits_stand_in_three_groups_with_the_unknown_ones_folded_away(client: Client, memory: Memory) -> None:
    TraitFactory(memory=memory, dimension="travel", level=TraitLevel.LOW, reason="Stays at home.")
    TraitFactory(memory=memory, dimension="honesty")
    html = client.get(url(memory, "traits")).content.decode()
    places = [html.index(words) for words in (
        "Basic needs and personality", "Age and gender", "Character", "Not known yet (5)", "Maslow",
        "Not known yet (16)", "Murray", "Not known yet (17)", "AI alignment", ">Honesty ", "Not known yet (6)",
        "Interests", ">Travel ", "Stays at home.", "Not known yet (42)",
    )]  # fmt: skip
    assert places == sorted(places)
    assert '<strong id="count" class="numeric">2</strong> of 90 known' in " ".join(html.split())
    assert "dimension=gender" not in html


def test_facts_show_by_status_pinned_first(client: Client, memory: Memory) -> None:
    newer = KnowledgeFactory(memory=memory, text="Lives in Lund.", pinned=True, times_confirmed=4)
    KnowledgeFactory(memory=memory, text="Has a cat.", confirmed_at=timezone.now())
    past = {"status": KnowledgeStatus.SUPERSEDED, "superseded_by": newer, "valid_to": timezone.now()}
    KnowledgeFactory(memory=memory, text="Lives in Oslo.", **past)
    html = client.get(url(memory, "knowledge")).content.decode()
    assert html.index("Lives in Lund.") < html.index("Has a cat.")
    assert "Said 4 times" in html
    assert "Lives in Oslo." not in html
    old = client.get(url(memory, "knowledge"), {"status": "superseded"}).content.decode()
    assert "Lives in Oslo." in old
    assert "Now: “Lives in Lund.”" in old
    assert "Has a cat." not in old
    assert "Has a cat." in client.get(url(memory, "knowledge"), {"status": "nonsense"}).content.decode()


def test_facts_come_in_pages_and_an_edit_leads_back_to_the_page(client: Client, memory: Memory) -> None:
    KnowledgeFactory.create_batch(PAGE_SIZE + 1, memory=memory)
    html = client.get(url(memory, "knowledge"), {"page": 2}).content.decode()
    assert html.count('class="item"') == 1
    assert "/edit/?page=2" in html


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_fact_that_is_known_already_is_refused_at_the_field(
    client: Client, memory: Memory, headers: dict[str, str]
) -> None:
    KnowledgeFactory(memory=memory, text="Has a cat.")
    entry = KnowledgeFactory(memory=memory)
    answer = client.post(url(memory, "knowledge-edit", entry.pk), {"text": "has a CAT"}, headers=headers)
    assert answer.status_code == 422
    assert "An entry that says the same exists already." in answer.content.decode()
    assert Knowledge.objects.filter(text="Has a cat.").count() == 1


def test_a_fact_is_not_saved_without_its_vector(client: Client, memory: Memory, settings: Settings) -> None:
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "none", "http://127.0.0.1:9/v1"
    entry = KnowledgeFactory(memory=memory, text="Has a cat.")
    answer = client.post(url(memory, "knowledge-edit", entry.pk), {"text": "Has a dog."}, headers=HTMX)
    assert answer.status_code == 503
    assert "Has a dog." in answer.content.decode()
    entry.refresh_from_db()
    assert entry.text == "Has a cat."


def test_a_row_deleted_while_it_was_edited_is_not_found(client: Client, memory: Memory, case: Case) -> None:
    rows: type[Model] = type(case.row)
    rows._default_manager.filter(pk=case.row.pk).delete()
    assert client.post(url(memory, f"{case.kind}-edit", case.row.pk), case.data, headers=HTMX).status_code == 404
    assert not MemoryEvent.objects.exists()


def test_markup_in_facts_is_shown_not_run(client: Client, memory: Memory) -> None:
    ProfileFactory(memory=memory, name="<i>n</i>", value="<i>v</i>")
    TraitFactory(memory=memory, reason="<i>r</i>")
    KnowledgeFactory(memory=memory, text="<i>t</i>")
    for name in ("profile", "traits", "knowledge"):
        assert "<i>n" not in client.get(url(memory, name)).content.decode().replace("<i></i>", "")
        assert "&lt;i&gt;" in client.get(url(memory, name)).content.decode()
    assert (Profile.objects.count(), Trait.objects.count()) == (1, 1)


SWITCHES = [
    *(("profile", each) for each in ("disable", "enable")),
    *(("traits", each) for each in ("disable", "enable")),
    *((kind, each) for kind in ("knowledge", "assistant-knowledge") for each in ("disable", "enable", "pin", "unpin")),
]


def is_on(row: Any, action: str) -> bool:
    row.refresh_from_db()
    return bool(row.pinned if action.endswith("pin") else not row.disabled)


@pytest.mark.parametrize(("kind", "action"), SWITCHES)
def test_a_switch_draws_the_row_anew_with_the_way_back(client: Client, memory: Memory, kind: str, action: str) -> None:
    made = make(kind, memory)
    if action == "enable":
        client.post(url(memory, f"{kind}-disable", made.row.pk))
    if action == "unpin":
        client.post(url(memory, f"{kind}-pin", made.row.pk))
    answer = client.post(url(memory, f"{kind}-{action}", made.row.pk), headers=HTMX)
    html = answer.content.decode()
    assert (answer.status_code, is_on(made.row, action)) == (200, action in ("enable", "pin"))
    back = {"disable": "enable", "enable": "disable", "pin": "unpin", "unpin": "pin"}[action]
    assert f'hx-post="{url(memory, f"{kind}-{back}", made.row.pk)}"' in html
    assert f'action="{url(memory, f"{kind}-{action}", made.row.pk)}"' not in html
    # The keyboard goes to the way back, or to the menu that holds it.
    [focused] = [part for part in re.split("<button|<summary", html)[1:] if "autofocus" in part.partition(">")[0]]
    assert focused.partition(">")[2].startswith("Use again" if back == "enable" else "More")
    assert ("Not used" in html) == (action == "disable")
    assert "is-off" not in html or action == "disable"
    assert 'id="messages"' in html
    # A double press changes nothing more.
    assert client.post(url(memory, f"{kind}-{action}", made.row.pk), headers=HTMX).status_code == 200
    kinds = MemoryEvent.objects.filter(target_id=made.row.pk).values_list("kind", flat=True)
    assert len(kinds) == (2 if action in ("enable", "unpin") else 1)


@pytest.mark.parametrize(("kind", "action"), SWITCHES)
def test_a_switch_without_javascript_leads_back_to_the_row(
    client: Client, memory: Memory, kind: str, action: str
) -> None:
    made = make(kind, memory)
    answer = client.post(url(memory, f"{kind}-{action}", made.row.pk) + "?page=1")
    assert (answer.status_code, answer["Location"]) == (302, f"{url(memory, kind)}?page=1#{kind}-{made.row.pk}")
    assert client.get(url(memory, f"{kind}-{action}", made.row.pk)).status_code == 405


@pytest.mark.parametrize("action", ["disable", "enable", "pin", "unpin"])
def test_members_do_not_switch_what_all_share(client: Client, action: str) -> None:
    member = MemoryFactory(role=Role.MEMBER)
    client.force_login(member.user)
    row = AssistantKnowledgeFactory(assistant=member.assistant)
    for headers in ({}, HTMX):
        answer = client.post(url(member, f"assistant-knowledge-{action}", row.pk), headers=headers)
        assert answer.status_code == 403
    row.refresh_from_db()
    assert (row.status, row.pinned) == (KnowledgeStatus.ACTIVE, False)
    html = client.get(url(member, "assistant-knowledge")).content.decode()
    assert "item-switch" not in html


def test_a_fact_that_stands_twice_is_not_used_again_and_the_person_is_told(client: Client, memory: Memory) -> None:
    off = KnowledgeFactory(memory=memory, text="Likes tea.", status=KnowledgeStatus.DISABLED)
    KnowledgeFactory(memory=memory, text="Likes tea.")
    html = client.post(url(memory, "knowledge-enable", off.pk), headers=HTMX).content.decode()
    assert "An entry that says the same exists already." in html
    off.refresh_from_db()
    assert off.disabled


def test_facts_that_are_not_used_have_a_tab_of_their_own(client: Client, memory: Memory) -> None:
    KnowledgeFactory(memory=memory, text="Likes tea.", status=KnowledgeStatus.DISABLED)
    KnowledgeFactory(memory=memory, text="Likes milk.")
    assert "Likes tea." not in client.get(url(memory, "knowledge")).content.decode()
    html = client.get(url(memory, "knowledge"), {"status": "disabled"}).content.decode()
    assert "Likes tea." in html
    assert "Likes milk." not in html


def test_what_is_superseded_can_only_be_brought_back(client: Client, memory: Memory) -> None:
    fact = KnowledgeFactory(memory=memory, status=KnowledgeStatus.SUPERSEDED)
    html = client.get(url(memory, "knowledge"), {"status": "superseded"}).content.decode()
    assert html.count('class="item-switch"') == 1
    assert f'action="{url(memory, "knowledge-reinstate", fact.pk)}?status=superseded"' in html


def test_a_page_is_switched_off_and_on_where_its_button_stands(client: Client, memory: Memory) -> None:
    page = PageFactory(memory=memory)
    off, on = url(memory, "page-disable", page.pk), url(memory, "page-enable", page.pk)
    assert f'action="{off}"' in client.get(url(memory, "page", page.pk)).content.decode()
    html = client.post(off, headers=HTMX).content.decode()
    assert f'hx-post="{on}"' in html
    assert "Not used" in html
    assert html.count("autofocus") == 1
    assert "Not used" in client.get(url(memory, "short-term")).content.decode()
    answer = client.post(on)
    assert (answer.status_code, answer["Location"]) == (302, f"{url(memory, 'page', page.pk)}#page-use")
    page.refresh_from_db()
    assert not page.disabled
    page.delete()
    assert client.post(off, headers=HTMX).status_code == 404
