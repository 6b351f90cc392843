"""Replay: a conversation goes through the real pipeline and becomes a memory."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from memory.domain.assistants import create_assistant
from memory.domain.consolidation import Progress, promote_all, transfer_all
from memory.domain.recording import record_pages
from memory.embedding.base import Embedder
from memory.enums import Purpose, Source
from memory.evaluation.locomo import Conversation
from memory.evaluation.patience import patiently
from memory.llm.base import Consolidator
from memory.models import Memory

_NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Cost:
    """What a memory's background work took: calls of the consolidator, failed ones included, and their tokens."""

    calls: int
    tokens: int


def replay(
    conversation: Conversation,
    budget: int,
    consolidator: Consolidator,
    embedder: Embedder,
    progress: Progress | None = None,
) -> Memory:
    """Record the conversation's pages, transfer and promote until nothing is left to do; return the memory.

    The person has the name of the first speaker, the assistant that of the second; its recall budget is `budget`
    tokens. `progress` gets the size of each batch of pages moved. Raises MemoryOSError.
    """
    memory = _memory_of(conversation, budget)
    record_pages(memory, conversation.drafts, Source.IMPORT)
    patiently(lambda: transfer_all(memory, consolidator, embedder, progress))
    patiently(lambda: promote_all(memory, consolidator, embedder))
    return memory


def cost_of(memory: Memory) -> Cost:
    """Return what the usage ledger says of the memory, its replies left out."""
    calls = memory.model_calls.exclude(purpose=Purpose.REPLY)
    return Cost(len(calls), sum((call.tokens_in or 0) + (call.tokens_out or 0) for call in calls))


def _memory_of(conversation: Conversation, budget: int) -> Memory:
    person, being = (name[:_NAME_LENGTH] for name in conversation.speakers)
    # Conversations share first names; their memories are apart all the same, by assistant.
    user, _ = User.objects.get_or_create(username=person, defaults={"first_name": person})
    memory = create_assistant(user, being)
    memory.assistant.memory_settings = {"recall_budget": budget}
    memory.assistant.save(update_fields=["memory_settings"])
    return memory
