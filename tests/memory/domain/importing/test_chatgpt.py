"""ChatGPT's export: which messages become pages."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from memory.domain.importing import Contents, read
from memory.exceptions import ImportFault

NOW = datetime(2026, 5, 5, tzinfo=UTC)
BEGUN = 1_700_000_000
AT = datetime.fromtimestamp(BEGUN, UTC)


def message(role: str, *parts: Any, at: float | None = BEGUN, kind: str = "text", **fields: Any) -> dict[str, Any]:
    content = {"content_type": kind, "parts": list(parts)}
    return {"author": {"role": role}, "create_time": at, "content": content, **fields}


def conversation(*messages: dict[str, Any] | None, **fields: Any) -> dict[str, Any]:
    """Return a conversation of messages that follow each other, named m0, m1 ..."""
    mapping: dict[str, Any] = {"root": {"id": "root", "message": None, "parent": None, "children": ["m0"]}}
    for number, said in enumerate(messages):
        parent = f"m{number - 1}" if number else "root"
        named = None if said is None else {"id": f"id{number}", **said}
        mapping[f"m{number}"] = {"id": f"m{number}", "message": named, "parent": parent, "children": []}
    last = f"m{len(messages) - 1}" if messages else "root"
    return {
        "title": "Tea",
        "create_time": BEGUN,
        "mapping": mapping,
        "current_node": last,
        "conversation_id": "c1",
        **fields,
    }


def contents(*conversations: Any) -> Contents:
    return read(list(conversations), name="conversations.json", now=NOW)


def said(found: Contents) -> list[tuple[str, str]]:
    return [(page.query, page.response) for page in found.pages]


def test_a_turn_and_its_answers_are_a_page() -> None:
    found = contents(
        conversation(
            message("user", "Which tea?"),
            message("assistant", "Green."),
            message("assistant", "Or white."),
            message("user", "And", "when?", at=BEGUN + 60.5),
            message("user", "Please."),
            message("assistant", "At four."),
            message("user", "Thanks"),
        )
    )
    assert said(found) == [
        ("Which tea?", "Green.\n\nOr white."),
        ("And\nwhen?\n\nPlease.", "At four."),
        ("Thanks", ""),
    ]
    assert [page.external_id for page in found.pages] == ["chatgpt:id0", "chatgpt:id3", "chatgpt:id6"]
    assert found.pages[0].occurred_at == AT
    assert found.pages[1].occurred_at == datetime.fromtimestamp(BEGUN + 60.5, UTC)
    assert found.pages[0].metadata == {"conversation": "Tea", "conversation_id": "c1"}
    assert found.format == "chatgpt"


def test_only_the_branch_that_was_shown_is_read() -> None:
    tree = conversation(message("user", "First"), message("assistant", "Old"))
    tree["mapping"]["new"] = {
        "parent": "m0",
        "message": {"id": "new", **message("assistant", "New")},
    }
    assert said(contents({**tree, "current_node": "new"})) == [("First", "New")]
    assert said(contents(tree)) == [("First", "Old")]


def test_without_a_current_node_the_last_leaf_counts_and_it_is_told() -> None:
    tree = conversation(message("user", "First"), message("assistant", "Answer"), current_node=None)
    found = contents(tree, conversation(current_node="gone"))
    assert said(found) == [("First", "Answer")]
    assert found.warnings["no_branch"] == 2


@pytest.mark.parametrize(
    "hidden",
    [
        message("system", "You are"),
        message("tool", "Result"),
        message("assistant", "search()", recipient="browser"),
        message("assistant", "Hm", channel="commentary"),
        message("user", "About me", metadata={"is_visually_hidden_from_conversation": True}),
        message("assistant", "x", weight=0.0),
    ],
)
def test_what_was_not_for_the_person_is_left_out_and_counted(hidden: dict[str, Any]) -> None:
    found = contents(conversation(message("user", "Hi"), hidden, message("assistant", "Hello", recipient="all")))
    assert said(found) == [("Hi", "Hello")]
    assert +found.warnings == Counter(hidden=1)


def test_pictures_are_left_out_and_spoken_words_are_kept() -> None:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file"}
    spoken = {"content_type": "audio_transcription", "text": "Can you hear me?"}
    found = contents(
        conversation(
            message("user", picture, "What is this?", kind="multimodal_text"),
            message("assistant", "A cat."),
            message("user", picture, kind="multimodal_text"),
            message("user", spoken, kind="multimodal_text"),
            message("assistant", "thinking", kind="thoughts"),
            {**message("assistant"), "content": {"content_type": "code", "text": "x = 1"}},
        )
    )
    assert said(found) == [("What is this?", "A cat."), ("Can you hear me?", "")]
    assert found.warnings["no_text"] == 3


def test_pages_of_all_conversations_are_in_order_and_none_twice() -> None:
    later = conversation(message("user", "Later", at=BEGUN + 10), conversation_id="c2")
    earlier = conversation(message("user", "Earlier"))
    earlier["mapping"]["m0"]["message"]["id"] = "other"
    found = contents(later, earlier, later)
    assert [page.query for page in found.pages] == ["Earlier", "Later"]


def test_times_that_are_missing_or_run_backwards_keep_the_order() -> None:
    undated = conversation(
        message("user", "a", at=None), message("assistant", "b"), message("user", "c", at=BEGUN - 5), create_time=None
    )
    found = contents(undated)
    assert [page.query for page in found.pages] == ["a", "c"]
    assert found.warnings["undated"] == 1
    assert found.pages[0].occurred_at == NOW
    in_order = contents(conversation(message("user", "a"), message("assistant", "b"), message("user", "c", at=1)))
    assert [page.query for page in in_order.pages] == ["a", "c"]


def test_half_characters_and_nul_are_replaced() -> None:
    found = contents(conversation(message("user", "a\0b \ud800"), title="t\0"))
    assert said(found) == [("a\ufffdb \ufffd", "")]
    assert found.pages[0].metadata["conversation"] == "t\ufffd"


def test_a_date_in_the_future_is_told() -> None:
    assert contents(conversation(message("user", "a", at=NOW.timestamp() + 60))).warnings["future"] == 1


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (7, "Conversation 2 is not an object"),
        (conversation(mapping=[]), "Conversation 2 “Tea”: 'mapping' must be an object"),
        (conversation(title=3), "Conversation 2: 'title' must be text"),
        (conversation(message("user", "a", at=1e30)), "message 'm0': 'create_time' must lie between the years"),
        (conversation({**message("user", "a"), "create_time": "now"}), "'create_time' must be a time in seconds"),
        (conversation({**message("user"), "content": "x"}), "message 'm0' is not an object"),
        (conversation({**message("user"), "content": {"content_type": "text", "parts": 3}}), "'parts' must be a list"),
        (conversation(create_time=True), "'create_time' must be a time in seconds"),
    ],
)
def test_a_fault_names_the_conversation_and_the_message(broken: Any, fault: str) -> None:
    with pytest.raises(ImportFault, match=fault):
        contents(conversation(message("user", "a")), broken)


def test_a_message_that_follows_itself_ends_nothing_but_the_import() -> None:
    tree = conversation(message("user", "a"), message("assistant", "b"))
    tree["mapping"]["m0"]["parent"] = "m1"
    with pytest.raises(ImportFault, match="follows itself"):
        contents(tree)


def test_a_very_long_conversation_needs_no_recursion() -> None:
    found = contents(conversation(*(message(("user", "assistant")[n % 2], str(n)) for n in range(20_000))))
    assert len(found.pages) == 10_000
