"""A question tried against the memory, without a trace: trying.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from pytest_django.fixtures import Settings

from memory.domain.consolidation import transfer_all
from memory.domain.context import prepare_reply
from memory.domain.recording import PageDraft, record_pages
from memory.domain.trying import PROMPT_PARTS, try_question
from memory.embedding import get_embedder
from memory.enums import Source
from memory.models import Memory
from tests.memory.factories import EPOCH, KnowledgeFactory, MemoryFactory, ProfileFactory, TraitFactory
from tests.memory.fakes import ScriptedConsolidator, topic_a_page

pytestmark = pytest.mark.django_db

NOW = EPOCH + timedelta(days=30)


@pytest.fixture
def memory() -> Memory:
    made: Memory = MemoryFactory()
    texts = [f"We spoke of topic {number} and the harbour" for number in range(20)]
    drafts = [PageDraft(text, "I see.", EPOCH + timedelta(days=n)) for n, text in enumerate(texts)]
    record_pages(made, drafts, Source.IMPORT)
    transfer_all(made, ScriptedConsolidator(topic_a_page), get_embedder())
    ProfileFactory(memory=made)
    TraitFactory(memory=made)
    KnowledgeFactory(memory=made, text="Lives by the harbour.")
    made.refresh_from_db()
    return made


def every_row() -> dict[str, Any]:
    """Return all there is in the database, of every model."""
    return {
        model._meta.label: sorted(repr(row) for row in model._default_manager.values_list())
        for model in apps.get_models()
    }


def test_the_pieces_are_the_prompt_that_an_answer_would_send(memory: Memory) -> None:
    trial = try_question(memory, "What of the harbour?", now=NOW)
    sent = prepare_reply(memory, "What of the harbour?", (), NOW)
    assert trial.prepared == sent
    system = "".join(piece.text for piece in trial.pieces if piece.role == "system")
    [question] = [piece.text for piece in trial.pieces if piece.role == "user"]
    assert [(turn.role, turn.content) for turn in sent.request.turns] == [("system", system), ("user", question)]
    assert [piece.part for piece in trial.pieces] == list(PROMPT_PARTS)
    assert sum(piece.tokens for piece in trial.pieces) == sum(sent.tokens.values())
    profile, rest = (next(p for p in trial.pieces if p.part == part) for part in ("profile", "memory"))
    assert "data scientist" in profile.text
    assert "Openness" in profile.text
    assert rest.text.endswith("</memory>")
    assert profile.tokens + rest.tokens == trial.prepared.recollection.tokens


def test_trying_leaves_no_row_changed(memory: Memory) -> None:
    before = every_row()
    for budget in (None, 1, 60, 100_000):
        try_question(memory, "What of the harbour last week?", now=NOW, budget=budget)
    assert every_row() == before


def test_an_empty_memory_has_a_prompt_as_well() -> None:
    empty = MemoryFactory()
    trial = try_question(empty, "Anything?", now=NOW)
    assert [piece.part for piece in trial.pieces] == ["instructions", "history", "question"]
    assert "(nothing yet)" in trial.pieces[0].text


def test_the_budget_holds(memory: Memory) -> None:
    trial = try_question(memory, "harbour", now=NOW, budget=120)
    assert (trial.budget, trial.prepared.recollection.tokens <= 120) == (120, True)
    assert trial.prepared.recollection.left_out
    assert try_question(memory, "harbour", now=NOW).budget == memory.conf.recall_budget


def test_each_step_is_timed(memory: Memory) -> None:
    times = try_question(memory, "harbour", now=NOW).milliseconds
    assert list(times) == ["question", "embedding", "facts", "pages", "filling", "prompt"]
    assert min(times.values()) >= 0


def test_without_the_embedding_model_it_goes_on_with_words(memory: Memory, settings: Settings) -> None:
    settings.EMBEDDING_MODEL, settings.EMBEDDING_BASE_URL = "away", "http://127.0.0.1:9/v1"
    recollection = try_question(memory, "harbour", now=NOW).prepared.recollection
    assert recollection.without_meaning
    assert "harbour" in recollection.items[-1].text
