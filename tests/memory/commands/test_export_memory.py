"""`manage.py export_memory`, and the way back by `import_conversations`."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from memory.domain.demo import load_demo
from memory.enums import EventKind, Role
from memory.models import Knowledge, Memory
from tests.memory.factories import AssistantKnowledgeFactory, MemoryFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory() -> Memory:
    memory: Memory = MemoryFactory(user=UserFactory(username="caro"))
    load_demo(memory, by=memory.user)
    return memory


def export(*args: str) -> str:
    err = StringIO()
    call_command("export_memory", *args, user="caro", stdout=StringIO(), stderr=err)
    return err.getvalue()


def test_to_standard_output(memory: Memory, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    export()
    assert len(json.loads(capfdbinary.readouterr().out)["pages"]) == 60
    export("--format", "markdown")
    assert capfdbinary.readouterr().out.startswith(b"# What Assistant ")


def test_to_a_file_and_back_into_another_memory(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    assert export("--output", str(path)) == f"60 pages are in {path}.\n"
    out = StringIO()
    for added, known in ((60, 0), (0, 60)):
        call_command("import_conversations", path, user="caro", assistant="second", stdout=out, stderr=out)
        assert f"{added} pages added, {known} were there already." in out.getvalue()
    second = Memory.objects.get(assistant__slug="second")
    assert (second.segments.count(), second.knowledge.count(), second.traits.count()) == (9, 27, 16)
    assert Knowledge.objects.filter(assistant=second.assistant).count() == 4
    assert second.pages.short_term().count() == 7
    assert second.events.filter(kind=EventKind.IMPORTED, target_type="memory").count() == 2
    assert not second.pages.filter(embedding__isnull=True).exists()


def test_a_member_takes_along_no_shared_knowledge(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    memory = MemoryFactory(user=UserFactory(username="caro"), role=Role.MEMBER)
    AssistantKnowledgeFactory(assistant=memory.assistant)
    export()
    assert json.loads(capfdbinary.readouterr().out)["knowledge"] == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"user": "nobody"}, "There is no person named 'nobody'."),
        ({"user": "caro", "assistant": "other"}, "caro is not a member of 'other'."),
        ({"user": "caro", "output": Path("/nowhere/x.json")}, "/nowhere/x.json could not be written: No such file"),
    ],
)
def test_what_cannot_be_done_is_told(memory: Memory, options: dict[str, object], fault: str) -> None:
    MemoryFactory(assistant__slug="other")
    with pytest.raises(CommandError, match=fault):
        call_command("export_memory", **options)
    UserFactory(username="new")
    with pytest.raises(CommandError, match="new has no assistant yet"):
        call_command("export_memory", user="new")
