"""A memory as JSON and as a document to read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pytest_django import DjangoAssertNumQueries

from memory.domain.exporting import as_json, file_name, json_of, markdown_of, own_position, page_id
from memory.enums import Source
from memory.models import Memory
from tests.memory.factories import (
    EPOCH,
    AssistantFactory,
    AssistantKnowledgeFactory,
    DialogueChainFactory,
    KnowledgeFactory,
    MemoryFactory,
    PageFactory,
    ProfileFactory,
    SegmentFactory,
    TraitFactory,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def memory() -> Memory:
    return MemoryFactory(assistant=AssistantFactory(name="Iris", slug="iris"))


def parsed(memory: Memory, *, shared: bool = True) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(b"".join(json_of(memory, NOW, shared=shared)))
    return data


def document(memory: Memory, *, shared: bool = True) -> str:
    return b"".join(markdown_of(memory, NOW, shared=shared)).decode()


def test_json_of_nothing(memory: Memory) -> None:
    assert parsed(memory) == {
        "schema": "memoryos.memory",
        "version": 1,
        "memory": {
            "key": str(memory.key),
            "assistant": {"name": "Iris", "slug": "iris"},
            "exported_at": "2026-11-25T12:00:00+00:00",
        },
        **{part: [] for part in ("pages", "chains", "segments", "profile", "traits", "knowledge")},
    }


def test_a_page_and_what_stands_around_it(memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, visits=3, promoted_at=EPOCH)
    page = PageFactory(segment=segment, external_id="mine", keywords=["tea"], analysed_at=EPOCH, metadata={"a": 1})
    waiting = PageFactory(memory=memory, source=Source.API, disabled=True)
    told = parsed(memory)
    assert told["pages"][0] == {
        "id": "mine",
        "position": 1,
        "query": "Question 1",
        "response": "Answer 1",
        "occurred_at": page.occurred_at.isoformat(),
        "recorded_at": page.recorded_at.isoformat(),
        "source": "chat",
        "metadata": {"a": 1},
        "chain": page.chain_id,
        "segment": segment.pk,
        "keywords": ["tea"],
        "analysed_at": EPOCH.isoformat(),
        "disabled": False,
    }
    assert told["pages"][1]["id"] == f"memoryos:{memory.key}:2"
    assert [told["pages"][1][name] for name in ("chain", "segment", "analysed_at")] == [None] * 3
    assert (told["pages"][1]["source"], told["pages"][1]["disabled"]) == ("api", True)
    assert told["chains"][0]["id"] == page.chain_id
    assert (told["segments"][0]["visits"], told["segments"][0]["archived_at"]) == (3, None)
    assert waiting.segment_id is None


def test_facts_name_what_took_their_place_and_where_they_come_from(memory: Memory) -> None:
    page = PageFactory(memory=memory)
    new = KnowledgeFactory(memory=memory, text="Lives in Rome.", pinned=True)
    old = KnowledgeFactory(memory=memory, text="Lives in Oslo.", status="superseded", superseded_by=new, valid_to=EPOCH)
    old.sources.add(page)
    facts = {fact["text"]: fact for fact in parsed(memory)["knowledge"]}
    assert facts["Lives in Oslo."]["superseded_by"] == facts["Lives in Rome."]["id"]
    assert facts["Lives in Oslo."]["sources"] == [f"memoryos:{memory.key}:1"]
    assert (facts["Lives in Rome."]["pinned"], facts["Lives in Oslo."]["valid_to"]) == (True, EPOCH.isoformat())


def test_rows_come_in_batches_each_once(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_json, "BATCH", 2)
    for _ in range(5):
        PageFactory(memory=memory)
        KnowledgeFactory(memory=memory)
    told = parsed(memory)
    assert [page["position"] for page in told["pages"]] == [1, 2, 3, 4, 5]
    assert len({fact["id"] for fact in told["knowledge"]}) == 5


def test_nobody_elses_rows_are_in_it(memory: Memory) -> None:
    theirs = MemoryFactory(assistant=memory.assistant)
    segment = SegmentFactory(memory=theirs, title="Secret")
    PageFactory(segment=segment, query="Secret")
    PageFactory(memory=theirs, query="Secret")
    for factory in (ProfileFactory, TraitFactory, KnowledgeFactory, DialogueChainFactory):
        factory(memory=theirs)
    told = parsed(memory)
    assert [told[part] for part in ("pages", "chains", "segments", "profile", "traits", "knowledge")] == [[]] * 6
    assert "Secret" not in document(memory)


def test_what_is_recorded_in_the_middle_breaks_nothing(memory: Memory) -> None:
    PageFactory(memory=memory)
    pieces = json_of(memory, NOW, shared=True)
    begun = next(pieces)
    late = PageFactory(memory=memory)
    KnowledgeFactory(memory=memory).sources.add(late)
    told = json.loads(begun + b"".join(pieces))
    assert [page["position"] for page in told["pages"]] == [1, 2] or [page["position"] for page in told["pages"]] == [1]
    known = {page["id"] for page in told["pages"]}
    assert all(set(fact["sources"]) <= known for fact in told["knowledge"])


def test_a_batch_costs_a_few_queries(memory: Memory, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    segment = SegmentFactory(memory=memory)
    for _ in range(30):
        KnowledgeFactory(memory=memory).sources.add(PageFactory(segment=segment))
    with django_assert_max_num_queries(20):
        parsed(memory)
    with django_assert_max_num_queries(20):
        document(memory)


def test_the_document_to_read(memory: Memory) -> None:
    segment = SegmentFactory(memory=memory, title="Tea", summary="Green.\nOr white.", keywords=["tea", "leaf"])
    PageFactory(segment=segment, query="Which tea?", response="Green.")
    PageFactory(memory=memory, query="And when?", response="", disabled=True)
    ProfileFactory(memory=memory, name="home", value="Oslo", locked=True)
    TraitFactory(memory=memory, dimension="humor", level="high", reason="Jokes.")
    new = KnowledgeFactory(memory=memory, text="Lives in Rome.", pinned=True, valid_from=EPOCH)
    KnowledgeFactory(memory=memory, text="Lives in Oslo.", status="superseded", superseded_by=new)
    AssistantKnowledgeFactory(assistant=memory.assistant, text="Likes lists.")
    assert document(memory) == (
        "# What Iris remembers of you\n\n- Exported: 2026-11-25 12:00 (UTC)\n- 2 pages\n\n"
        "## Profile\n\n- **home**: Oslo (written by you)\n\n"
        "## Traits\n\n### Interests\n\n- **Humor**: high. Jokes.\n\n"
        "## Facts about you\n\n- Lives in Rome. (since 2026-01-01; pinned)\n\n"
        "### True no longer\n\n- Lives in Oslo. (then: Lives in Rome.)\n\n"
        "## About the assistant\n\n- Likes lists.\n\n"
        "## Segments\n\n### Tea (1 page)\n\n> Green.\n> Or white.\n\nKeywords: tea, leaf\n\n"
        "## Pages\n\n### 2026-01-01\n\n"
        "#### Page 1, 09:01\n\nYou:\n\n> Which tea?\n\nIris:\n\n> Green.\n\n"
        "#### Page 2, 09:02, not used\n\nYou:\n\n> And when?\n\n"
    )
    assert "Likes lists" not in document(memory, shared=False)
    with translation.override("id"):
        assert "## Profil\n" in document(memory)


@pytest.mark.parametrize(
    "text",
    [
        "## Pages\n\n#### Page 9",
        "```\nnever closed",
        "<!-- never closed",
        "<div>\n\n# Heading",
        "one\r\n# two\r# three\u2028# four\x0b# five",
        "- a\n\n# b",
        "Setext\n====",
    ],
)
def test_nothing_said_can_break_the_document(memory: Memory, text: str) -> None:
    segment = SegmentFactory(memory=memory, title=text[:120], summary=text, keywords=[text[:64]])
    PageFactory(segment=segment, query=text, response=text)
    PageFactory(memory=memory, query="harmless", response="")
    ProfileFactory(memory=memory, name=text[:60], value=text)
    TraitFactory(memory=memory, reason=text)
    KnowledgeFactory(memory=memory, text=text)
    tokens = MarkdownIt().parse(document(memory))
    headings = [tokens[n + 1].content for n, token in enumerate(tokens) if _is_heading(token)]
    ours = [heading for n, heading in enumerate(headings) if headings[n - 1] != "Segments"]
    known = ["Profile", "Traits", "Basic needs and personality", "Facts about you", "About the assistant"]
    assert ours[1:] == [*known, "Segments", "Pages", "2026-01-01", "Page 1, 09:01", "Page 2, 09:02"]
    assert not [token for token in tokens if token.type in ("html_block", "fence") and token.level == 0]


def _is_heading(token: Token) -> bool:
    """Say whether a heading of the document begins here, and none that stands in a quote."""
    return token.type == "heading_open" and token.level == 0


def test_names() -> None:
    key = MemoryFactory().key
    assert page_id(key, "mine", 3) == "mine"
    assert own_position(key, page_id(key, None, 3)) == 3
    for other in ("mine", f"memoryos:{key}:0", f"memoryos:{key}:03", f"memoryos:{key}:{'9' * 30}", f"x{key}:3"):
        assert own_position(key, other) is None
    assert own_position(MemoryFactory().key, page_id(key, None, 3)) is None
    assert file_name('../猫 "x"', NOW, ".json") == "memory .. 猫 x 2026-11-25.json"
