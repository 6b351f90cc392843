import pytest
from django.test import Client
from django.utils import timezone

from chat.enums import Status
from chat.models import Conversation
from memory.enums import Role
from memory.models import Memory
from tests.chat.factories import AnswerFactory, ConversationFactory
from tests.memory.factories import MemoryFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(memory: Memory) -> Client:
    client = Client()
    client.force_login(memory.user)
    return client


@pytest.fixture
def other(memory: Memory) -> Memory:
    """The person's memory at a second assistant."""
    return MemoryFactory(user=memory.user)


def assistant_of(client: Client, address: str = "/new/") -> str:
    return str(client.get(address).context["assistant"].slug)


def test_a_choice_is_remembered(client: Client, memory: Memory, other: Memory) -> None:
    conversation = ConversationFactory(memory=other)
    ConversationFactory(memory=memory)
    assert assistant_of(client) == memory.assistant.slug
    chosen = client.get("/", {"assistant": other.assistant.slug})
    assert chosen.headers["Location"] == conversation.get_absolute_url()
    assert assistant_of(client) == assistant_of(client, "/conversations/") == other.assistant.slug
    assert client.get("/").headers["Location"] == conversation.get_absolute_url()


def test_a_conversation_makes_its_assistant_the_current_one(client: Client, memory: Memory, other: Memory) -> None:
    client.get(ConversationFactory(memory=other).get_absolute_url())
    assert assistant_of(client) == other.assistant.slug
    client.get(ConversationFactory(memory=memory).get_absolute_url())
    assert assistant_of(client) == memory.assistant.slug


def test_fragments_of_an_open_page_choose_nothing(client: Client, memory: Memory, other: Memory) -> None:
    ConversationFactory(memory=other, title="With the other one")
    query = {"assistant": other.assistant.slug}
    for address in ("/conversations/", "/search/"):
        assert "With the other one" in client.get(address, query, headers=HTMX).text
    assert assistant_of(client) == memory.assistant.slug


@pytest.mark.parametrize("slug", ["", "unknown", "\0", "x" * 500])
def test_an_unknown_choice_is_not_found(client: Client, slug: str) -> None:
    for address in ("/", "/new/", "/conversations/"):
        assert client.get(address, {"assistant": slug}).status_code == 404


def test_a_strangers_assistant_cannot_be_chosen(client: Client, memory: Memory) -> None:
    stranger = MemoryFactory(role=Role.OWNER)
    left_by_somebody_else = MemoryFactory(assistant=stranger.assistant)
    left_by_somebody_else.assistant.memberships.filter(user=left_by_somebody_else.user).delete()
    for address in ("/", "/new/", "/conversations/"):
        assert client.get(address, {"assistant": stranger.assistant.slug}).status_code == 404


@pytest.mark.parametrize("address", ["/", "/new/"])
def test_who_asks_for_an_archived_assistant_is_led_to_what_can_be_read(
    client: Client, other: Memory, address: str
) -> None:
    ConversationFactory(memory=other, title="Said before")
    other.assistant.archived_at = timezone.now()
    other.assistant.save()
    query = {"assistant": other.assistant.slug}
    page = client.get(address, query, follow=True)
    assert page.redirect_chain == [(f"/conversations/?assistant={other.assistant.slug}", 302)]
    assert f"“{other.assistant.name}” is archived." in page.text
    assert "Said before" in page.text
    assert client.get(address, query, headers=HTMX).status_code == 404
    assert assistant_of(client) != other.assistant.slug


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("address", ["/", "/new/", "/conversations/"])
def test_who_asks_for_an_assistant_they_have_left_is_led_to_what_it_remembers(
    client: Client, other: Memory, address: str, archived: bool
) -> None:
    other.assistant.archived_at = timezone.now() if archived else None
    other.assistant.save()
    other.assistant.memberships.all().delete()
    query = {"assistant": other.assistant.slug}
    page = client.get(address, query, follow=True)
    assert page.redirect_chain == [("/assistants/", 302)]
    assert f"You are no longer a member of {other.assistant.name}." in page.text
    assert client.get(address, query, headers=HTMX).status_code == 404
    Memory.objects.filter(pk=other.pk).delete()
    assert client.get(address, query).status_code == 404


def test_what_is_remembered_and_no_longer_allowed_is_let_go(client: Client, memory: Memory, other: Memory) -> None:
    for change in ("archive", "leave"):
        assert assistant_of(client, f"/new/?assistant={other.assistant.slug}") == other.assistant.slug
        if change == "archive":
            other.assistant.archived_at = timezone.now()
            other.assistant.save()
        else:
            other.assistant.memberships.all().delete()
        assert assistant_of(client) == memory.assistant.slug
        other.assistant.archived_at = None
        other.assistant.save()


def test_conversations_with_an_archived_assistant_can_be_read(client: Client, memory: Memory, other: Memory) -> None:
    conversation: Conversation = ConversationFactory(memory=other)
    other.assistant.archived_at = timezone.now()
    other.assistant.save()
    page = client.get(conversation.get_absolute_url())
    assert "This assistant is archived" in page.text
    assert "data-new-conversation" not in page.text
    assert assistant_of(client) == memory.assistant.slug
    listed = client.get("/conversations/", {"assistant": other.assistant.slug})
    assert listed.context["assistant"] == other.assistant
    assert "data-new-conversation" not in listed.text
    assert "data-new-conversation" in client.get("/conversations/").text


def test_a_conversation_with_an_archived_assistant_offers_only_to_read(client: Client, memory: Memory) -> None:
    answer = AnswerFactory(parent__conversation__memory=memory, status=Status.STOPPED)
    other = AnswerFactory(parent=answer.parent, status=Status.FAILED, error="Out of order.")
    address = answer.conversation.get_absolute_url()
    offers = ('<form class="composer"', "data-act=", "Continue</button>", "Retry</button>")
    text = client.get(address).text
    assert all(offer in text for offer in offers)
    memory.assistant.archived_at = timezone.now()
    memory.assistant.save()
    text = client.get(address).text
    assert [offer for offer in offers if offer in text] == []
    assert "nothing more can be said" in text
    assert f'href="?at={answer.pk}"' in text
    seen = client.get(address, {"at": answer.pk}).text
    assert answer.content in seen
    assert f'href="?at={other.pk}"' in seen
    assert "Go on from here" not in seen
    assert client.get(f"{address}export/").status_code == 200


def test_the_switcher_offers_ones_assistants_and_the_way_to_their_settings(client: Client, memory: Memory) -> None:
    alone = client.get("/new/").text
    assert f'href="/?assistant={memory.assistant.slug}"' not in alone
    for address in (f"/assistants/{memory.assistant.slug}/", "/assistants/"):
        assert f'href="{address}"' in alone
    other = MemoryFactory(user=memory.user, assistant__name="<b>Iris</b>")
    MemoryFactory(assistant__name="Somebody else's")
    text = client.get("/new/").text
    assert f'href="/?assistant={other.assistant.slug}"' in text
    assert "&lt;b&gt;Iris&lt;/b&gt;" in text
    assert "Somebody else" not in text
