"""Facts added, merged, replaced and changed many at once; who may, and what goes wrong."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import ngettext
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory.domain.knowledge import delete_knowledge
from memory.enums import EventKind, KnowledgeStatus, Role
from memory.models import Knowledge, Memory, MemoryEvent
from memory.views.base import FORBIDDEN
from tests.memory.factories import (
    EPOCH,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
AWAY = "http://127.0.0.1:9/v1"


@pytest.fixture
def memory(client: Client) -> Memory:
    memory: Memory = MemoryFactory()
    client.force_login(memory.user)
    return memory


def url(memory: Memory, name: str, *args: object) -> str:
    return reverse(f"memory:{name}", args=[memory.assistant.slug, *args])


def fact(memory: Memory, kind: str, text: str, **values: object) -> Knowledge:
    if kind == "knowledge":
        return KnowledgeFactory(memory=memory, text=text, **values)
    return AssistantKnowledgeFactory(assistant=memory.assistant, text=text, **values)


def statuses(*entries: Knowledge) -> list[str]:
    return [Knowledge.objects.get(pk=entry.pk).status for entry in entries]


@pytest.mark.parametrize("kind", ["knowledge", "assistant-knowledge"])
def test_a_fact_is_added(client: Client, memory: Memory, kind: str) -> None:
    add = url(memory, f"{kind}-add")
    assert f'action="{add}"' in client.get(add).text
    answer = client.post(add, {"text": " Likes tea. ", "valid_from": "2026-01-01"})
    added = Knowledge.objects.get()
    assert (added.text, added.locked, added.valid_from) == ("Likes tea.", True, EPOCH.replace(hour=0))
    assert (answer.status_code, answer["Location"]) == (302, f"{url(memory, kind)}#{kind}-{added.pk}")
    assert "Added “Likes tea.”." in client.get(url(memory, kind)).text


def test_a_fact_is_added_by_htmx_above_the_list(client: Client, memory: Memory) -> None:
    add = url(memory, "knowledge-add")
    form = client.get(add, headers=HTMX).text
    assert ("<html" in form, f'hx-post="{add}"' in form, form.count("autofocus")) == (False, True, 1)
    assert "autofocus" in client.get(f"{add}?cancel=1", headers=HTMX).text
    answer = client.post(add, {"text": "Likes tea."}, headers=HTMX)
    # The list is another address than the one the form may stand on, or the browser would stay there.
    added = Knowledge.objects.get().pk
    assert answer["HX-Redirect"] == f"{url(memory, 'knowledge')}?new={added}#knowledge-{added}"


@pytest.mark.parametrize(
    ("text", "since", "reason"),
    [
        ("", "", "This field is required."),
        ("x" * 1001, "", "at most 1000 characters"),
        ("Likes\x00tea", "", "Null characters"),
        ("Likes tea.", "soon", "Enter a valid date."),
        ("likes milk", "", "says the same exists already"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_bad_fact_is_refused_and_its_words_kept(
    client: Client, memory: Memory, text: str, since: str, reason: str, headers: dict[str, str]
) -> None:
    KnowledgeFactory(memory=memory, text="Likes milk.")
    answer = client.post(url(memory, "knowledge-add"), {"text": text, "valid_from": since}, headers=headers)
    assert answer.status_code == 422
    assert reason in answer.text
    assert text.replace("\x00", "")[:5] in answer.text
    assert Knowledge.objects.count() == 1


def test_without_the_embedding_model_nothing_is_added_and_the_words_stay(
    client: Client, memory: Memory, settings: Settings
) -> None:
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "away", AWAY
    answer = client.post(url(memory, "knowledge-add"), {"text": "Likes tea."})
    assert (answer.status_code, "Likes tea." in answer.text, Knowledge.objects.count()) == (503, True, 0)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("deed", ["add", "bulk", "merge"])
def test_a_member_changes_nothing_that_is_shared(
    client: Client, memory: Memory, deed: str, headers: dict[str, str]
) -> None:
    entries = [fact(memory, "assistant-knowledge", text) for text in ("a", "b")]
    member = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    client.force_login(member.user)
    data = {"text": "c", "id": [entry.pk for entry in entries], "deed": "delete", "sure": "1"}
    for answer in (
        client.get(url(memory, f"assistant-knowledge-{deed}"), headers=headers),
        client.post(url(memory, f"assistant-knowledge-{deed}"), data, headers=headers),
    ):
        assert (answer.status_code, str(FORBIDDEN) in answer.text) == (403, True)
    for name in ("archive", "unarchive", "reinstate", "replace"):
        address = url(memory, f"assistant-knowledge-{name}", entries[0].pk)
        assert client.post(address, {"old": entries[1].pk}, headers=headers).status_code == 403
    assert statuses(*entries) == ["active", "active"]
    assert MemoryEvent.objects.count() == 0


@pytest.mark.parametrize("kind", ["knowledge", "assistant-knowledge"])
@pytest.mark.parametrize(
    ("deed", "before", "after", "said"),
    [
        ("archive", "active", "archived", "Archived 2 facts."),
        ("unarchive", "archived", "active", "2 facts are used again."),
        ("disable", "active", "disabled", "2 facts are kept, and not used any more."),
        ("enable", "disabled", "active", "2 facts are used again."),
        ("reinstate", "superseded", "active", "2 facts hold again."),
    ],
)
def test_several_are_changed_at_once(
    client: Client, memory: Memory, kind: str, deed: str, before: str, after: str, said: str
) -> None:
    entries = [fact(memory, kind, text, status=before) for text in ("a", "b")]
    other = fact(memory, kind, "c", status=before)
    bulk = f"{url(memory, f'{kind}-bulk')}?status={before}&page=1"
    answer = client.post(bulk, {"id": [entry.pk for entry in entries], "deed": deed})
    assert (answer.status_code, answer["Location"]) == (302, f"{url(memory, kind)}?status={before}&page=1")
    assert statuses(*entries, other) == [after, after, before]
    assert said in client.get(answer["Location"]).text


def test_pins_are_set_and_what_was_pinned_already_is_told(client: Client, memory: Memory) -> None:
    one, two = (fact(memory, "knowledge", text, pinned=text == "b") for text in ("a", "b"))
    answer = client.post(url(memory, "knowledge-bulk"), {"id": [one.pk, two.pk], "deed": "pin"}, follow=True)
    assert "Pinned 1 fact." in answer.text
    assert "Not changed: “b”. It is so already, or its status does not allow it." in answer.text
    assert Knowledge.objects.filter(pinned=True).count() == 2


def test_deleting_several_asks_first(client: Client, memory: Memory) -> None:
    entries = [fact(memory, "knowledge", text) for text in ("Likes tea.", "Likes milk.")]
    ids = [entry.pk for entry in entries]
    asked = client.post(url(memory, "knowledge-bulk"), {"id": ids, "deed": "delete"})
    assert (asked.status_code, Knowledge.objects.count()) == (200, 2)
    assert all(entry.text in asked.text for entry in entries)
    done = client.post(url(memory, "knowledge-bulk"), {"id": ids, "deed": "delete", "sure": "1"}, follow=True)
    assert "Deleted 2 facts." in done.text
    assert Knowledge.objects.count() == 0


def undo(client: Client, memory: Memory, kind: str, *entries: Knowledge) -> tuple[str, list[str]]:
    """Delete facts together; return where the Undo of the message goes, and the keys that it names."""
    data = {"id": [entry.pk for entry in entries], "deed": "delete", "sure": "1"}
    html = client.post(f"{url(memory, f'{kind}-bulk')}?status=active", data, follow=True).text
    [form] = re.findall(r'<form class="undo-form".*?</form>', html, re.DOTALL)
    [address], [by_htmx] = re.findall(r'action="([^"]*)"', form), re.findall(r'hx-post="([^"]*)"', form)
    assert address == by_htmx == f"{url(memory, f'{kind}-undelete-all')}?status=active"
    assert form.count("csrfmiddlewaretoken") == 1
    assert ngettext("Deleted %d fact.", "Deleted %d facts.", len(entries)) % len(entries) in form
    return address, re.findall(r'name="id" value="(\d+)"', form)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("kind", ["knowledge", "assistant-knowledge"])
def test_what_was_deleted_together_is_brought_back_by_one_undo(
    client: Client, memory: Memory, kind: str, count: int, headers: dict[str, str]
) -> None:
    entries = [fact(memory, kind, f"Fact {number}") for number in range(count)]
    fact(memory, kind, "Stays.")
    address, keys = undo(client, memory, kind, *entries)
    assert keys == [str(entry.pk) for entry in entries]
    said = "1 fact is back." if count == 1 else "3 facts are back."
    for _ in range(2):
        answer = client.post(address, {"id": keys}, headers=headers)
        back = answer["HX-Redirect"] if headers else answer["Location"]
        assert (answer.status_code, back) == (200 if headers else 302, f"{url(memory, kind)}?status=active")
        html = client.get(back).text
        assert said in html
        assert html.count('class="item-value"') == count + 1
    assert MemoryEvent.objects.filter(kind=EventKind.RESTORED).count() == count
    assert client.get(address, headers=headers).status_code == 405


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_an_undo_says_what_did_not_come_back_and_why(client: Client, memory: Memory, headers: dict[str, str]) -> None:
    entries = [fact(memory, "knowledge", f"<i>{text}</i>") for text in "abcdefgh"]
    address, keys = undo(client, memory, "knowledge", *entries)
    for text in "bcdefgh":
        fact(memory, "knowledge", f"<i>{text}</i>")
    client.post(address, {"id": [*keys, "x", "9" * 30, "10"]}, headers=headers)
    html = client.get(url(memory, "knowledge")).text
    assert "1 fact is back." in html
    reason = "An entry that says the same exists already."
    assert f"Not brought back: “&lt;i&gt;b&lt;/i&gt;”. {reason}" in html
    assert html.count("Not brought back") == 5
    assert "2 more are not back." in html
    assert "1 fact cannot come back: it was forgotten meanwhile, or was never here." in html


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("key", ["", "x", "-1", "9" * 40, "stranger", "assistant"])
def test_an_undo_of_what_is_foreign_or_never_was_is_not_found(
    client: Client, memory: Memory, key: str, headers: dict[str, str]
) -> None:
    other = MemoryFactory()
    theirs, shared = KnowledgeFactory(memory=other, text="theirs"), fact(memory, "assistant-knowledge", "shared")
    keys = {"stranger": str(theirs.pk), "assistant": str(shared.pk)}
    delete_knowledge(theirs, by=other.user)
    delete_knowledge(shared, by=memory.user)
    data = {"id": keys.get(key, key)} if key else {}
    answer = client.post(url(memory, "knowledge-undelete-all"), data, headers=headers)
    assert (answer.status_code, "cannot be brought back" in answer.text) == (404, True)
    assert ("<html" in answer.text) == (not headers)
    # There is no row that HTMX could put the refusal into: it goes to the status line, as an error.
    assert ('hx-swap-oob="innerHTML"' in answer.text, "message-error" in answer.text) == (bool(headers), bool(headers))
    assert Knowledge.objects.count() == 0


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_member_brings_back_nothing_that_is_shared(client: Client, memory: Memory, headers: dict[str, str]) -> None:
    address, keys = undo(client, memory, "assistant-knowledge", fact(memory, "assistant-knowledge", "a"))
    member = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    client.force_login(member.user)
    answer = client.post(address, {"id": keys}, headers=headers)
    assert (answer.status_code, str(FORBIDDEN) in answer.text) == (403, True)
    assert client.post(url(member, "knowledge-undelete-all"), {"id": keys}, headers=headers).status_code == 404
    assert Knowledge.objects.count() == 0


@pytest.mark.parametrize("data", [{}, {"deed": "pin"}, {"deed": "explode", "id": "1"}, {"id": "1"}])
def test_nothing_ticked_or_an_unknown_deed_changes_nothing(
    client: Client, memory: Memory, data: dict[str, str]
) -> None:
    entry = fact(memory, "knowledge", "a")
    ticked = {**data, "id": str(entry.pk)} if "id" in data else data
    answer = client.post(url(memory, "knowledge-bulk"), ticked, follow=True)
    assert "Nothing was changed" in answer.text
    assert MemoryEvent.objects.count() == 0


@pytest.mark.parametrize("key", ["0", "-1", "x", "9" * 40, "", "stranger", "assistant"])
def test_what_is_foreign_or_gone_is_left_alone_and_told(client: Client, memory: Memory, key: str) -> None:
    entry, theirs = fact(memory, "knowledge", "a"), KnowledgeFactory(text="theirs")
    shared = fact(memory, "assistant-knowledge", "shared")
    other = {"stranger": str(theirs.pk), "assistant": str(shared.pk)}.get(key, key)
    ids = [str(entry.pk), other]
    assert client.post(url(memory, "knowledge-merge"), {"id": ids, "text": "c"}).status_code == 404
    assert client.get(url(memory, "knowledge-merge"), {"id": ids}).status_code == 404
    assert client.post(url(memory, "knowledge-bulk"), {"id": other, "deed": "archive"}).status_code == 404
    assert statuses(entry, theirs, shared) == ["active"] * 3
    html = client.post(url(memory, "knowledge-bulk"), {"id": ids, "deed": "archive"}, follow=True).text
    assert "Archived 1 fact." in html
    assert "1 ticked fact is not here any more." in html
    assert statuses(entry, theirs, shared) == ["archived", "active", "active"]


@pytest.mark.parametrize("kind", ["knowledge", "assistant-knowledge"])
def test_facts_are_merged_on_a_page_of_their_own(client: Client, memory: Memory, kind: str) -> None:
    entries = [fact(memory, kind, text) for text in ("Has a cat.", "Has a black cat.")]
    for entry in entries:
        entry.sources.add(PageFactory(memory=memory))
    ids = [entry.pk for entry in entries]
    to_page = client.post(f"{url(memory, f'{kind}-bulk')}?q=cat", {"id": ids, "deed": "merge"})
    assert to_page["Location"] == f"{url(memory, f'{kind}-merge')}?q=cat&id={ids[0]}&id={ids[1]}"
    html = client.get(to_page["Location"]).text
    assert ">\nHas a black cat.</textarea>" in html
    assert html.count("/pages/") == 2
    assert f'href="{url(memory, kind)}?q=cat"' in html
    answer = client.post(url(memory, f"{kind}-merge"), {"id": ids, "text": "Has a black cat, Tom."})
    assert answer["Location"] == f"{url(memory, kind)}#{kind}-{ids[0]}"
    html = client.get(url(memory, kind)).text
    assert "2 facts are one now: “Has a black cat, Tom.”." in html
    assert "Superseded" in html
    assert statuses(*entries) == ["active", "superseded"]


@pytest.mark.parametrize("text", ["", "x" * 1001, "third"])
def test_a_merge_with_bad_words_is_refused_and_keeps_them(client: Client, memory: Memory, text: str) -> None:
    entries = [fact(memory, "knowledge", each) for each in ("a", "b", "Third.")]
    ids = [entry.pk for entry in entries[:2]]
    answer = client.post(url(memory, "knowledge-merge"), {"id": ids, "text": text})
    assert (answer.status_code, text in answer.text) == (422, True)
    assert statuses(*entries) == ["active"] * 3


def test_one_fact_or_a_replaced_one_is_not_merged(client: Client, memory: Memory) -> None:
    one, old = fact(memory, "knowledge", "a"), fact(memory, "knowledge", "b", status=KnowledgeStatus.SUPERSEDED)
    for ids, said in (([one.pk], "Tick at least two facts"), ([one.pk, old.pk], "Bring it back first")):
        for answer in (
            client.get(url(memory, "knowledge-merge"), {"id": ids}, follow=True),
            client.post(url(memory, "knowledge-merge"), {"id": ids, "text": "c"}, follow=True),
        ):
            assert said in answer.text
    assert statuses(one, old) == ["active", "superseded"]


def test_a_merge_without_the_embedding_model_changes_nothing(
    client: Client, memory: Memory, settings: Settings
) -> None:
    entries = [fact(memory, "knowledge", each) for each in ("a", "b")]
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "away", AWAY
    answer = client.post(url(memory, "knowledge-merge"), {"id": [e.pk for e in entries], "text": "Kept words."})
    assert (answer.status_code, "Kept words." in answer.text) == (503, True)
    assert statuses(*entries) == ["active", "active"]


@pytest.mark.parametrize("count", [2, 3])
def test_the_merge_page_asks_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    entries = [fact(memory, "knowledge", f"Likes {n} teas.") for n in range(count)]
    for entry in entries:
        entry.sources.add(PageFactory(memory=memory))
    with django_assert_num_queries(10):
        client.get(url(memory, "knowledge-merge"), {"id": [entry.pk for entry in entries]})


def test_a_fact_replaces_another_and_is_undone(client: Client, memory: Memory) -> None:
    new, old = fact(memory, "knowledge", "Lives in Lund."), fact(memory, "knowledge", "Lives in Oslo.")
    far = fact(memory, "knowledge", "Collects stamps.")
    page = url(memory, "knowledge-replace", new.pk)
    html = client.get(page).text
    assert f'name="old" value="{old.pk}"' in html
    assert f'name="old" value="{new.pk}"' not in html
    assert f'name="old" value="{far.pk}"' in client.get(page, {"q": "stamps"}).text
    assert "Nothing fits" in client.get(page, {"q": "\x00zzqx\x00"}).text
    answer = client.post(page, {"old": old.pk}, follow=True)
    assert "“Lives in Lund.” replaces “Lives in Oslo.”" in answer.text
    assert statuses(new, old) == ["active", "superseded"]
    listed = client.get(url(memory, "knowledge"), {"status": "superseded"}).text
    assert "Bring back" in listed
    answer = client.post(url(memory, "knowledge-reinstate", old.pk), headers=HTMX)
    assert "“Lives in Oslo.” holds again." in answer.text
    assert statuses(new, old) == ["active", "active"]


@pytest.mark.parametrize("key", ["", "x", "9" * 40, "stranger"])
def test_what_is_not_there_is_not_replaced(client: Client, memory: Memory, key: str) -> None:
    new, theirs = fact(memory, "knowledge", "a"), KnowledgeFactory()
    old = str(theirs.pk) if key == "stranger" else key
    assert client.post(url(memory, "knowledge-replace", new.pk), {"old": old}).status_code == 404
    assert statuses(theirs) == ["active"]


def test_a_replacing_that_is_too_late_says_so(client: Client, memory: Memory) -> None:
    new, old = fact(memory, "knowledge", "a"), fact(memory, "knowledge", "b", status=KnowledgeStatus.SUPERSEDED)
    answer = client.post(url(memory, "knowledge-replace", new.pk), {"old": old.pk})
    assert (answer.status_code, "nothing was changed" in answer.text) == (409, True)
    answer = client.post(url(memory, "knowledge-replace", new.pk), {"old": new.pk})
    assert (answer.status_code, "cannot replace itself" in answer.text) == (422, True)


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_of_what_to_replace_asks_the_database_equally_often(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    new = fact(memory, "knowledge", "Likes tea a lot.")
    for number in range(count):
        fact(memory, "knowledge", f"Likes tea number {number}.")
    with django_assert_num_queries(13):
        html = client.get(url(memory, "knowledge-replace", new.pk)).text
    assert html.count('name="old"') == count


def test_a_proposal_is_approved_or_declined_by_a_curator(client: Client, memory: Memory) -> None:
    one, two = (fact(memory, "assistant-knowledge", text, status=KnowledgeStatus.PROPOSED) for text in ("a", "b"))
    curator = MemoryFactory(assistant=memory.assistant, role=Role.CURATOR)
    client.force_login(curator.user)
    html = client.get(url(memory, "assistant-knowledge"), {"status": "proposed"}).text
    assert html.count("Approve<span") == 2
    answer = client.post(url(memory, "assistant-knowledge-approve", one.pk), headers=HTMX)
    assert "Approved “a”." in answer.text
    client.post(url(memory, "assistant-knowledge-decline", two.pk))
    assert statuses(one, two) == ["active", "disabled"]
    assert list(MemoryEvent.objects.order_by("pk").values_list("kind", "user")) == [
        (EventKind.APPROVED, curator.user.pk),
        (EventKind.DECLINED, curator.user.pk),
    ]


def test_a_member_decides_on_nothing(client: Client, memory: Memory) -> None:
    proposal = fact(memory, "assistant-knowledge", "a", status=KnowledgeStatus.PROPOSED)
    member = MemoryFactory(assistant=memory.assistant, role=Role.MEMBER)
    client.force_login(member.user)
    for deed in ("approve", "decline"):
        # They do not see it: so it is not there.
        assert client.post(url(memory, f"assistant-knowledge-{deed}", proposal.pk)).status_code == 404
    assert statuses(proposal) == ["proposed"]
