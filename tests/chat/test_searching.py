import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import searching
from chat.enums import Mode
from chat.listing import Cursor
from chat.models import Conversation, Message
from chat.searching import Results, search
from chat.wanted import read_question
from memory.enums import Role
from memory.models import Memory
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory, running_answer
from tests.memory.factories import MemoryFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["index", "reading"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways find the same: the bound decides which one is taken."""
    if request.param == "reading":
        monkeypatch.setattr(searching, "RARE", -1)
        monkeypatch.setattr(searching, "READ_AT_ONCE", 2)
    return str(request.param)


def said(memory: Memory, *texts: str, **fields: object) -> Conversation:
    """Return a conversation in which a person said these texts, one after the other."""
    conversation = ConversationFactory(memory=memory, **{"title": "Untold", **fields})
    for text in texts:
        QuestionFactory(conversation=conversation, content=text)
    return conversation


def find(memory: Memory, question: str, after: Cursor | None = None) -> Results:
    return search(memory.user, read_question(question), after)


def found(memory: Memory, question: str) -> list[Conversation]:
    return [found.conversation for found in find(memory, question).found]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Which garden tools do I need?", "gard"),
        ("Which garden tools do I need?", "TOOLS garden"),
        ("Which garden tools do I need?", '"garden tools"'),
        ("a garden, tools", '"garden tools"'),
        ("“quoted” — and l’eau — fin", "quoted eau fin"),
        ("ÉCOLE primaire", "école"),
        ("See https://example.org/path and me@example.org", "example.org"),
        ("On 2026-11-25 at noon", "2026-11-25"),
        ("an e-mail", "e-mail"),
        ("In C++ it works", "C++"),
        ("猫の名前を考える", "名前"),
        ("ฉันชอบแมว", "ชอบ"),
        ("हिन्दी में", "हिन्दी"),
        ("Great 😀!", "😀"),
        ("Really???", "???"),
        ("don't say", "don't"),
        ("don’t say", "don’t"),
        ("100% of it", "100%"),
        ("a _thing_ and a **thong**", "thing thong"),
    ],
)
def test_what_was_said_is_found(memory: Memory, text: str, question: str) -> None:
    conversation = said(memory, text)
    said(memory, "Something else altogether")
    assert found(memory, question) == [conversation]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("regarding tools", "garding"),
        ("garden and tools", '"garden tools"'),
        ("garden toolshed", '"garden tools"'),
        ("garden", "garden tools"),
        ("In C it works", "C++"),
        ("100 of it", "100%"),
        ("abc", "a_c"),
    ],
)
def test_what_was_not_said_is_not_found(memory: Memory, text: str, question: str) -> None:
    said(memory, text)
    assert found(memory, question) == []


@pytest.mark.parametrize(
    "question",
    ["", " ", "?", "?!", "&|!:*()'", "a & b | !c:*", "'", "''", "\\", "\\'", "it's:*", "<->", '"', '" "', "%_", "\0",
     "\ud83d", "[a-z]+(", "😀" * 50, "x" * 10_000, "word " * 2_000, "(" * 500, "\u202e", "a\u0300", "'a':*&'b", "\n\t"],
)  # fmt: skip
def test_no_question_fails(memory: Memory, question: str) -> None:
    conversation = said(memory, "Nothing of that")
    assert found(memory, question) in ([], [conversation])


def test_titles_are_found_and_marked_as_text(memory: Memory) -> None:
    conversation = said(memory, "Hello", title="<b>Balcony</b> garden")
    (one,) = find(memory, "balcony gard").found
    assert (one.conversation, one.hits, one.more) == (conversation, [], 0)
    assert [piece.text for piece in one.title if piece.is_hit] == ["Balcony", "gard"]
    assert "".join(piece.text for piece in one.title) == "<b>Balcony</b> garden"


def test_of_a_conversation_the_newest_hits_are_shown_and_the_others_counted(memory: Memory) -> None:
    conversation = said(memory, *(f"apple number {n}" for n in range(5)), "pear")
    (one,) = find(memory, "apple").found
    assert [hit.message.content for hit in one.hits] == ["apple number 4", "apple number 3", "apple number 2"]
    newest = one.hits[0].message.pk
    assert (one.more, one.address) == (2, f"{conversation.get_absolute_url()}?at={newest}#m{newest}")


def test_every_branch_and_every_assistant_is_looked_through(memory: Memory) -> None:
    question = QuestionFactory(conversation__memory=memory)
    answers = [AnswerFactory(parent=question, content=f"apple {n}") for n in range(2)]
    other = said(MemoryFactory(user=memory.user), "apple")
    assert found(memory, "apple") == [other, question.conversation]
    assert len(find(memory, "apple").found[1].hits) == len(answers)


def test_only_what_a_person_may_see_is_found(memory: Memory) -> None:
    now = timezone.now()
    archived = said(memory, "apple", archived_at=now, title="apple")
    said(memory, "apple", deleted_at=now, title="apple")
    said(memory, "apple", mode=Mode.TEMPORARY, closes_at=now, title="apple")
    said(MemoryFactory(assistant=memory.assistant, role=Role.MEMBER), "apple", title="apple")
    left = MemoryFactory(user=memory.user)
    said(left, "apple", title="apple")
    left.assistant.memberships.all().delete()
    running_answer(parent__conversation__memory=memory, content="apple")
    (one,) = find(memory, "apple").found
    assert (one.conversation, len(one.hits), one.more) == (archived, 1, 0)


def test_pages_follow_each_other_without_a_gap(memory: Memory) -> None:
    moment = timezone.now()
    rows = [said(memory, "apple", title=("apple" if n % 3 else "Untold"), last_message_at=moment) for n in range(43)]
    seen: list[Conversation] = []
    results = find(memory, "apple")
    seen += [one.conversation for one in results.found]
    while results.after:
        results = find(memory, "apple", Cursor.parse(str(results.after)))
        assert results.is_further
        seen += [one.conversation for one in results.found]
    assert seen == sorted(rows, key=lambda row: row.pk, reverse=True)


def test_the_queries_do_not_grow_with_what_is_found(memory: Memory, way: str) -> None:
    counts = []
    for _ in range(3):
        said(memory, "apple", "apple")
        with CaptureQueriesContext(connection) as queries:
            find(memory, "apple")
        counts.append(len(queries))
    # Savepoint, off, index, on, release; titles; conversations of hits, conversations, hits. Reading begins with two.
    assert counts == ([9, 9, 9] if way == "index" else [9, 9, 10])


def test_the_planner_knows_the_index_again() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for question in ("garden", '"garden tools"', "foo-bar"):
            assert "message_search" in searching.by_index(read_question(question)).explain()
    assert Message.objects.count() == 0
