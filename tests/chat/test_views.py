from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from chat.enums import Status
from chat.learning import note_wish
from chat.models import Conversation, MemoryUpdate
from memory.models import Memory
from tests.chat.factories import SAID_AT, AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.memory.factories import KnowledgeFactory, MemoryFactory, UserFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(person: User) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(person)
    return client


def talk(memory: Memory, count: int = 1) -> Conversation:
    """Return a conversation of `count` questions and answers."""
    conversation = ConversationFactory(memory=memory)
    for _ in range(count):
        AnswerFactory(parent=QuestionFactory(conversation=conversation))
    return conversation


def test_a_newcomer_lands_in_a_new_conversation_with_a_default_assistant() -> None:
    client = Client()
    client.force_login(UserFactory())
    page = client.get("/")
    assert page.status_code == 200
    assert 'aria-label="Send"' in page.text
    assert Memory.objects.count() == 1
    assert not Conversation.objects.exists()


def test_home_opens_the_newest_conversation(client: Client, memory: Memory) -> None:
    talk(memory)
    newest = talk(memory)
    assert client.get("/").headers["Location"] == f"/c/{newest.pk}/"


def test_pages_are_for_people_signed_in(memory: Memory) -> None:
    conversation = talk(memory)
    for address in addresses(conversation):
        page = Client().get(address)
        assert (page.status_code, page.headers["Location"].split("?")[0]) == (302, reverse("account_login"))
        assert Client().post(address).status_code in {302, 405}


def addresses(conversation: Conversation) -> list[str]:
    return [
        "/",
        "/new/",
        "/conversations/",
        *(reverse(f"chat:{name}", args=[conversation.pk]) for name in ("conversation", "rename", "delete", "forget")),
    ]


def test_other_peoples_conversations_are_not_found(client: Client, memory: Memory) -> None:
    theirs = talk(MemoryFactory(assistant=memory.assistant))
    for name in ("conversation", "rename", "delete", "forget"):
        address = reverse(f"chat:{name}", args=[theirs.pk])
        assert client.get(address).status_code == 404
        if name != "conversation":
            assert client.post(address, {"title": "Mine"}).status_code == 404
    assert client.get(reverse("chat:conversation", args=[uuid4()])).status_code == 404
    theirs.refresh_from_db()
    assert theirs.title != "Mine"
    assert theirs.title not in client.get("/conversations/").text


def test_pages_are_never_stored_by_the_browser(client: Client, memory: Memory) -> None:
    conversation = talk(memory)
    for address in addresses(conversation):
        assert client.get(address).headers["Cache-Control"] == "no-store"


def test_a_conversation_can_be_read_without_javascript(client: Client, memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory)
    question = QuestionFactory(conversation=conversation, content="<b>Hi</b> & bye")
    AnswerFactory(parent=question, content="**Bold** <script>alert(1)</script>")
    text = client.get(conversation.get_absolute_url()).text
    assert "&lt;b&gt;Hi&lt;/b&gt; &amp; bye" in text
    assert "<strong>Bold</strong> &lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert f'data-last-id="{question.pk + 1}"' in text


def test_a_page_says_which_messages_it_has_by_the_ids_their_senders_gave(client: Client, memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory, client_id="c-7")
    AnswerFactory(parent=question)
    text = client.get(question.conversation.get_absolute_url()).text
    assert f'data-message-id="{question.pk}" data-client-id="c-7"' in text
    assert text.count("data-client-id") == 1
    assert f'data-person="{memory.user_id}"' in text


def test_a_running_answer_says_how_much_of_it_the_page_has_in_code_points(client: Client, memory: Memory) -> None:
    answer = running_answer(parent__conversation__memory=memory, content="Hi 😀")
    text = client.get(answer.conversation.get_absolute_url()).text
    assert f'data-message-id="{answer.pk}" data-offset="4"' in text
    assert ">Hi 😀</div>" in text


@pytest.mark.parametrize(
    ("status", "content", "words"),
    [
        (Status.FAILED, "", "The key was refused."),
        (Status.INTERRUPTED, "Half", "What had been written is kept."),
        (Status.INTERRUPTED, "", "interrupted before it began"),
        (Status.STOPPED, "Half", "This answer was stopped."),
        (Status.STOPPED, "", "This answer was stopped before it began."),
    ],
)
def test_the_page_says_how_an_answer_ended(
    client: Client, memory: Memory, status: Status, content: str, words: str
) -> None:
    error = "The key was refused." if status == Status.FAILED else ""
    answer = AnswerFactory(parent__conversation__memory=memory, status=status, content=content, error=error)
    text = client.get(answer.conversation.get_absolute_url()).text
    assert words in text
    assert ("act-on-newest" in text and ">Retry<" in text) == (status != Status.STOPPED)
    assert (">Continue<" in text) == bool(content)


def test_a_long_conversation_is_read_page_by_page(client: Client, memory: Memory) -> None:
    conversation = talk(memory, 40)
    oldest = list(conversation.messages.order_by("pk"))[:20]
    text = client.get(conversation.get_absolute_url()).text
    assert oldest[-1].content not in text
    assert f'href="?before={oldest[-1].pk + 1}"' in text
    earlier = client.get(f"{conversation.get_absolute_url()}?before={oldest[-1].pk + 1}").text
    assert all(message.content in earlier for message in oldest)
    assert 'id="composer"' not in earlier
    assert client.get(f"{conversation.get_absolute_url()}?before=x").status_code == 200


def test_an_earlier_page_shows_no_later_notes_and_every_page_knows_the_newest(client: Client, memory: Memory) -> None:
    conversation = talk(memory, 40)
    note_wish(conversation, KnowledgeFactory(memory=memory, text="Likes tea."), SAID_AT + timedelta(days=1))
    newest = MemoryUpdate.objects.get().pk
    end = client.get(conversation.get_absolute_url()).text
    first = client.get(f"{conversation.get_absolute_url()}?before={conversation.messages.order_by('pk')[20].pk}").text
    assert ("Likes tea." in end, "Likes tea." in first) == (True, False)
    assert f'data-update-id="{newest}"' in end
    assert f'data-update-id="{newest}"' in first


def test_the_banner_shows_while_no_model_is_connected(client: Client, settings: Settings) -> None:
    assert "No language model connected" in client.get("/new/").text
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    assert "No language model connected" not in client.get("/new/").text


def test_two_new_pages_reserve_two_conversations_and_no_row(client: Client) -> None:
    first, second = (client.get("/new/").context["socket_path"] for _ in range(2))
    assert first != second
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_a_conversation_takes_the_same_queries_however_long(
    client: Client, memory: Memory, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        conversation = talk(memory, count)
    client.get(conversation.get_absolute_url())  # which makes its assistant the current one
    # session, person, conversation, keep open, tree, messages, what they recalled, notes, model, budgets, assistants;
    # pinned, list, archived
    with django_assert_num_queries(14):
        client.get(conversation.get_absolute_url())


def test_the_list_marks_the_open_conversation(client: Client, memory: Memory) -> None:
    conversation = talk(memory)
    text = client.get("/conversations/", {"current": str(conversation.pk)}, headers=HTMX).text
    assert text.count('aria-current="page"') == 1


def test_rename_works_with_and_without_htmx(client: Client, memory: Memory) -> None:
    conversation = talk(memory)
    address = reverse("chat:rename", args=[conversation.pk])
    assert "<html" in client.get(address).text
    assert "<html" not in client.get(address, headers=HTMX).text
    answer = client.post(address, {"title": " Plans\nfor  May "})
    assert answer.headers["Location"] == conversation.get_absolute_url()
    conversation.refresh_from_db()
    assert conversation.title == "Plans for May"
    answer = client.post(address, {"title": "June"}, headers=HTMX)
    assert (answer.headers["HX-Reswap"], answer.headers["HX-Trigger"]) == ("none", '{"conversations-changed": {}}')


@pytest.mark.parametrize("title", ["", "   ", "\u202e", "x" * 61])
def test_rename_refuses_titles_that_will_not_do(client: Client, memory: Memory, title: str) -> None:
    conversation = talk(memory)
    answer = client.post(reverse("chat:rename", args=[conversation.pk]), {"title": title}, headers=HTMX)
    assert answer.status_code == 422
    assert 'class="errors"' in answer.text
    old = conversation.title
    conversation.refresh_from_db()
    assert conversation.title == old


def test_changes_need_a_csrf_token(person: User, memory: Memory) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    conversation = talk(memory)
    for name in ("rename", "delete", "forget"):
        assert client.post(reverse(f"chat:{name}", args=[conversation.pk]), {"title": "X"}).status_code == 403
    assert Conversation.objects.filter(title=conversation.title).exists()


@pytest.mark.parametrize("name", ["home", "new", "conversations"])
def test_reading_pages_take_no_posts(client: Client, name: str) -> None:
    assert client.post(reverse(f"chat:{name}")).status_code == 405


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_titles_are_text_everywhere(client: Client, memory: Memory, title: str) -> None:
    conversation = ConversationFactory(memory=memory, title=title)
    for address in addresses(conversation)[1:]:
        text = client.get(address).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
