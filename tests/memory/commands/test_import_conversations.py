import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from memory.models import Assistant, Memory, Page
from tests.memory.factories import MemoryFactory, UserFactory
from tests.paths import CONVERSATION, LOCOMO, needs_locomo

pytestmark = pytest.mark.django_db


def run(path: Path, **options: object) -> str:
    out = StringIO()
    call_command("import_conversations", path, stdout=out, stderr=out, **options)
    return out.getvalue()


def test_an_import_keeps_dates_and_goes_the_whole_way() -> None:
    UserFactory(username="nora")
    said = run(CONVERSATION, user="nora", assistant="diary")
    memory = Memory.objects.get(assistant__slug="diary")
    assert "16 pages added, 0 were there already." in said
    assert "16/16" in said
    assert memory.pages.count() == memory.pages.short_term().count() + memory.pages.mid_term().count() == 16
    assert memory.pages.short_term().count() <= memory.conf.short_term_capacity
    assert memory.pages.earliest("position").occurred_at.isoformat() == "2026-03-02T08:14:00+00:00"
    assert memory.segments.exists()


def test_importing_twice_adds_nothing() -> None:
    UserFactory(username="nora")
    run(CONVERSATION, user="nora")
    before = list(Page.objects.values_list("pk", "segment_id"))
    assert "0 pages added, 16 were there already." in run(CONVERSATION, user="nora")
    assert list(Page.objects.values_list("pk", "segment_id")) == before


def test_a_malformed_entry_imports_nothing_and_makes_no_assistant(tmp_path: Path) -> None:
    UserFactory(username="nora")
    entries = json.loads(CONVERSATION.read_text(encoding="utf-8"))
    entries[9]["agent_response"] = None
    (tmp_path / "bad.json").write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(CommandError, match=r"Entry 10: 'agent_response'.*Nothing was imported"):
        run(tmp_path / "bad.json", user="nora", assistant="diary")
    assert not Page.objects.exists()
    assert not Assistant.objects.exists()


def test_an_unknown_person_or_a_strangers_assistant_is_refused() -> None:
    memory = MemoryFactory()
    UserFactory(username="nora")
    with pytest.raises(CommandError, match="no person named 'tom'"):
        run(CONVERSATION, user="tom")
    with pytest.raises(CommandError, match="not a member"):
        run(CONVERSATION, user="nora", assistant=memory.assistant.slug)
    assert not Page.objects.exists()


@pytest.mark.parametrize("slug", ["My Notes", "a/b", "x" * 81, ""])
def test_a_slug_no_address_could_hold_is_refused(slug: str) -> None:
    UserFactory(username="nora")
    with pytest.raises(CommandError, match=r"cannot name an assistant.*Nothing was imported"):
        run(CONVERSATION, user="nora", assistant=slug)
    assert not Page.objects.exists()


@needs_locomo
def test_conv_26_fills_every_tier_and_loses_nothing() -> None:
    UserFactory(username="caroline")
    run(LOCOMO, user="caroline", assistant="locomo", conversation="conv-26")
    memory = Memory.objects.get(assistant__slug="locomo")
    [conversation] = [s for s in json.loads(LOCOMO.read_text(encoding="utf-8")) if s["sample_id"] == "conv-26"]
    turns = [
        turn
        for key, value in conversation["conversation"].items()
        if key.startswith("session_") and isinstance(value, list)
        for turn in value
    ]
    pages = list(memory.pages.order_by("position"))
    stored = [turn for page in pages for turn in page.metadata["turns"]]
    assert sorted(stored) == sorted(turn["dia_id"] for turn in turns)
    everything = "\n".join(f"{page.query}\n{page.response}" for page in pages)
    assert [turn["dia_id"] for turn in turns if turn["text"] not in everything] == []
    assert [turn for turn in turns if turn.get("blip_caption", "") not in everything] == []
    short, mid = memory.pages.short_term().count(), memory.pages.mid_term().count()
    assert (short + mid, short > 0, mid > 0) == (len(pages), True, True)
    assert sum(segment.pages.count() for segment in memory.segments.all()) == mid
    assert memory.profile.exists()
    assert memory.traits.exists()
    assert memory.knowledge.active().exists()
