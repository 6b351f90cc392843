"""The dashboard in Indonesian: whole, without a word of English."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from memory.enums import Actor, EventKind, KnowledgeStatus, Source, Subject
from memory.exceptions import ModelTimedOut
from memory.models import Assistant, Knowledge, Memory, MemoryEvent, Page, Segment
from memory.views.activity import actor, sentence
from tests.english import ENGLISH, english_of
from tests.memory.factories import (
    EPOCH,
    AssistantFactory,
    AssistantKnowledgeFactory,
    DialogueChainFactory,
    KnowledgeFactory,
    MemoryEventFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory(client: Client) -> Memory:
    """A full memory of an Indonesian: nothing of it is in English."""
    assistant: Assistant = AssistantFactory(name="Budi", slug="budi")
    memory: Memory = MemoryFactory(assistant=assistant, user=UserFactory(username="sari"))
    chain = DialogueChainFactory(memory=memory, summary="Mereka berbicara soal kopi.")
    segment = SegmentFactory(memory=memory, title="Kopi", summary="Soal kopi.", keywords=["kopi"], visits=2, length=1)
    SegmentFactory(memory=memory, title="", summary="", keywords=[], archived_at=EPOCH)
    said = [
        PageFactory(segment=segment, chain=chain, query="Saya suka kopi.", response="Enak!", source=Source.IMPORT),
        PageFactory(memory=memory, query="Halo", response="Halo juga"),
        PageFactory(memory=memory, query="Apa kabar?", response="Baik"),
    ]
    profile = ProfileFactory(memory=memory, name="kota", value="Bandung")
    trait = TraitFactory(memory=memory, reason="Suka mencoba makanan baru.", locked=True)
    newest = KnowledgeFactory(memory=memory, text="Tinggal di Bandung.", times_confirmed=3)
    KnowledgeFactory(
        memory=memory, text="Tinggal di Bogor.", status=KnowledgeStatus.SUPERSEDED, superseded_by=newest, valid_to=EPOCH
    )
    shared = AssistantKnowledgeFactory(assistant=assistant, text="Menyarankan teh.")
    for row in (profile, newest, shared):
        row.sources.set(said)
    trait.evidence.set(said)
    MemoryEventFactory(memory=memory, kind=EventKind.LEARNT, target_type="knowledge", after={"text": "Suka teh."})
    client.force_login(memory.user)
    client.cookies["memoryos_language"] = "id"
    return memory


def addresses(memory: Memory) -> list[str]:
    """Return every page of the dashboard."""

    def url(name: str, *args: object) -> str:
        return reverse(f"memory:{name}", args=[memory.assistant.slug, *args])

    lists = ("overview", "short-term", "segments", "profile", "profile-add", "traits", "knowledge")
    facts = Knowledge.objects.filter(subject=Subject.USER)
    shared = Knowledge.objects.get(subject=Subject.ASSISTANT)
    rows = [
        ("profile", memory.profile.get().pk),
        ("traits", memory.traits.get().pk),
        ("assistant-knowledge", shared.pk),
    ]
    rows += [("knowledge", fact.pk) for fact in facts]
    segments = [segment.pk for segment in Segment.objects.all()]
    pages = [page.pk for page in Page.objects.all()]
    return [
        *(url(name) for name in (*lists, "assistant-knowledge", "forget-everything", "pages-forget")),
        *(url("knowledge") + f"?status={status}" for status in KnowledgeStatus),
        url("segments") + "?show=archived",
        url("pages-forget") + f"?id={pages[0]}&id={pages[1]}",
        *(url(name, pk) for name in ("segment", "segment-forget") for pk in segments),
        *(url(name, pk) for name in ("page", "page-forget") for pk in pages),
        *(url(f"{kind}-{act}", pk) for kind, pk in rows for act in ("row", "edit", "delete", "forget")),
        url("page", 10**9),
        "/settings/",
        "/nowhere/",
    ]


def test_every_page_of_the_dashboard_is_in_indonesian(client: Client, memory: Memory) -> None:
    left = {address: found for address in addresses(memory) if (found := english_of(client.get(address).text))}
    assert left == {}


def test_an_empty_dashboard_is_in_indonesian(client: Client) -> None:
    memory = MemoryFactory(assistant=AssistantFactory(name="Budi"), user=UserFactory(username="sari"))
    client.force_login(memory.user)
    client.cookies["memoryos_language"] = "id"
    lists = ("overview", "short-term", "segments", "profile", "traits", "knowledge", "assistant-knowledge")
    places = [reverse(f"memory:{name}", args=[memory.assistant.slug]) for name in lists]
    assert {place: found for place in places if (found := english_of(client.get(place).text))} == {}


def test_answers_to_what_a_person_does_are_in_indonesian(client: Client, memory: Memory) -> None:
    def post(deed: str, *args: object, **fields: str) -> list[str]:
        address = reverse(f"memory:{deed}", args=[memory.assistant.slug, *args])
        return english_of(client.post(address, fields, follow=True).text)

    segment = memory.segments.active().get()
    fact = Knowledge.objects.get(text="Tinggal di Bandung.")
    assert post("profile-add", name="kota", value="Medan") == []
    assert post("profile-add", name="hobi", value="") == []
    assert post("profile-add", name="hobi", value="catur") == []
    assert post("segment-archive", segment.pk) == []
    assert post("segment-restore", segment.pk) == []
    assert post("knowledge-edit", fact.pk, text="") == []
    assert post("knowledge-edit", fact.pk, text="Tinggal di Medan.") == []
    assert post("knowledge-edit", fact.pk, text="Tinggal di Solo.", version="old") == []
    assert post("knowledge-delete", fact.pk) == []
    assert post("job-retry", 10**9) == []
    assert post("forget-everything", name="siapa") == []
    assert post("traits-edit", memory.traits.get().pk, level="low", reason="Begitu.") == []


@pytest.mark.parametrize("target", ["segment", "profile", "trait", "knowledge", "memory", "page"])
@pytest.mark.parametrize("known", [True, False])
def test_the_log_reads_in_indonesian(target: str, known: bool) -> None:
    after = {
        "segment": {"title": "Kopi", "pages": [1, 2]},
        "profile": {"name": "kota", "value": "Bandung"},
        "trait": {"dimension": "openness", "level": "high"},
        "knowledge": {"text": "Suka teh."},
        "memory": {"pages": 2, "segments": 1, "facts": 1, "task": "memory.promote", "reason": str(ModelTimedOut())},
        "page": {"source": "import"},
    }[target]
    # Model names are not translated: what the log has on a memory or a page is said in sentences of their own.
    kinds = {"memory": (EventKind.FORGOTTEN, EventKind.FAILED), "page": (EventKind.RECORDED,)}.get(target, EventKind)
    with translation.override("id"):
        for kind in kinds:
            for by in (Actor.PERSON, Actor.JOB):
                event = MemoryEvent(kind=kind, target_type=target, actor=by, after=after if known else None)
                assert ENGLISH.search(f"{sentence(event)} {actor(event, 0)}") is None, sentence(event)


def test_a_reason_of_the_log_is_translated_where_it_is_a_sentence_of_ours() -> None:
    for reason, shown in ((str(ModelTimedOut()), "Model bahasa terlalu lama menjawab."), ("Odd.", "Odd."), ("", "")):
        after = {"task": "memory.promote", "reason": reason}
        with translation.override("id"):
            said = sentence(MemoryEvent(kind=EventKind.FAILED, target_type="memory", after=after))
        assert said == f"Mempelajari sebuah segmen gagal: {shown}"


def test_dates_and_numbers_are_written_as_in_the_language(client: Client, memory: Memory) -> None:
    page = memory.pages.mid_term().get()
    address = reverse("memory:page", args=[memory.assistant.slug, page.pk])
    assert "1 Jan 2026, 09.01 UTC" in client.get(address).text
    segment = reverse("memory:segment", args=[memory.assistant.slug, page.segment_id])
    assert re.search(r"Panas 3,\d", client.get(segment).text)
    client.cookies["memoryos_language"] = "en"
    assert "1 Jan 2026, 09:01 UTC" in client.get(address).text
    assert re.search(r"Heat 3\.\d", client.get(segment).text)
