from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from chat import tasks
from chat.conversations import delete_conversation, rename_conversation
from chat.enums import Mode, Status, TitleSource
from chat.models import Conversation
from chat.title_prompt import title_turns
from chat.titling import MAX_ATTEMPTS, TITLE_TASK_NAME, clean_title, title_conversation, try_title, wish_title
from memory.domain.budgets import set_budget
from memory.domain.tokens import count_tokens
from memory.enums import Outcome, Purpose
from memory.exceptions import ModelEmptyAnswer, ModelServerError
from memory.models import ModelCall
from tests.chat.factories import AnswerFactory, QuestionFactory
from tests.openai_answers import DEFAULT_TITLE
from tests.openai_server import Behaviour, OpenAIServer

pytestmark = pytest.mark.django_db
WORDS = "Which soil do tomatoes need?"


@pytest.fixture
def conversation() -> Conversation:
    """A conversation after its first exchange."""
    question = QuestionFactory(
        content="Which soil do tomatoes need?", conversation__title="Which soil do tomatoes need?"
    )
    answer: Conversation = AnswerFactory(parent=question, content="A loose one.").conversation
    return answer


def jobs() -> list[ProcrastinateJob]:
    return list(ProcrastinateJob.objects.filter(task_name=TITLE_TASK_NAME).order_by("id"))


def title_of(conversation: Conversation) -> tuple[str, str]:
    conversation.refresh_from_db()
    return conversation.title, conversation.title_source


def test_a_title_is_wished_for_once_after_the_first_whole_answer(
    conversation: Conversation, model: OpenAIServer
) -> None:
    wish_title(conversation)
    wish_title(conversation)
    (job,) = jobs()
    assert (job.args, job.status) == ({"conversation_id": str(conversation.pk), "attempt": 1}, "todo")
    AnswerFactory(parent=QuestionFactory(conversation=conversation))
    ProcrastinateJob.objects.all()._raw_delete("default")
    wish_title(conversation)
    assert jobs() == []


def test_no_title_is_wished_for_without_a_model(conversation: Conversation) -> None:
    assert not django_settings.OPENAI_BASE_URL
    wish_title(conversation)
    assert jobs() == []
    assert not title_conversation(conversation.pk)


@pytest.mark.parametrize(
    "fields",
    [
        {"title_source": TitleSource.PERSON},
        {"title_source": TitleSource.MODEL},
        {"mode": Mode.TEMPORARY, "closes_at": timezone.now() + timedelta(hours=1)},
    ],
)
def test_some_conversations_are_left_alone(
    conversation: Conversation, model: OpenAIServer, fields: dict[str, object]
) -> None:
    Conversation.objects.update(**fields)
    conversation.refresh_from_db()
    wish_title(conversation)
    assert (jobs(), title_conversation(conversation.pk), model.requests) == ([], False, [])


def test_no_title_is_wished_for_an_exchange_that_failed(model: OpenAIServer) -> None:
    answer = AnswerFactory(status=Status.FAILED, content="")
    wish_title(answer.conversation)
    assert (jobs(), title_conversation(answer.conversation_id), model.requests) == ([], False, [])


def test_the_model_names_the_conversation_and_the_ledger_knows(conversation: Conversation, model: OpenAIServer) -> None:
    model.queue_titles(Behaviour(text="<think>Hm.</think>**Title: “Soil for tomatoes”**.\nOr another."))
    tasks.title(conversation_id=str(conversation.pk))
    assert title_of(conversation) == ("Soil for tomatoes", TitleSource.MODEL)
    call = ModelCall.objects.get()
    assert (call.purpose, call.model, call.outcome) == (Purpose.TITLE, "test-model", Outcome.OK)
    assert call.memory == conversation.memory
    assert call.tokens_in
    assert '"Which soil do tomatoes need?"' in model.titles[0].text
    assert not title_conversation(conversation.pk)
    assert len(model.requests) == 1


def test_the_default_answer_of_the_test_server_is_a_title(conversation: Conversation, model: OpenAIServer) -> None:
    model.queue(Behaviour(status=500))
    assert title_conversation(conversation.pk)
    assert title_of(conversation)[0] == DEFAULT_TITLE


def test_what_a_person_or_a_deletion_did_meanwhile_wins(conversation: Conversation, model: OpenAIServer) -> None:
    user = conversation.memory.user
    rename_conversation(user, conversation.pk, "Mine")
    assert not title_conversation(conversation.pk)
    assert title_of(conversation) == ("Mine", TitleSource.PERSON)
    Conversation.objects.update(title_source=TitleSource.FIRST_WORDS)
    delete_conversation(user, conversation.pk)
    assert not title_conversation(conversation.pk)
    assert model.requests == []


@pytest.mark.parametrize(
    ("behaviour", "error", "outcome"),
    [
        (Behaviour(status=500), ModelServerError, Outcome.SERVER_ERROR),
        (Behaviour(text=""), ModelEmptyAnswer, Outcome.EMPTY),
        (Behaviour(text='"**"'), ModelEmptyAnswer, Outcome.EMPTY),
        (Behaviour(text="<think>Hm, a title"), ModelEmptyAnswer, Outcome.EMPTY),
    ],
)
def test_a_failure_keeps_the_first_words(
    conversation: Conversation, model: OpenAIServer, behaviour: Behaviour, error: type[Exception], outcome: Outcome
) -> None:
    model.queue_titles(behaviour)
    with pytest.raises(error):
        title_conversation(conversation.pk)
    assert title_of(conversation) == (WORDS, TitleSource.FIRST_WORDS)
    assert ModelCall.objects.get().outcome == outcome


def test_a_failure_is_tried_again_with_back_off_and_not_for_ever(
    conversation: Conversation, model: OpenAIServer
) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        model.queue_titles(Behaviour(status=503))
        ProcrastinateJob.objects.all()._raw_delete("default")
        begun = timezone.now()
        try_title(conversation.pk, attempt)
        waiting = [(job.args["attempt"], job.scheduled_at) for job in jobs()]
        if attempt == MAX_ATTEMPTS:
            assert waiting == []
        else:
            ((next_attempt, due),) = waiting
            assert (next_attempt, due is None) == (attempt + 1, False)
            assert timedelta(0) <= (due or begun) - begun - timedelta(seconds=4**attempt) < timedelta(seconds=5)
    assert ModelCall.objects.count() == MAX_ATTEMPTS


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("Soil for tomatoes", "Soil for tomatoes"),
        ("“Soil for tomatoes.”", "Soil for tomatoes"),
        ("# Soil for tomatoes.", "Soil for tomatoes"),
        ("\n\n- `Soil`\n- Sun", "Soil"),
        ("Titel: Erde für Tomaten", "Erde für Tomaten"),
        ("标题：番茄的土壤。", "番茄的土壤"),
        ("And then...", "And then..."),
        ("<b>Soil</b>\u202e\0", "<b>Soil</b>"),
        ("word " * 100, "word word word word word word word word word word word word…"),
        ("", ""),
    ],
)
def test_an_answer_becomes_a_title(answer: str, title: str) -> None:
    assert clean_title(answer) == title


def test_the_call_is_short_whatever_was_said() -> None:
    turns = title_turns("x" * 100_000, "猫" * 100_000)
    assert sum(count_tokens(turn.content) for turn in turns) < 750


def test_over_budget_the_first_words_stay_and_no_model_is_asked(
    conversation: Conversation, model: OpenAIServer
) -> None:
    assistant, owner = conversation.memory.assistant, conversation.memory.user
    set_budget(assistant, 0, by=owner, person=owner)
    tasks.title(conversation_id=str(conversation.pk))
    assert (model.requests, jobs()) == ([], [])
    assert title_of(conversation) == (WORDS, TitleSource.FIRST_WORDS)
    set_budget(assistant, None, by=owner, person=owner)
    tasks.title(conversation_id=str(conversation.pk))
    assert title_of(conversation) == (DEFAULT_TITLE, TitleSource.MODEL)
