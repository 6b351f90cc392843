"""Several processes on one database: what the paper's own code lost half of its pages to."""

import json
import re
import threading
from collections import Counter
from pathlib import Path

import pytest

from memory.domain.recording import PageDraft, record_pages
from memory.enums import Source
from memory.llm.prompts import TRANSFER_TASK
from memory.models import Memory
from tests.memory.factories import EPOCH, MemoryFactory
from tests.memory.processes import HeldModel, Processes, wait_until
from tests.memory.wholeness import assert_whole
from tests.openai_server import Behaviour, OpenAIServer, RecordedRequest

pytestmark = [pytest.mark.process, pytest.mark.proof]

PAGES = 150
"""Of each writer."""


def remember(memory: Memory, count: int) -> None:
    """Every page names its memory, so that a model can tell whom a request is about."""
    drafts = [PageDraft(f"About memory {memory.pk}: {n}", "I see.", EPOCH) for n in range(count)]
    record_pages(memory, drafts, Source.IMPORT)


def assert_queue_is_newest(memory: Memory) -> None:
    """Assert that at this moment positions have no gap and short-term memory is the newest pages."""
    rows = list(memory.pages.order_by("position").values_list("position", "segment"))
    assert [position for position, _ in rows] == list(range(1, len(rows) + 1))
    waiting = [position for position, segment in rows if segment is None]
    assert waiting == list(range(len(rows) - len(waiting) + 1, len(rows) + 1))


def test_two_writers_beside_two_workers_lose_nothing(processes: Processes) -> None:
    memory = MemoryFactory()

    def both_are_done() -> bool:
        assert_queue_is_newest(memory)
        return not any(writer.running for writer in writers)

    with OpenAIServer() as model:
        for _ in range(2):
            processes.worker(model)
        writers = [processes.writer(memory, name, PAGES) for name in ("ada", "bob")]
        processes.begin(*writers)
        wait_until(both_are_done, "both have written their pages")
        assert [writer.wait() for writer in writers] == [0, 0]
        processes.wait_until_idle(memory)
    said = list(memory.pages.order_by("position").values_list("query", flat=True))
    for name in ("ada", "bob"):
        assert [query for query in said if query.startswith(name)] == [f"{name} {n}" for n in range(PAGES)]
    first_half = {query.split()[0] for query in said[:PAGES]}
    assert first_half == {"ada", "bob"}, "they did write at the same time"
    assert_whole(memory, pages=2 * PAGES)


def test_two_writers_with_the_same_external_ids_store_each_page_once(processes: Processes) -> None:
    memory = MemoryFactory()
    writers = [processes.writer(memory, "ada", 40, "--ids") for _ in range(2)]
    processes.begin(*writers)
    assert [writer.wait() for writer in writers] == [0, 0]
    pages = memory.pages.order_by("position").values_list("query", "external_id")
    assert list(pages) == [(f"ada {n}", f"ada-{n}") for n in range(40)]


class MeetingModel(OpenAIServer):
    """Answers a first request only when one about another memory is there, too; counts what runs at once."""

    def __init__(self) -> None:
        super().__init__()
        self.most_at_once: Counter[str] = Counter()
        self._now: Counter[str] = Counter()
        self._counted = threading.Condition()

    def take_behaviour(self, request: RecordedRequest) -> Behaviour:
        [name] = set(re.findall(r"About memory (\d+)", request.text))
        with self._counted:
            self._now[name] += 1
            self.most_at_once |= self._now
            self._counted.notify_all()
            met = self._counted.wait_for(lambda: len(self.most_at_once) > 1, timeout=30)
            self._now[name] -= 1
        return super().take_behaviour(request) if met else Behaviour(status=500)


def test_workers_run_memories_side_by_side_and_one_memory_in_turn(processes: Processes) -> None:
    memories = [MemoryFactory() for _ in range(4)]
    for memory in memories:
        remember(memory, 30)
    with MeetingModel() as model:
        for _ in range(2):
            processes.worker(model)
        processes.wait_until_idle(*memories)
        assert set(model.most_at_once) == {str(memory.pk) for memory in memories}
        assert set(model.most_at_once.values()) == {1}
    for memory in memories:
        assert memory.pages.short_term().count() <= 7
        assert_whole(memory, pages=30)


def test_two_imports_that_move_the_same_pages_move_them_once(processes: Processes, tmp_path: Path) -> None:
    """Without a worker each import command moves pages itself; both have asked a model about the same batch."""
    memory = MemoryFactory()
    commands = []
    with HeldModel(hold=TRANSFER_TASK) as model:
        for number, name in enumerate(("ada", "bob"), start=1):
            path = tmp_path / f"{name}.json"
            path.write_text(json.dumps([{"user_input": f"{name} {n}", "agent_response": "I see."} for n in range(20)]))
            options = ("--user", memory.user.username, "--assistant", memory.assistant.slug)
            commands.append(processes.manage("import_conversations", str(path), *options, model=model))
            requests = model.wait_until_thinking(number)
        assert all('"user": "ada 0"' in request.text for request in requests), "both want to move the oldest page"
        model.release()
        assert [command.wait() for command in commands] == [0, 0]
        beaten = ["Another worker moved these pages first" in command.output for command in commands]
        assert sorted(beaten) == [False, True]
        processes.worker(model)
        processes.wait_until_idle(memory)
    assert memory.pages.short_term().count() <= 7
    assert_whole(memory, pages=40)
