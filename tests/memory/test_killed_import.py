"""Imports beside real workers: killed in the middle, and with no worker at all at first."""

from __future__ import annotations

import io
import json

import pytest

from memory.domain.demo import DATA
from memory.domain.imports import BATCH, confirm, receive
from memory.enums import EventKind, ImportState
from memory.models import Import, Memory, Page
from tests.memory.factories import MemoryFactory
from tests.memory.processes import Processes, held_rows, wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


def take(memory: Memory, data: object) -> Import:
    return receive(memory, io.BytesIO(json.dumps(data).encode()), "file.json", by=memory.user)


def state_of(upload: Import) -> str:
    upload.refresh_from_db()
    return upload.state


def test_a_killed_worker_loses_and_doubles_nothing(processes: Processes) -> None:
    memory = MemoryFactory()
    # In segments already: no model has anything to move afterwards.
    data = json.loads(DATA.read_text(encoding="utf-8"))
    first = data["pages"][0]
    data["pages"] = [{**first, "id": f"page {n}", "position": n, "analysed_at": None} for n in range(1, 2 * BATCH + 51)]
    data["knowledge"] = data["knowledge"][:2]
    for part in ("traits", "profile"):
        data[part] = data[part][:1]
    upload = take(memory, data)
    worker = processes.worker()
    wait_until(lambda: state_of(upload) == ImportState.READY, "the file is read")
    confirm(upload, by=memory.user)
    wait_until(lambda: state_of(upload) != ImportState.IMPORTING or upload.done > 0, "a batch is stored")
    with held_rows(Memory.objects.filter(pk=memory.pk)) as somebody_waits:
        somebody_waits()
        worker.end()
    worker.wait_until_forgotten()
    assert (state_of(upload), upload.done) == (ImportState.IMPORTING, memory.pages.count())
    assert upload.done < upload.total
    processes.let_a_minute_pass()
    processes.worker()
    wait_until(lambda: state_of(upload) == ImportState.DONE, "the import is done")
    processes.wait_until_idle(memory)
    assert (upload.added, upload.known, memory.pages.count()) == (2 * BATCH + 50, 0, 2 * BATCH + 50)
    positions = list(memory.pages.order_by("position").values_list("position", flat=True))
    assert positions == list(range(1, 2 * BATCH + 51))
    assert memory.segments.count() == 1
    assert memory.events.filter(kind=EventKind.IMPORTED, target_type="memory").count() == 1
    assert not Page.objects.filter(embedding__isnull=True).exists()
