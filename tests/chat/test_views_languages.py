"""The chat in Indonesian: whole, without a word of English."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from chat.branches import read_tree
from chat.entries import entries_of, render_entry
from chat.enums import MessageRole, Mode, Status, TitleSource
from chat.exceptions import ChatError, MalformedFrame, UnknownFrame
from chat.exporting import Wording, markdown_of
from chat.learning import render_update, updates_of
from chat.listing import PAGE_SIZE
from chat.models import Conversation, LearntItem, MemoryUpdate, Message, RecalledItem
from memory.enums import Tier
from memory.models import Knowledge, Memory
from tests.chat.factories import (
    AnswerFactory,
    ConversationFactory,
    QuestionFactory,
    running_answer,
    temporary_conversation,
)
from tests.english import ENGLISH, english_of
from tests.memory.factories import (
    AssistantFactory,
    AssistantKnowledgeFactory,
    KnowledgeFactory,
    MembershipFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
RICH = """Tentu.

- [x] kopi
- [ ] teh

| nama | isi |
| --- | --- |
| kopi | biji |

```
kopi()
```

![cangkir](https://example.org/cangkir.png)
"""


@pytest.fixture
def memory() -> Memory:
    """A memory of an Indonesian with two assistants; nothing of it is in English."""
    memory: Memory = MemoryFactory(
        assistant=AssistantFactory(name="Budi", slug="budi"), user=UserFactory(username="sari")
    )
    MembershipFactory(user=memory.user, assistant=AssistantFactory(name="Wati", slug="wati"))
    return memory


@pytest.fixture
def client(person: User) -> Client:
    """Their browser."""
    client = Client()
    client.force_login(person)
    client.cookies["memoryos_language"] = "id"
    return client


@pytest.fixture
def conversation(memory: Memory) -> Conversation:
    """A conversation with an answer of every kind, with versions, and with notes of what memory learnt."""
    conversation: Conversation = ConversationFactory(memory=memory, title="Kopi")
    ends = [
        (status, content) for status in (Status.STOPPED, Status.INTERRUPTED, Status.FAILED) for content in (RICH, "")
    ]
    for status, content in [(Status.COMPLETE, RICH), *ends]:
        question = QuestionFactory(conversation=conversation, content="Kopi apa yang enak?")
        AnswerFactory(parent=question, content="Kopi Gayo.")
        error = "Model bahasa terlalu lama menjawab." if status == Status.FAILED else ""
        AnswerFactory(parent=question, content=content, status=status, error=error)
    learn_from(conversation.messages.get(content=RICH, status=Status.COMPLETE))
    return conversation


def learn_from(answer: Message) -> None:
    """Let an answer be given something of every tier, and let memory have learnt of every kind from it."""
    memory = answer.conversation.memory
    segment = SegmentFactory(memory=memory, title="", archived_at=timezone.now())
    page = PageFactory(memory=memory, query="Kopi apa?" * 30, response="Gayo.")
    moved = PageFactory(segment=segment, query="Teh apa?", response="Melati.")
    rows = {
        Tier.SHORT_TERM: page,
        Tier.MID_TERM: moved,
        Tier.PROFILE: ProfileFactory(memory=memory, name="kota", value="Bandung"),
        Tier.TRAIT: TraitFactory(memory=memory, reason="Suka mencoba makanan baru."),
        Tier.USER_KNOWLEDGE: KnowledgeFactory(memory=memory, text="Suka kopi.", pinned=True),
        Tier.ASSISTANT_KNOWLEDGE: AssistantKnowledgeFactory(assistant=memory.assistant, text="Menyarankan teh."),
    }
    answer.page, answer.prompt_tokens = page, {"instructions": 90, "memory": 210, "history": 60, "question": 40}
    answer.save()
    update = MemoryUpdate.objects.create(conversation=answer.conversation, created_at=timezone.now())
    for tier, row in rows.items():
        if tier not in (Tier.SHORT_TERM, Tier.MID_TERM):
            getattr(row, "evidence" if tier is Tier.TRAIT else "sources").add(page)
            LearntItem.objects.create(update=update, tier=tier, object_id=row.pk)
    LearntItem.objects.create(update=update, tier=Tier.MID_TERM, object_id=segment.pk)
    parts = {"dense": 1.5, "lexical": 0.5, "chain": 0.2, "segment": 0.2, "date": 0.1}
    given = [(tier, row.pk, True) for tier, row in rows.items()] + [(Tier.TRAIT, 10**9, True)]
    for rank, (tier, pk, in_prompt) in enumerate([*given, (Tier.MID_TERM, moved.pk, False)], start=1):
        signals = {} if tier is Tier.PROFILE else parts
        item: dict[str, Any] = {"score": 2.5, "signals": signals, "tokens": 9, "in_prompt": in_prompt}
        RecalledItem.objects.create(message=answer, rank=rank, tier=tier, object_id=pk, **item)


def english_at(client: Client, addresses: list[str]) -> dict[str, list[str]]:
    """Return what is left of English on each page, and in each fragment of it; every page has to be there."""
    left = {}
    for address in addresses:
        for headers in ({}, HTMX):
            answer = client.get(address, headers=headers)
            assert answer.status_code == 200, address
            if found := english_of(answer.text):
                left[address] = found
    return left


def of_one(conversation: Conversation) -> list[str]:
    names = ["conversation", "rename", "delete", "forget"]
    if conversation.mode != Mode.TEMPORARY:
        names.append("export")
    return [reverse(f"chat:{name}", args=[conversation.pk]) for name in names]


def test_a_conversation_with_an_archived_assistant_is_in_indonesian(client: Client, memory: Memory) -> None:
    memory.assistant.archived_at = timezone.now()
    memory.assistant.save()
    conversation = ConversationFactory(memory=memory, title="Kopi")
    AnswerFactory(parent=QuestionFactory(conversation=conversation, content="Halo"), content="Halo juga")
    assert english_at(client, of_one(conversation)) == {}


def test_the_list_and_what_is_around_it_are_in_indonesian(client: Client, memory: Memory) -> None:
    for days in (0, 1, 5, 20, *range(40, 40 + PAGE_SIZE)):
        at = timezone.now() - timedelta(days=days)
        # August is not spelt alike in both languages, nor is any month but April, September and November.
        ConversationFactory(memory=memory, title="Kopi", last_message_at=at, pinned_at=at if days == 20 else None)
    listing = reverse("chat:conversations")
    page = client.get(listing).text
    [further] = set(re.findall(r'href="([^"]*after=[^"]*)"', page))
    names = ("new", "conversations", "search", "shortcuts", "export_all", "delete_all")
    addresses = [*(reverse(f"chat:{name}") for name in names), listing + "?archived=1", further.replace("&amp;", "&")]
    assert english_at(client, addresses) == {}
    assert ">Hari ini<" in page
    assert ">Disematkan<" in page


@pytest.mark.parametrize("mode", Mode.values)
def test_new_conversations_are_in_indonesian(client: Client, mode: str) -> None:
    assert english_at(client, [f"/new/?mode={mode}"]) == {}


def test_conversations_are_in_indonesian(client: Client, conversation: Conversation) -> None:
    first = conversation.messages.order_by("pk").first()
    assert first is not None
    other = conversation.messages.answers().earliest("pk")
    address = conversation.get_absolute_url()
    pages = [*of_one(conversation), f"{address}?at={other.pk}", f"{address}?before={other.pk + 4}"]
    assert english_at(client, pages) == {}
    page = client.get(address).text
    for words in ("Jawaban terputus.", "Jawaban ini dihentikan.", "Memori diperbarui: 1 entri profil, 1 sifat"):
        assert words in page
    running_answer(parent__conversation=conversation, content="Sebentar")
    assert english_at(client, [address]) == {}


@pytest.mark.parametrize("mode", [Mode.READ_ONLY, Mode.TEMPORARY])
def test_conversations_of_other_modes_are_in_indonesian(client: Client, memory: Memory, mode: Mode) -> None:
    if mode == Mode.TEMPORARY:
        conversation = temporary_conversation(memory=memory, title="Rahasia")
    else:
        conversation = ConversationFactory(memory=memory, title="Kopi", mode=mode, archived_at=timezone.now())
    AnswerFactory(parent=QuestionFactory(conversation=conversation, content="Halo"), content="Halo juga")
    assert english_at(client, [*of_one(conversation), "/conversations/?archived=1"]) == {}


def test_memory_below_a_message_is_in_indonesian(client: Client, conversation: Conversation) -> None:
    answer = conversation.messages.exclude(page=None).get()
    names = ("message-memory", "remember", "forget-message")
    pages = [reverse(f"chat:{name}", args=[conversation.pk, answer.pk]) for name in names]
    given = answer.recalled.filter(tier=Tier.MID_TERM).first()
    assert given is not None
    pages.append(reverse("chat:forget-page", args=[conversation.pk, answer.pk, given.object_id]))
    blank = conversation.messages.answers().latest("pk")
    pages += [reverse(f"chat:{name}", args=[conversation.pk, blank.pk]) for name in names]
    assert english_at(client, pages) == {}
    assert "Diberikan apa pun pertanyaan Anda" in client.get(pages[0]).text


def test_searching_is_in_indonesian(client: Client, conversation: Conversation) -> None:
    for number in range(PAGE_SIZE + 1):
        ConversationFactory(memory=conversation.memory, title=f"Kopi {number}", archived_at=timezone.now())
    words = ("kopi", "durian", "k", "gayo", '"kopi gayo"')
    assert english_at(client, [f"/search/?q={word}" for word in words]) == {}
    assert "pesan lagi" in client.get("/search/?q=kopi").text + client.get("/search/?q=gayo").text


def test_answers_to_what_a_person_does_are_in_indonesian(client: Client, conversation: Conversation) -> None:
    def post(name: str, *args: object, **fields: str) -> str:
        address = reverse(f"chat:{name}", args=args)
        pages = [client.post(address, fields, headers=HTMX).text, client.post(address, fields, follow=True).text]
        assert [left for page in pages if (left := english_of(page))] == []
        return "".join(pages)

    own, answer = conversation.pk, conversation.messages.exclude(page=None).get()
    post("rename", own, title=" ")
    post("mode", own, mode="siapa")
    post("mode", own, mode="temporary")
    assert "ada di arsip" in post("archive", own, archived="1")
    assert "kembali ke daftar" in post("archive", own, archived="0")
    assert "hapus semua" in post("delete_all", word="semua")
    post("remember", own, answer.pk, text="")
    assert "Ini sudah diingat sebelumnya" in post("remember", own, answer.pk, text="Suka teh tubruk.")
    fact = Knowledge.objects.get(text="Suka teh tubruk.")
    assert "tidak ada lagi di memori" in post("unremember", own, answer.pk, fact=str(fact.pk))
    assert "Tidak ada yang dilupakan" in post("forget-message", own, answer.pk, fingerprint="x")
    assert "Tidak ada yang dihapus" in post("forget", own, fingerprint="x")
    assert "dihapus." in post("delete", own)
    assert "dikembalikan." in post("undelete", own)
    assert "percakapan dihapus" in post("delete_all", word="Hapus  semua")


def test_what_the_socket_brings_is_in_indonesian(conversation: Conversation) -> None:
    with translation.override("id"):
        messages = list(conversation.messages.order_by("pk"))
        articles = [render_entry(entry, conversation) for entry in entries_of(messages, read_tree(conversation.pk))]
        notes = [render_update(note) for note in updates_of(conversation)]
    assert (len(articles), len(notes)) == (len(messages), 1)
    assert [left for html in [*articles, *notes] if (left := english_of(html))] == []


def test_refusals_are_in_indonesian() -> None:
    # For the developers of clients: the product's own sends no such frames.
    internal = (MalformedFrame, UnknownFrame)
    kinds: list[type[ChatError]] = [ChatError, *(kind for kind in ChatError.__subclasses__() if kind not in internal)]
    with translation.override("id"):
        assert [str(kind()) for kind in kinds if ENGLISH.search(str(kind()))] == []
        labels = [str(label) for choices in (Mode, TitleSource, MessageRole, Status) for label in choices.labels]
    assert [label for label in labels if ENGLISH.search(label)] == []


def test_documents_have_headings_in_the_readers_language(conversation: Conversation) -> None:
    conversation.archived_at = timezone.now()
    with translation.override("id"):
        words = Wording.current(ZoneInfo("UTC"))
    document = b"".join(markdown_of(conversation, words, timezone.now())).decode()
    assert "- Dengan: Budi" in document
    assert "*Jawaban ini gagal. Model bahasa terlalu lama menjawab.*" in document
    assert ENGLISH.search(document) is None


def test_times_are_written_as_in_the_language(client: Client, conversation: Conversation) -> None:
    address = conversation.get_absolute_url()
    assert "1 Mar 2026, 09.00" in client.get(address).text
    client.cookies["memoryos_language"] = "en"
    assert "1 Mar 2026, 09:00" in client.get(address).text
