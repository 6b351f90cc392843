"""A memory and conversations full of given texts, and the addresses of every page that shows them.

The same for tests with Django's client and, by `python manage.py shell`, for a product in a process of its own: see
`tests.browser.world`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

from django.db import connection, transaction
from django.urls import URLPattern, reverse

import chat.urls
import memory.assistant_urls
import memory.urls
from chat.enums import Status
from chat.models import LearntItem, MemoryUpdate, Message, RecalledItem
from chat.text import title_from
from memory.domain.invitations import create_invitation, link_token, revoke_invitation
from memory.domain.recording import record_page
from memory.domain.traits import TRAIT_DIMENSIONS
from memory.enums import Actor, EventKind, ImportState, KnowledgeStatus, Role, Tier
from memory.models import Assistant, Import, Memory, MemoryEvent, Trait
from tests.chat.factories import AnswerFactory, ConversationFactory, QuestionFactory
from tests.memory.factories import (
    EPOCH,
    AssistantFactory,
    AssistantKnowledgeFactory,
    DialogueChainFactory,
    ImportFactory,
    KnowledgeFactory,
    MemoryEventFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
)

# They answer a POST only, or say that there is nothing to see.
_NO_PAGES = {"job-retry", "segment-archive", "segment-restore", "live"}
_NO_PAGES |= {"import-upload", "import-confirm", "import-retry", "import-cancel", "demo-load", "demo-remove"}
_NO_PAGES |= {"mode", "select", "pin", "archive", "undelete", "undelete_all", "unremember", "paused"}
_SWITCHES = (
    *("-disable", "-enable", "-pin", "-unpin", "-archive", "-unarchive", "-reinstate", "-approve", "-decline"),
    *("-bulk", "-merge", "-lock", "-unlock", "-undelete", "-undelete-all", "-restore"),
    *("-pause", "-resume", "-analyse", "-state", "-withdraw"),
)
_DOWNLOADS = {"export-json", "export-markdown"}
_FILES = {"export_markdown", "export_json", "export_all_zip", "export_all_json", "left_zip", "left_json"}
_NO_ASSISTANT_PAGES = {"duplicate", "archive", "restore", "constants-reset", "left-json", "left-markdown"}
_TIERS = {
    "page": (Tier.SHORT_TERM, Tier.MID_TERM),
    "profile": (Tier.PROFILE,),
    "traits": (Tier.TRAIT,),
    "knowledge": (Tier.USER_KNOWLEDGE,),
    "assistant-knowledge": (Tier.ASSISTANT_KNOWLEDGE,),
}


def fill(memory: Memory, texts: Sequence[str]) -> list[str]:
    """Put every text wherever a person, a model or an import can put one; return the addresses of all pages of it.

    The last text is the one whose own pages are among the addresses; lists show all of them.
    """
    rows = _remember(memory, texts)
    answer = _converse(memory, texts)
    _recall(answer, rows)
    addresses = ["/", *_chat_addresses(answer, rows["page"]), *_memory_addresses(memory, rows)]
    addresses += _assistant_addresses(memory, texts)
    return [*addresses, *_people(memory, texts), *_proposal_addresses(memory, texts)]


def _people(memory: Memory, texts: Sequence[str]) -> list[str]:
    """Return the pages about the assistant's members, one of whom has a text for a name, and about who is invited."""
    name = f"{memory.pk} {texts[-1]}"[:150]
    assistant, theirs = memory.assistant, MemoryFactory(assistant=memory.assistant, user__username=name)
    member = assistant.memberships.get(user=theirs.user)
    links = [create_invitation(assistant, Role.MEMBER, days=7, max_uses=2, by=theirs.user) for _ in range(2)]
    revoke_invitation(links[0], by=theirs.user)
    slug = assistant.slug
    pages = [reverse(f"assistants:{name}", args=[slug]) for name in ("members", "leave")]
    asked = [reverse(f"assistants:member-{deed}", args=[slug, member.pk]) for deed in ("remove", "transfer")]
    return [*pages, *asked, reverse("join", args=[link_token(links[1])])]


def _proposal_addresses(memory: Memory, texts: Sequence[str]) -> list[str]:
    """Let every text be proposed, once learnt and once by the person; return the pages of proposals and of usage."""
    for number, text in enumerate(texts):
        for proposer in (None, memory.user):
            AssistantKnowledgeFactory(
                assistant=memory.assistant,
                text=f"{'Proposed' if proposer else 'Learnt'} {number} {text}"[:1000],
                status=KnowledgeStatus.PROPOSED,
                proposed_by=proposer,
            )
    slug = memory.assistant.slug
    return [reverse("assistants:proposals", args=[slug]), reverse("assistants:usage", args=[slug])]


def _converse(memory: Memory, texts: Sequence[str]) -> Message:
    """Return the last answer of the last conversation."""
    for text in texts:
        conversation = ConversationFactory(memory=memory, title=title_from(text) or "Untitled")
    faults = cycle([Status.COMPLETE, Status.STOPPED, Status.INTERRUPTED, Status.FAILED])
    for text, status in zip(texts, faults, strict=False):
        question = QuestionFactory(conversation=conversation, content=text)
        error = text[:500] if status == Status.FAILED else ""
        # Two of each: the second is another version of the first.
        AnswerFactory(parent=question, content=text)
        answer: Message = AnswerFactory(parent=question, content=text, status=status, error=error)
    return answer


def _recall(answer: Message, rows: dict[str, int]) -> None:
    """Let the answer have been given a row of each tier, and memory have learnt each from it."""
    answer.page_id = rows["page"]
    answer.prompt_tokens = {"instructions": 90, "memory": 300, "history": 20, "question": 5}
    answer.save()
    update = MemoryUpdate.objects.create(conversation=answer.conversation, created_at=answer.created_at)
    keys = [(tier, rows[name]) for name, tiers in _TIERS.items() for tier in tiers]
    for rank, (tier, key) in enumerate(keys, start=1):
        RecalledItem.objects.create(
            message=answer, rank=rank, tier=tier, object_id=key, score=1.0, signals={"dense": 0.5}, tokens=9
        )
        if tier not in _TIERS["page"]:
            LearntItem.objects.create(update=update, tier=tier, object_id=key)
    LearntItem.objects.create(update=update, tier=Tier.MID_TERM, object_id=rows["segment"])


def _remember(memory: Memory, texts: Sequence[str]) -> dict[str, int]:
    """Return the key of the last row of each kind, by the name that addresses have for it."""
    for number, (text, dimension) in enumerate(zip(texts, cycle(TRAIT_DIMENSIONS), strict=False)):
        words = [word[:64] for word in text.split()[:4]]
        segment = SegmentFactory(memory=memory, title=text[:120], summary=text, keywords=words)
        chain = DialogueChainFactory(memory=memory, summary=text)
        page = PageFactory(
            segment=segment, chain=chain, query=text, response=text, keywords=words, metadata={"x": text}
        )
        profile = ProfileFactory(memory=memory, name=f"{number} {text}"[:60], value=text[:500])
        learnt = KnowledgeFactory(memory=memory, text=f"{number} {text}"[:1000])
        general = AssistantKnowledgeFactory(assistant=memory.assistant, text=f"{number} {text}"[:1000])
        Trait.objects.filter(memory=memory, dimension=dimension).delete()
        trait = TraitFactory(memory=memory, dimension=dimension, reason=text[:1000])
        for row in (profile, learnt, general):
            row.sources.add(page)
        trait.evidence.add(page)
        _happen(memory, text, segment.pk)
    PageFactory(memory=memory, query=texts[-1], response=texts[-1])
    rows = {"segment": segment, "page": page, "profile": profile, "traits": trait, "knowledge": learnt}
    rows["assistant-knowledge"] = general
    rows["import"] = _import(memory, texts)
    rows["call"] = ModelCallFactory(memory=memory, model=texts[-1][:200], detail=texts[-1][:500])
    return {name: row.pk for name, row in rows.items()} | {"job": _failed_job(memory)}


def _import(memory: Memory, texts: Sequence[str]) -> Import:
    """Return an upload whose preview quotes the file."""
    first = EPOCH.isoformat()
    preview = {
        "assistant": " ".join(texts),
        "pages": {"new": 1, "known": 0, "differing": 0},
        "segments": 0,
        **{kind: {"new": 1} for kind in ("profile", "traits", "facts", "assistant_knowledge")},
        "first": first,
        "last": first,
        "samples": [{"at": first, "query": text, "response": text} for text in texts],
        "clashes": [
            {"kind": kind, "name": text, "here": text, "file": text, "verdict": "replaces"}
            for text in texts
            for kind in ("profile", "trait", "fact")
        ],
    }
    ImportFactory(memory=memory, state=ImportState.FAILED, error=" ".join(texts), file_name=texts[0][:200])
    upload: Import = ImportFactory(memory=memory, file_name=texts[-1][:200], preview=preview)
    return upload


def _happen(memory: Memory, text: str, segment: int) -> None:
    after = {"title": text, "task": "memory.consolidate", "reason": text, "attempt": 6}
    MemoryEvent.objects.bulk_create(
        MemoryEventFactory.build(
            memory=memory, kind=kind, actor=Actor.JOB, target_type="segment", target_id=segment, after=after
        )
        for kind in EventKind
    )


def _assistant_addresses(memory_: Memory, texts: Sequence[str]) -> list[str]:
    """Let the assistant and its log say every text, and let the person have left and archived one that does."""
    for text in texts:
        state = {
            "name": text,
            "text": text,
            "of": text,
            "what": text,
            "role": text,
            "instructions": text,
            "model": text,
        }
        MemoryEvent.objects.bulk_create(
            MemoryEventFactory.build(
                memory=None, assistant=memory_.assistant, kind=kind, actor=Actor.JOB, target_type="assistant",
                target_id=memory_.assistant_id, before={**state, "instructions": "Before."}, after=state,
            )
            for kind in EventKind
        )  # fmt: skip
    said = "\n".join(texts)[:8000]
    Assistant.objects.filter(pk=memory_.assistant_id).update(
        instructions=said, model_settings={"model": texts[-1][:200]}, memory_settings={"recall_pages": 3}
    )
    gone = Memory.objects.create(assistant=AssistantFactory(name=texts[0][:80]), user=memory_.user)
    retired = MemoryFactory(assistant=AssistantFactory(name=texts[-1][:80], archived_at=EPOCH), user=memory_.user)
    addresses = [reverse("memory:overview", args=[retired.assistant.slug])]
    for pattern in memory.assistant_urls.OF_ASSISTANTS:
        if pattern.name not in _NO_ASSISTANT_PAGES:
            known = {"assistant": memory_.assistant.slug, "key": gone.key}
            arguments = {name: known[name] for name in pattern.pattern.converters}
            addresses.append(reverse(f"assistants:{pattern.name}", kwargs=arguments))
    return addresses


def _failed_job(memory: Memory) -> int:
    # A worker must not see it before it has failed.
    with transaction.atomic(), connection.cursor() as cursor:
        record_page(memory, query="queued", response="")
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE status = 'todo' RETURNING id")
        return int(cursor.fetchone()[0])


def _chat_addresses(answer: Message, page: int) -> list[str]:
    slug = answer.conversation.memory.assistant.slug
    known = {"conversation_id": answer.conversation_id, "message_id": answer.pk, "page_id": page, "assistant": slug}
    addresses = [f"{reverse('chat:new')}?mode=temporary", f"{reverse('chat:search')}?q=xss"]
    for pattern in chat.urls.urlpatterns:
        if pattern.name not in _NO_PAGES | _FILES | {"home"}:
            arguments = {name: known[name] for name in pattern.pattern.converters}
            addresses.append(reverse(f"chat:{pattern.name}", kwargs=arguments))
    return addresses


def _memory_addresses(memory_: Memory, rows: dict[str, int]) -> list[str]:
    addresses = []
    for pattern in memory.urls.urlpatterns:
        if pattern.name in _NO_PAGES | _DOWNLOADS or str(pattern.name).endswith(_SWITCHES):
            continue
        query = f"?id={rows['page']}" if pattern.name == "pages-forget" else ""
        addresses.append(reverse(f"memory:{pattern.name}", kwargs=_arguments(pattern, memory_, rows)) + query)
    slug, facts = memory_.assistant.slug, f"?id={'&id='.join(str(fact.pk) for fact in memory_.knowledge.all()[:3])}"
    tried = f"{reverse('memory:try', args=[slug])}?q=xss+walking"
    searched = f"{reverse('memory:knowledge', args=[slug])}?q=xss"
    return [*addresses, tried, searched, f"{reverse('memory:knowledge-merge', args=[slug])}{facts}"]


def _arguments(pattern: URLPattern, memory_: Memory, rows: dict[str, int]) -> dict[str, Any]:
    name, converters = str(pattern.name), pattern.pattern.converters
    arguments: dict[str, Any] = {}
    if "assistant" in converters:
        arguments["assistant"] = memory_.assistant.slug
    if "pk" in converters:
        arguments["pk"] = next(pk for kind, pk in rows.items() if name == kind or name.rpartition("-")[0] == kind)
    return arguments
