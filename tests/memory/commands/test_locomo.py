import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import Settings

from memory.evaluation.answers import SHORT
from memory.evaluation.scratch import PREFIX
from memory.llm.prompts import PROMPT_VERSION
from memory.models import Memory, ModelCall, Page
from tests.openai_server import Behaviour, OpenAIServer, RecordedRequest
from tests.paths import CONVERSATION, LOCOMO, LOCOMO_QUESTIONS, needs_locomo

pytestmark = [pytest.mark.django_db, pytest.mark.proof]

RECALL_KEYS = {"recall_at_5", "recall_at_10", "recall_at_20", "recall_in_budget"}
KEYS = RECALL_KEYS | {
    "by_category",
    "calls_per_page",
    "tokens_per_page",
    "recall_ms_p50",
    "recall_ms_p95",
    "pages",
    "questions",
    "shown_share",
}


def run(path: Path, **options: object) -> tuple[str, str]:
    """Return what the command wrote to its standard output and to its standard error."""
    out, err = StringIO(), StringIO()
    call_command("locomo", path, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def measured(path: Path, **options: object) -> Any:
    return json.loads(run(path, json=True, **options)[0])


def assert_nothing_is_left() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE starts_with(datname, %s)", [f"{PREFIX}{os.getpid()}_"])
        assert cursor.fetchone() == (0,)
    for model in (User, Memory, Page, ModelCall, ProcrastinateJob):
        assert not model._default_manager.exists()


class ShortAnswers(OpenAIServer):
    """A model that answers every question of the evaluation with one word, and the background tasks by itself."""

    def take_behaviour(self, request: RecordedRequest) -> Behaviour:
        behaviour = super().take_behaviour(request)
        return Behaviour(text="Bolt") if SHORT in request.text else behaviour


def test_the_json_has_exactly_the_promised_keys_and_nothing_is_left() -> None:
    out, err = run(LOCOMO_QUESTIONS, json=True)
    figures = json.loads(out)
    conversations = figures.pop("conversations")
    assert set(figures) == KEYS
    assert {category: some["questions"] for category, some in figures["by_category"].items()} == {
        "1": 1,
        "2": 1,
        "3": 1,
        "4": 3,
    }
    assert all(set(some) == RECALL_KEYS | {"questions"} for some in figures["by_category"].values())
    assert {name: (set(some), some["pages"]) for name, some in conversations.items()} == {
        "asked-1": (KEYS, 15),
        "asked-2": (KEYS, 1),
    }
    assert (figures["pages"], figures["questions"], figures["tokens_per_page"]) == (16, 6, 0.0)
    # Sixteen short pages: all of them fit the budget, and twenty are more than there are.
    assert (figures["recall_at_20"], figures["recall_in_budget"], figures["shown_share"]) == (1.0, 1.0, 1.0)
    assert 0.5 < figures["recall_at_5"] <= figures["recall_at_10"] <= 1.0
    assert 0 < figures["calls_per_page"] < 1
    assert 0 < figures["recall_ms_p50"] <= figures["recall_ms_p95"]
    assert "asked-1 [" in err
    assert "20/20" in err
    assert_nothing_is_left()


def test_without_json_it_prints_a_table_of_what_was_asked_for() -> None:
    out, _ = run(LOCOMO_QUESTIONS, conversation=["asked-2"], budget=1)
    assert "1 conversation, 1 pages, 1 questions, a budget of 1 tokens." in out
    assert ["all", "1", "100.0", "100.0", "100.0", "0.0"] in [line.split() for line in out.splitlines()]


def test_answers_are_scored_and_calls_counted(settings: Settings) -> None:
    with ShortAnswers() as model:
        settings.OPENAI_BASE_URL, settings.MODEL = model.base_url, "test-model"
        figures = measured(LOCOMO_QUESTIONS, conversation=["asked-1"], answers=True)
        asked = [request for request in model.requests if SHORT in request.text]
        others = len(model.requests) - len(asked)
    answers = figures["answers"]
    assert set(figures) == KEYS | {"conversations", "answers"}
    assert set(answers) == {"f1", "bleu1", "by_category", "model", "prompt_version", "tokens_in", "tokens_out"}
    # One of six questions is answered with "Bolt", one of the two in its category.
    assert (answers["f1"], answers["bleu1"]) == (pytest.approx(1 / 6), pytest.approx(1 / 6))
    assert answers["by_category"]["4"] == {"f1": 0.5, "bleu1": 0.5, "questions": 2}
    assert answers["by_category"]["3"]["questions"] == 2  # the one without evidence, too
    assert (answers["model"], answers["prompt_version"]) == ("test-model", PROMPT_VERSION)
    assert answers["tokens_in"] > 100
    assert answers["tokens_out"] == 6
    assert len(asked) == 6
    assert all("I adopted a greyhound called Bolt last week." in request.text for request in asked)
    assert others > 0
    assert figures["calls_per_page"] == pytest.approx(others / 15)
    assert figures["tokens_per_page"] > 10
    assert_nothing_is_left()


def test_a_model_that_refuses_ends_it_with_one_sentence(settings: Settings) -> None:
    with OpenAIServer(Behaviour(status=401)) as model:
        settings.OPENAI_BASE_URL = model.base_url
        with pytest.raises(CommandError, match=r"The measurement stopped: .*refused the key"):
            run(LOCOMO_QUESTIONS)
    assert_nothing_is_left()


@pytest.mark.parametrize(
    ("path", "options", "fault"),
    [
        (LOCOMO_QUESTIONS, {"budget": 0}, "The budget must be more than zero tokens"),
        (LOCOMO_QUESTIONS, {"budget": -5}, "The budget must be more than zero tokens"),
        (LOCOMO_QUESTIONS, {"answers": True}, "--answers needs a language model, and none is connected"),
        (LOCOMO_QUESTIONS, {"conversation": ["asked-9"]}, "There is no conversation 'asked-9'"),
        (CONVERSATION, {}, "is not a LoCoMo file"),
        (Path("nowhere.json"), {}, "nowhere.json could not be read"),
    ],
)
def test_bad_input_is_refused(path: Path, options: dict[str, Any], fault: str) -> None:
    with pytest.raises(CommandError, match=fault) as refused:
        run(path, **options)
    assert refused.value.returncode == 1


@needs_locomo
def test_one_conversation_of_locomo() -> None:
    figures = measured(LOCOMO, conversation=["conv-30"])
    assert (figures["pages"], figures["questions"]) == (192, 81)
    assert figures["recall_at_10"] > 0.6
    assert figures["recall_in_budget"] > 0.6
    assert figures["calls_per_page"] < 0.5
