"""Setting back: the history of one thing, undo after a deletion, two at one row, locks; by HTMX and without."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.domain.forgetting import Target, forget
from memory.domain.knowledge import delete_knowledge, edit_knowledge
from memory.enums import EventKind, KnowledgeStatus, Role
from memory.models import Knowledge, Memory, MemoryEvent, Profile
from memory.views.items import version_of
from tests.memory.factories import AssistantKnowledgeFactory, KnowledgeFactory, MemoryFactory, ProfileFactory
from tests.memory.fakes import WordEmbedder
from tests.memory.test_views_items import HTMX, KINDS, Case, make, url

pytestmark = pytest.mark.django_db

BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, memory: Memory) -> Case:
    return make(request.param, memory)


def edit(client: Client, memory: Memory, case: Case) -> MemoryEvent:
    """Change a row by hand; return what the log says of it."""
    assert client.post(url(memory, f"{case.kind}-edit", case.row.pk), case.data).status_code == 302
    return MemoryEvent.objects.filter(target_id=case.row.pk, kind=EventKind.EDITED).latest("pk")


# --- History and restore ----------------------------------------------------------------------------------------------


def test_a_page_of_one_thing_shows_what_was_done_to_it_and_restores(client: Client, memory: Memory, case: Case) -> None:
    before = case.saved
    edited = edit(client, memory, case)
    page = url(memory, f"{case.kind}-row", case.row.pk)
    html = client.get(page).content.decode()
    assert html.count('class="event"') == 1
    assert html.count("<del>") >= 1
    assert html.count("<ins>") >= 1
    restore = url(memory, f"{case.kind}-restore", case.row.pk)
    assert f'action="{restore}"' in html
    assert f'name="event" value="{edited.pk}"' in html
    answer = client.post(restore, {"event": edited.pk})
    assert (answer.status_code, answer["Location"], case.saved) == (302, page, before)
    html = client.get(page).content.decode()
    assert "says again what it said before" in html
    assert html.count('class="event"') == 2
    # What it says today is offered nowhere; what it said in between is.
    assert html.count('class="event-restore"') == 1
    assert client.post(restore, {"event": edited.pk}).status_code == 302
    assert MemoryEvent.objects.filter(kind=EventKind.RESTORED).count() == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 3])
def test_a_history_asks_the_database_equally_often(
    client: Client, memory: Memory, kind: str, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = make(kind, memory)
    field = made.data.keys() & {"value", "text", "reason"}
    for number in range(count):
        made.data |= dict.fromkeys(field, f"Said for the {number}. time.")
        edit(client, memory, made)
    # Messages of the edits are shown once.
    client.get(url(memory, "overview"))
    with django_assert_num_queries(11):
        html = client.get(url(memory, f"{kind}-row", made.row.pk)).content.decode()
    assert html.count('class="event"') == count


@BOTH
@pytest.mark.parametrize("key", ["", "0", "x", "²", "-1", "9" * 30, "1.5", "\0"])
def test_an_event_that_is_none_of_this_row_is_not_found(
    client: Client, memory: Memory, key: str, headers: dict[str, str]
) -> None:
    made = make("profile", memory)
    answer = client.post(url(memory, "profile-restore", made.row.pk), {"event": key}, headers=headers)
    assert answer.status_code == 404
    assert "This cannot be brought back" in answer.content.decode()
    assert client.get(url(memory, "profile-restore", made.row.pk)).status_code == 405


@BOTH
def test_former_words_that_another_fact_says_are_refused(
    client: Client, memory: Memory, headers: dict[str, str]
) -> None:
    made = make("knowledge", memory)
    edited = edit(client, memory, made)
    KnowledgeFactory(memory=memory, text=edited.before["text"])  # type: ignore[index]  # an edit has both states
    answer = client.post(url(memory, "knowledge-restore", made.row.pk), {"event": edited.pk}, headers=headers)
    assert (answer.status_code, made.saved) == (422, "Sold them all.")
    assert "An entry that says the same exists already." in answer.content.decode()


def test_former_words_without_a_vector_are_refused(client: Client, memory: Memory, settings: Settings) -> None:
    made = make("knowledge", memory)
    edited = edit(client, memory, made)
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "none", "http://127.0.0.1:9/v1"
    answer = client.post(url(memory, "knowledge-restore", made.row.pk), {"event": edited.pk})
    assert (answer.status_code, made.saved) == (503, "Sold them all.")


def test_the_history_of_what_is_forgotten_offers_nothing(client: Client, memory: Memory) -> None:
    made = make("profile", memory)
    edited = edit(client, memory, made)
    MemoryEvent.objects.update(before=None, after=None)
    assert "event-restore" not in client.get(url(memory, "profile-row", made.row.pk)).content.decode()
    assert client.post(url(memory, "profile-restore", made.row.pk), {"event": edited.pk}).status_code == 404


@pytest.mark.parametrize("action", ["restore", "undelete", "lock", "unlock"])
@BOTH
def test_members_set_nothing_back_that_all_share(client: Client, action: str, headers: dict[str, str]) -> None:
    owner = MemoryFactory()
    row, gone = AssistantKnowledgeFactory.create_batch(2, assistant=owner.assistant)
    keys = row.pk, gone.pk
    edit_knowledge(row, "Recommends films.", WordEmbedder(), by=owner.user)
    delete_knowledge(gone, by=owner.user)
    events = MemoryEvent.objects.count()
    member = MemoryFactory(assistant=owner.assistant, role=Role.MEMBER)
    client.force_login(member.user)
    html = client.get(url(member, "assistant-knowledge-row", row.pk)).content.decode()
    assert 'id="history-heading"' not in html, "who did what to it is for those who curate"
    pk = keys[action == "undelete"]
    answer = client.post(url(member, f"assistant-knowledge-{action}", pk), {"event": 1}, headers=headers)
    assert (answer.status_code, MemoryEvent.objects.count()) == (403, events)
    client.force_login(owner.user)
    assert 'id="history-heading"' in client.get(url(owner, "assistant-knowledge-row", row.pk)).content.decode()


def test_markup_in_a_history_is_shown_not_run(client: Client, memory: Memory) -> None:
    row = ProfileFactory(memory=memory, name="n", value="<i>old</i> words")
    client.post(url(memory, "profile-edit", row.pk), {"value": "<i>new</i> words"})
    html = client.get(url(memory, "profile-row", row.pk)).content.decode()
    assert "&lt;i&gt;old&lt;/i&gt;" in html
    assert "<i>old" not in html
    assert "<i>new" not in html


# --- Undo -------------------------------------------------------------------------------------------------------------


def test_a_deletion_by_htmx_can_be_undone_in_its_place(client: Client, memory: Memory, case: Case) -> None:
    undo = url(memory, f"{case.kind}-undelete", case.row.pk)
    html = client.post(url(memory, f"{case.kind}-delete", case.row.pk), headers=HTMX).content.decode()
    # The place and the message.
    assert html.count(f'hx-post="{undo}"') == 2
    assert f'<li id="{case.kind}-{case.row.pk}"' in html
    assert f'hx-target="#{case.kind}-{case.row.pk}"' in html
    assert html.count("csrfmiddlewaretoken") == 2
    answer = client.post(undo, headers=HTMX)
    html = answer.content.decode()
    assert (answer.status_code, case.exists) == (200, True)
    assert f'<li id="{case.kind}-{case.row.pk}" class="item">' in html
    assert html.count("autofocus") == 1
    assert '<strong id="count" class="numeric" hx-swap-oob="true">1</strong>' in html
    assert "is back" in html
    # Twice is once.
    assert client.post(undo, headers=HTMX).status_code == 200
    assert MemoryEvent.objects.filter(kind=EventKind.RESTORED).count() == 1


def test_a_deletion_without_javascript_can_be_undone_from_the_message(
    client: Client, memory: Memory, case: Case
) -> None:
    undo = url(memory, f"{case.kind}-undelete", case.row.pk) + "?page=1"
    answer = client.post(url(memory, f"{case.kind}-delete", case.row.pk) + "?page=1", follow=True)
    html = answer.content.decode()
    assert f'<form class="undo-form" method="post" action="{undo}">' in html
    answer = client.post(undo)
    assert answer["Location"] == f"{url(memory, case.kind)}?page=1#{case.kind}-{case.row.pk}"
    assert case.exists
    assert client.get(undo).status_code == 405


def test_several_deletions_are_undone_one_by_one(client: Client, memory: Memory) -> None:
    made = [make(kind, memory, number) for number in range(2) for kind in KINDS]
    for each in made:
        client.post(url(memory, f"{each.kind}-delete", each.row.pk), headers=HTMX)
    assert not any(each.exists for each in made)
    for each in made:
        client.post(url(memory, f"{each.kind}-undelete", each.row.pk), headers=HTMX)
    assert all(each.exists for each in made)


@BOTH
def test_what_was_learnt_anew_is_in_the_way_of_an_undo(
    client: Client, memory: Memory, case: Case, headers: dict[str, str]
) -> None:
    client.post(url(memory, f"{case.kind}-delete", case.row.pk))
    row: Any = case.row
    type(row).objects.create(**{
        field.name: getattr(row, field.name) for field in row._meta.concrete_fields if field.name != "id"
    })  # fmt: skip
    answer = client.post(url(memory, f"{case.kind}-undelete", case.row.pk), headers=headers)
    assert (answer.status_code, case.exists) == (409, False)
    assert ("exists already" in answer.content.decode()) == (row._meta.model is Knowledge)
    assert ("<html" in answer.content.decode()) == (not headers)


@BOTH
def test_what_was_forgotten_cannot_be_undone(client: Client, memory: Memory, headers: dict[str, str]) -> None:
    made = make("knowledge", memory)
    pk = made.row.pk
    for action in ("delete", "undelete"):
        client.post(url(memory, f"knowledge-{action}", pk))
    forget(memory, Target("knowledge", (pk,)), by=memory.user)
    answer = client.post(url(memory, "knowledge-undelete", pk), headers=headers)
    assert (answer.status_code, made.exists) == (404, False)
    assert "its words are not in the activity log" in answer.content.decode()
    assert client.post(url(memory, "knowledge-undelete", 10**9), headers=headers).status_code == 404


# --- Two at one row ---------------------------------------------------------------------------------------------------


def form_of(client: Client, memory: Memory, case: Case) -> dict[str, str]:
    """Return what the edit form carries along."""
    form = client.get(url(memory, f"{case.kind}-edit", case.row.pk)).context["form"]
    return {name: form.initial[name] for name in ("version", "was")}


@BOTH
def test_a_conflict_shows_what_changed_and_what_would_and_loses_nothing(
    client: Client, memory: Memory, headers: dict[str, str]
) -> None:
    row = KnowledgeFactory(memory=memory, text="Likes green tea.")
    made = Case("knowledge", row, {"text": "Likes black tea."}, "Likes black tea.")
    carried = form_of(client, memory, made)
    client.post(url(memory, "knowledge-edit", row.pk), {"text": "Likes green coffee."})
    answer = client.post(url(memory, "knowledge-edit", row.pk), {**made.data, **carried}, headers=headers)
    html = " ".join(answer.content.decode().split())
    assert answer.status_code == 409
    assert html.count('role="alert"') == 1
    [meanwhile, mine] = answer.context["conflict"].meanwhile[0].parts, answer.context["conflict"].mine[0].parts
    assert [(part.kind, part.text) for part in meanwhile] == [
        ("same", "Likes green "), ("out", "tea."), ("in", "coffee."),
    ]  # fmt: skip
    assert [(part.kind, part.text) for part in mine] == [
        ("same", "Likes "), ("out", "green coffee."), ("in", "black tea."),
    ]  # fmt: skip
    assert "It now says: “Likes green coffee.”" in html
    assert "Likes black tea.</textarea>" in html
    assert "Keep mine" in html
    assert "Take theirs" in html
    row.refresh_from_db()
    assert row.text == "Likes green coffee."
    # Keep mine: the form knows by now what it replaces.
    again = {name: answer.context["form"].data[name] for name in ("version", "was", "text")}
    client.post(url(memory, "knowledge-edit", row.pk), again, headers=headers)
    assert made.saved == "Likes black tea."


def test_a_trait_in_conflict_is_compared_field_by_field_in_words(client: Client, memory: Memory) -> None:
    made = make("traits", memory)
    carried = form_of(client, memory, made)
    client.post(url(memory, "traits-edit", made.row.pk), {"level": "medium", "reason": "Now and then."})
    answer = client.post(url(memory, "traits-edit", made.row.pk), {**made.data, **carried})
    assert answer.status_code == 409
    conflict = answer.context["conflict"]
    assert [change.name for change in conflict.meanwhile] == ["Level", "Reason"]
    assert [part.text for part in conflict.mine[0].parts] == ["Medium", "Low"]


def test_a_row_whose_words_did_not_change_meanwhile_is_saved(client: Client, memory: Memory, case: Case) -> None:
    """Pinned, confirmed, locked: nothing that an edit of its words would undo."""
    carried = form_of(client, memory, case)
    type(case.row).objects.filter(pk=case.row.pk).update(updated_at=timezone.now(), locked=True)
    assert client.post(url(memory, f"{case.kind}-edit", case.row.pk), {**case.data, **carried}).status_code == 302
    assert case.saved == case.changed


@pytest.mark.parametrize("was", ["", "nonsense", "[]", "{}", '{"text": 1}', '{"other": "x"}'])
def test_a_form_that_carries_nonsense_is_a_conflict_like_any_other(client: Client, memory: Memory, was: str) -> None:
    row = KnowledgeFactory(memory=memory)
    data = {"text": "Mine.", "was": was, "version": version_of(row)}
    client.post(url(memory, "knowledge-edit", row.pk), {"text": "Theirs."})
    answer = client.post(url(memory, "knowledge-edit", row.pk), data)
    assert answer.status_code == 409
    assert "Mine.</textarea>" in answer.content.decode()


def test_forms_on_pages_of_their_own_are_plain_ones(client: Client, memory: Memory, case: Case) -> None:
    """There is no row on that page whose place HTMX could take."""
    for action in ("edit", "delete"):
        html = client.get(url(memory, f"{case.kind}-{action}", case.row.pk)).content.decode()
        assert 'class="item-form" method="post"' in html
        assert "closest .item" not in html


# --- Locks ------------------------------------------------------------------------------------------------------------


def test_a_lock_is_turned_on_and_off_in_its_row(client: Client, memory: Memory, case: Case) -> None:
    for action, back, locked in (("lock", "unlock", True), ("unlock", "lock", False)):
        answer = client.post(url(memory, f"{case.kind}-{action}", case.row.pk), headers=HTMX)
        html = answer.content.decode()
        case.row.refresh_from_db()
        assert (answer.status_code, case.row.locked) == (200, locked)
        assert f'hx-post="{url(memory, f"{case.kind}-{back}", case.row.pk)}"' in html
        assert f'action="{url(memory, f"{case.kind}-{action}", case.row.pk)}"' not in html
        assert (">Locked</span>" in html) == locked
        # The switch is out of sight in the row's closed menu: the keyboard stays on what opens it.
        [opener] = [part for part in html.split("<summary")[1:] if "autofocus" in part.partition(">")[0]]
        assert opener.partition(">")[2].startswith("More")
        assert html.count("autofocus") == 1
    answer = client.post(url(memory, f"{case.kind}-lock", case.row.pk) + "?page=1")
    assert answer["Location"] == f"{url(memory, case.kind)}?page=1#{case.kind}-{case.row.pk}"
    assert client.get(url(memory, f"{case.kind}-lock", case.row.pk)).status_code == 405
    case.row.delete()
    assert client.post(url(memory, f"{case.kind}-lock", 10**9), headers=HTMX).status_code == 404


@pytest.mark.parametrize("status", [KnowledgeStatus.SUPERSEDED, KnowledgeStatus.PROPOSED])
def test_what_is_not_in_use_has_no_lock(client: Client, memory: Memory, status: KnowledgeStatus) -> None:
    row = AssistantKnowledgeFactory(assistant=memory.assistant, status=status)
    html = client.get(url(memory, "assistant-knowledge-row", row.pk), headers=HTMX).content.decode()
    assert "/lock/" not in html
    assert not Profile.objects.exists()


# --- Curated by hand --------------------------------------------------------------------------------------------------


@BOTH
def test_what_was_curated_by_hand_is_set_back_from_its_page(
    client: Client, memory: Memory, headers: dict[str, str]
) -> None:
    row = AssistantKnowledgeFactory(assistant=memory.assistant, text="Likes films.", status=KnowledgeStatus.PROPOSED)
    client.post(url(memory, "assistant-knowledge-decline", row.pk), headers=headers)
    page, restore = (url(memory, f"assistant-knowledge-{name}", row.pk) for name in ("row", "restore"))
    html = client.get(page).content.decode()
    declined = MemoryEvent.objects.get(kind=EventKind.DECLINED)
    assert f'name="event" value="{declined.pk}"' in html
    assert "“Proposed: Likes films.”" in html, "where only the status differs, it is named"
    client.post(restore, {"event": declined.pk}, headers=headers)
    row.refresh_from_db()
    assert row.status == KnowledgeStatus.PROPOSED
    client.post(url(memory, "assistant-knowledge-approve", row.pk), headers=headers)
    client.post(url(memory, "assistant-knowledge-archive", row.pk), headers=headers)
    archived = MemoryEvent.objects.get(kind=EventKind.ARCHIVED)
    assert f'name="event" value="{archived.pk}"' in client.get(page).content.decode()
    client.post(restore, {"event": archived.pk}, headers=headers)
    row.refresh_from_db()
    assert row.status == KnowledgeStatus.ACTIVE


def test_a_long_fact_that_was_put_away_is_told_in_full(client: Client, memory: Memory) -> None:
    row = KnowledgeFactory(memory=memory, text="Likes tea, " * 30 + "and milk.")
    client.post(url(memory, "knowledge-archive", row.pk))
    html = client.get(url(memory, "timeline")).content.decode()
    assert "In full" in html
    assert html.count("and milk.") == 1
