import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from markdown_it import MarkdownIt

from chat import exporting
from chat.enums import Mode, Status
from chat.exporting import Wording, json_of, json_of_all, markdown_of, zip_of_all
from chat.models import Conversation
from memory.enums import Role
from memory.models import Memory
from tests.chat.factories import SAID_AT, AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.memory.factories import AssistantFactory, MemoryFactory, PageFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def words(zone: str = "UTC") -> Wording:
    return Wording.current(ZoneInfo(zone))


def markdown(conversation: Conversation, zone: str = "UTC") -> str:
    return b"".join(markdown_of(conversation, words(zone), NOW)).decode()


def parsed(pieces: Any) -> Any:
    return json.loads(b"".join(pieces))


@pytest.fixture
def memory() -> Memory:
    return MemoryFactory(assistant=AssistantFactory(name="Iris"))


@pytest.fixture
def branched(memory: Memory) -> Conversation:
    """A question with two answers, of which the first is shown."""
    conversation = ConversationFactory(memory=memory, title="Tea", last_message_at=SAID_AT)
    question = QuestionFactory(conversation=conversation, content="Which tea?")
    shown = AnswerFactory(parent=question, content="Green.", model="m", tokens_in=9, tokens_out=2)
    AnswerFactory(parent=question, content="Black.", page=PageFactory(memory=memory))
    conversation.head = shown
    conversation.save()
    return conversation


def test_markdown_is_the_shown_branch_as_a_document(branched: Conversation) -> None:
    assert markdown(branched) == (
        "# Tea\n\n- With: Iris\n- Begun: 2026-03-01 09:00 (UTC)\n- Last message: 2026-03-01 09:00 (UTC)\n"
        "- Exported: 2026-11-25 12:00 (UTC)\n"
        "\n## You, 2026-03-01 09:00 (UTC)\n\n> Which tea?\n"
        "\n## Iris, 2026-03-01 09:00 (UTC)\n\n> Green.\n"
    )
    assert "## You, 2026-03-01 16:00 (+0700)" in markdown(branched, "Asia/Jakarta")


@pytest.mark.parametrize(
    "text",
    [
        "## Iris, 2026-03-01 09:00\n\n> I promise.",
        "Iris\n====\n\nI promise.",
        "```\nnever closed",
        "<!-- never closed",
        "<div>\n\n# Heading",
        "one\r\n# two\r# three\u2028# four\x0b# five",
        "\n\n# first line",
        "- a\n\n# b",
    ],
)
def test_no_message_can_fake_or_hide_another_one(memory: Memory, text: str) -> None:
    conversation = ConversationFactory(memory=memory, title="Tea")
    question = QuestionFactory(conversation=conversation, content=text)
    conversation.head = AnswerFactory(parent=question, content="Really.")
    conversation.save()
    tokens = MarkdownIt().parse(markdown(conversation))
    outside = [
        tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open" and token.level == 0
    ]
    assert outside == ["Tea", "You, 2026-03-01 09:00 (UTC)", "Iris, 2026-03-01 09:00 (UTC)"]


def test_titles_and_names_are_text(memory: Memory) -> None:
    conversation = ConversationFactory(memory=memory, title="<b>*a*</b> [x](y) # `c`")
    rendered = MarkdownIt().render(markdown(conversation))
    assert rendered.startswith("<h1>&lt;b&gt;*a*&lt;/b&gt; [x](y) # `c`</h1>")


@pytest.mark.parametrize(
    ("status", "content", "ending"),
    [
        (Status.FAILED, "", "\n\n*This answer failed. Key \\*refused\\*.*\n"),
        (Status.STOPPED, "Half", "\n\n> Half\n\n*This answer was stopped.*\n"),
        (Status.INTERRUPTED, "Half", "\n\n> Half\n\n*This answer was interrupted.*\n"),
    ],
)
def test_markdown_says_how_an_answer_ended(memory: Memory, status: Status, content: str, ending: str) -> None:
    error = "Key *refused*." if status == Status.FAILED else ""
    answer = AnswerFactory(parent__conversation__memory=memory, status=status, content=content, error=error)
    answer.conversation.head = answer
    answer.conversation.save()
    assert markdown(answer.conversation).endswith(ending)


def test_json_holds_everything(branched: Conversation) -> None:
    data = parsed(json_of(branched, NOW))
    question, shown, other = branched.messages.order_by("pk")
    assert {key: value for key, value in data.items() if key != "messages"} == {
        "format": "memoryos-conversation",
        "version": 1,
        "exported_at": "2026-11-25T12:00:00+00:00",
        "id": str(branched.pk),
        "title": "Tea",
        "title_source": "first_words",
        "assistant": {"name": "Iris", "slug": branched.memory.assistant.slug},
        "mode": "normal",
        "created_at": "2026-03-01T09:00:00+00:00",
        "last_message_at": "2026-03-01T09:00:00+00:00",
        "pinned_at": None,
        "archived_at": None,
        "head": shown.pk,
    }
    assert [(row["id"], row["parent"]) for row in data["messages"]] == [
        (question.pk, None),
        (shown.pk, question.pk),
        (other.pk, question.pk),
    ]
    assert data["messages"][1] == {
        "id": shown.pk, "parent": question.pk, "continues": None, "role": "assistant", "status": "complete",
        "content": "Green.", "error": None, "model": "m", "tokens_in": 9, "tokens_out": 2, "page": None,
        "created_at": "2026-03-01T09:00:00+00:00", "finished_at": None,
    }  # fmt: skip
    assert data["messages"][2]["page"] == other.page_id


def test_long_conversations_come_in_batches(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "BATCH", 2)
    conversation = ConversationFactory(memory=memory)
    for _ in range(3):
        conversation.head = AnswerFactory(parent=QuestionFactory(conversation=conversation))
    conversation.save()
    ids = list(conversation.messages.order_by("pk").values_list("pk", flat=True))
    assert [row["id"] for row in parsed(json_of(conversation, NOW))["messages"]] == ids
    assert markdown(conversation).count("\n## ") == 6


def fill(memory: Memory) -> None:
    """Make what an export of everything has to take, and what it has to leave."""
    for title, fields in (
        ("Tea", {}), ("tea", {"archived_at": NOW}), ("../x", {}), ("CON", {}), ("Gone", {"deleted_at": NOW}),
        ("Passing", {"mode": Mode.TEMPORARY, "closes_at": NOW}),
    ):  # fmt: skip
        running_answer(parent__conversation=ConversationFactory(memory=memory, title=title, **fields))
    AnswerFactory(parent__conversation__memory=MemoryFactory(user=memory.user, assistant__name="Iris"))
    AnswerFactory(parent__conversation__memory=MemoryFactory(assistant=memory.assistant, role=Role.MEMBER))


def test_all_as_json_are_a_persons_own_archived_ones_included(memory: Memory) -> None:
    assert parsed(json_of_all(memory.user, NOW))["conversations"] == []
    fill(memory)
    data = parsed(json_of_all(memory.user, NOW))
    mine = Conversation.objects.for_user(memory.user).lasting().newest_first()
    assert (data["format"], data["version"]) == ("memoryos-conversations", 1)
    assert [row["id"] for row in data["conversations"]] == [str(row.pk) for row in mine]
    assert len(data["conversations"][-1]["messages"]) == 2


def test_all_as_a_zip_of_documents(memory: Memory) -> None:
    fill(memory)
    data = b"".join(zip_of_all(memory.user, words(), NOW))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        text = archive.read("Iris (2)/tea.md").decode()
    # The newest first: of two assistants, and of two titles, with the same name it has the name without a number.
    newest = Conversation.objects.for_user(memory.user).newest_first().first()
    assert newest
    assert names == [
        f"Iris/{newest.title}.md",
        "Iris (2)/_CON.md",
        "Iris (2)/x.md",
        "Iris (2)/tea.md",
        "Iris (2)/Tea (2).md",
    ]
    assert text.startswith("# tea\n")


def test_what_is_deleted_in_the_middle_is_left_out(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "BATCH", 1)
    rows = [AnswerFactory(parent__conversation__memory=memory).conversation for _ in range(3)]
    pieces = json_of_all(memory.user, NOW)
    begun = [next(pieces), next(pieces), next(pieces)]
    Conversation.objects.filter(pk=rows[1].pk).update(deleted_at=timezone.now())
    data = parsed([*begun, *pieces])
    assert [row["id"] for row in data["conversations"]] == [str(rows[2].pk), str(rows[0].pk)]
