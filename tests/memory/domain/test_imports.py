"""The way of an uploaded file into a memory, step by step."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job
from pytest_django.fixtures import Settings

from memory import tasks
from memory.domain import imports
from memory.domain.demo import DATA
from memory.domain.forgetting import EVERYTHING, forget
from memory.domain.imports import BATCH, cancel, confirm, drop_stale, read_upload, receive, retry, run
from memory.domain.jobs import cancel_waiting, job_state
from memory.enums import EventKind, ImportState, Role, Source
from memory.exceptions import ImportFault, ImportNotOpen, ImportTooBig
from memory.models import Import, Memory, Page
from memory.models.incoming import CHUNK, ImportChunk
from memory.signals import page_recorded
from tests.memory.factories import ImportFactory, MembershipFactory, MemoryFactory, PageFactory, ProfileFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory() -> Memory:
    return MemoryFactory()


def entries(number: int) -> list[dict[str, str]]:
    stamp = "2026-01-01 00:{:02}:{:02}"
    return [
        {"user_input": f"Question {n}", "agent_response": "Answer", "timestamp": stamp.format(*divmod(n, 60))}
        for n in range(number)
    ]


def take(memory: Memory, data: Any, name: str = "file.json", **options: Any) -> Import:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return receive(memory, io.BytesIO(raw), name, by=memory.user, **options)


def ready(memory: Memory, data: Any) -> Import:
    upload = read_upload(take(memory, data))
    assert upload.state == ImportState.READY
    return upload


def queued() -> list[tuple[str, str | None, Any]]:
    return [(job.task_name, job.lock, job.args) for job in ProcrastinateJob.objects.order_by("id")]


def context() -> JobContext:
    job = Job(id=7, queue="memory", lock=None, queueing_lock=None, task_name="x")
    return JobContext(start_timestamp=0, app=app, job=job, abort_reason=lambda: None)


def test_a_file_is_kept_in_pieces_and_queued(memory: Memory) -> None:
    data = json.dumps(entries(3)).encode() + b" " * (CHUNK + 1)
    upload = take(memory, data, "my file.json")
    assert (upload.state, upload.size, upload.chunks.count()) == (ImportState.READING, len(data), 2)
    assert b"".join(bytes(chunk.data) for chunk in upload.chunks.all()) == data
    assert queued() == [("memory.read_import", f"memory:{memory.pk}:import", {"import_id": upload.pk})]
    assert job_state(memory).queued == 1


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "file.json is empty"),
        (b"not json", "file.json is not JSON"),
        ({"a": 1}, "file.json is of no known format"),
        ([{"a": 1}], "file.json is of no known format"),
        ("text", "holds no conversation"),
        ([*entries(1), {"user_input": 3}], "Entry 2: 'user_input' must be text"),
    ],
)
def test_a_fault_in_a_small_file_is_told_at_once(memory: Memory, data: Any, fault: str) -> None:
    with pytest.raises(ImportFault, match=fault):
        take(memory, data)
    assert (Import.objects.count(), queued()) == (0, [])


def test_a_file_that_is_too_big_is_refused_with_the_sizes(memory: Memory, settings: Settings) -> None:
    settings.MEMORYOS_IMPORT_MAX_MB = 1
    with pytest.raises(ImportTooBig, match=r"The file has 1.5 MB; 1 MB is the most."):
        take(memory, b" " * 1_500_000)
    assert Import.objects.count() == 0


def test_a_fault_in_a_big_file_is_told_when_it_was_read(memory: Memory, settings: Settings) -> None:
    broken = json.dumps([*entries(9), {"user_input": "x"}]).encode() + b" " * imports.AT_ONCE
    upload = take(memory, broken)
    tasks.read_import(context(), import_id=upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.confirmed, upload.chunks.count()) == (ImportState.FAILED, False, 0)
    assert upload.error == "Entry 10: 'agent_response' must be text, but is missing."
    assert memory.pages.count() == 0
    with pytest.raises(ImportNotOpen):
        retry(upload, by=memory.user)


def test_faults_are_told_in_the_language_of_who_gave_the_file(memory: Memory) -> None:
    upload = take(memory, entries(1), language="id")
    ImportChunk.objects.filter(of=upload).update(data=b"[]")
    tasks.read_import(context(), import_id=upload.pk)
    upload.refresh_from_db()
    assert upload.state == ImportState.FAILED


def test_the_preview_says_what_would_be_new(memory: Memory) -> None:
    PageFactory(memory=memory, query="Question 0", response="Answer")
    upload = ready(memory, entries(5))
    confirm(upload, by=memory.user)
    run(Import.objects.get(pk=upload.pk))
    again = ready(memory, entries(7))
    assert (again.total, again.format) == (7, "paper_demo")
    assert again.preview["pages"] == {"all": 7, "new": 2, "known": 5, "differing": 0}
    assert (again.preview["first"], again.preview["last"]) == ("2026-01-01T00:00:00+00:00", "2026-01-01T00:00:06+00:00")
    assert [page["query"] for page in again.preview["samples"]] == ["Question 0", "Question 1", "Question 2"]


def test_the_preview_of_a_memory_names_what_does_not_agree(memory: Memory) -> None:
    ProfileFactory(memory=memory, name="home", value="Oslo", locked=True)
    told = ready(memory, json.loads(DATA.read_text(encoding="utf-8"))).preview
    assert told["clashes"] == [
        {
            "kind": "profile",
            "name": "home",
            "here": "Oslo",
            "file": "Grantown-on-Spey, Scotland",
            "verdict": "stays_by_hand",
        }
    ]
    assert (told["profile"], told["traits"]) == ({"new": 7, "stays_by_hand": 1}, {"new": 16})
    assert (told["facts"], told["assistant_knowledge"]) == ({"new": 27}, {"new": 4})
    assert (told["segments"], told["short_term"], told["left_out"], told["own"]) == (9, 7, 0, False)


def test_a_member_is_told_what_is_left_out() -> None:
    memory = MemoryFactory(role=Role.MEMBER)
    upload = ready(memory, json.loads(DATA.read_text(encoding="utf-8")))
    assert (upload.preview["left_out"], upload.preview["assistant_knowledge"]) == (4, {})
    run(confirm(upload, by=memory.user))
    assert memory.assistant.knowledge.count() == 0


def test_nothing_is_imported_before_it_is_confirmed(memory: Memory) -> None:
    upload = ready(memory, entries(3))
    assert run(upload).state == ImportState.READY
    assert memory.pages.count() == 0


def test_pages_are_stored_in_batches_with_progress_and_the_file_is_dropped(memory: Memory) -> None:
    upload = confirm(ready(memory, entries(BATCH + 3)), by=memory.user)
    assert (upload.state, queued()[-1][0]) == (ImportState.IMPORTING, "memory.run_import")
    tasks.run_import(context(), import_id=upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.done, upload.added, upload.known) == (ImportState.DONE, BATCH + 3, BATCH + 3, 0)
    assert (upload.chunks.count(), upload.preview) == (0, {})
    assert upload.finished_at is not None
    assert set(memory.pages.values_list("source", flat=True)) == {Source.IMPORT}
    event = memory.events.get(kind=EventKind.IMPORTED)
    assert (event.after, event.user, event.job_id) == ({"format": "paper_demo", "pages": 203}, memory.user, 7)


def test_confirming_twice_is_once_and_the_second_run_does_nothing(memory: Memory) -> None:
    upload = confirm(ready(memory, entries(3)), by=memory.user)
    confirm(upload, by=memory.user)
    assert [name for name, *_ in queued()].count("memory.run_import") == 1
    run(Import.objects.get(pk=upload.pk))
    tasks.run_import(context(), import_id=upload.pk)
    assert confirm(upload, by=memory.user).state == ImportState.DONE
    assert memory.pages.count() == 3
    assert memory.events.filter(kind=EventKind.IMPORTED).count() == 1


def test_the_same_file_twice_adds_nothing(memory: Memory) -> None:
    for added in (4, 0):
        upload = run(confirm(ready(memory, entries(4)), by=memory.user))
        assert (upload.added, upload.known) == (added, 4 - added)
    assert memory.pages.count() == 4


@contextmanager
def on_batch(number: int, deed: Callable[[], object]) -> Iterator[None]:
    """Do something in the middle of the transaction that stores a batch of pages."""
    batches = count(1)

    def receive_pages(**_: Any) -> None:
        if next(batches) == number:
            deed()

    page_recorded.connect(receive_pages)
    try:
        yield
    finally:
        page_recorded.disconnect(receive_pages)


def killed() -> None:
    raise KeyboardInterrupt


def broken() -> None:
    raise ValueError("secret detail")


def test_a_run_that_was_killed_goes_on(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 10)
    upload = confirm(ready(memory, entries(35)), by=memory.user)
    with on_batch(3, killed), pytest.raises(KeyboardInterrupt):
        run(upload)
    upload.refresh_from_db()
    assert (upload.state, upload.done, upload.added, memory.pages.count()) == (ImportState.IMPORTING, 20, 20, 20)
    upload = run(Import.objects.get(pk=upload.pk))
    assert (upload.state, upload.done, upload.added, upload.known) == (ImportState.DONE, 35, 35, 0)
    queries = memory.pages.order_by("position").values_list("query", flat=True)
    assert list(queries) == [f"Question {n}" for n in range(35)]


def test_a_run_that_failed_can_be_tried_again(memory: Memory) -> None:
    upload = confirm(ready(memory, entries(3)), by=memory.user)
    with on_batch(1, broken):
        tasks.run_import(context(), import_id=upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.confirmed) == (ImportState.FAILED, True)
    assert upload.error == "An unexpected error. The server's log says more."
    assert memory.pages.count() == 0
    assert retry(upload, by=memory.user).state == ImportState.IMPORTING
    assert run(Import.objects.get(pk=upload.pk)).added == 3


def test_cancelling_ends_a_run_between_two_batches(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 10)
    upload = confirm(ready(memory, entries(35)), by=memory.user)
    with on_batch(2, lambda: cancel(Import.objects.get(pk=upload.pk), by=memory.user)):
        ended = run(upload)
    assert (ended.state, ended.added, ended.chunks.count()) == (ImportState.CANCELLED, 20, 0)
    assert memory.pages.count() == 20
    assert not memory.events.filter(kind=EventKind.IMPORTED).exists()


def remove(memory: Memory) -> None:
    memory.assistant.memberships.filter(user=memory.user).delete()


def test_the_import_of_somebody_who_is_no_member_any_more_stops_until_they_are_back(memory: Memory) -> None:
    upload = confirm(ready(memory, entries(3)), by=memory.user)
    remove(memory)
    tasks.run_import(context(), import_id=upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.error, upload.chunks.count()) == (ImportState.FAILED, "", 1)
    assert (memory.pages.count(), memory.events.count()) == (0, 0)
    MembershipFactory(assistant=memory.assistant, user=memory.user)
    retry(upload, by=memory.user)
    tasks.run_import(context(), import_id=upload.pk)
    upload.refresh_from_db()
    assert (upload.state, memory.pages.count()) == (ImportState.DONE, 3)


def test_the_file_of_somebody_who_is_no_member_any_more_is_not_read(memory: Memory) -> None:
    upload = take(memory, entries(3))
    remove(memory)
    tasks.read_import(context(), import_id=upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.preview, upload.chunks.count()) == (ImportState.CANCELLED, {}, 0)


@pytest.mark.parametrize(("batch", "stored"), [(1, 10), (2, 15)])
def test_a_removal_ends_a_run_before_the_next_batch_or_before_its_end(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, batch: int, stored: int
) -> None:
    monkeypatch.setattr(imports, "BATCH", 10)
    upload = confirm(ready(memory, entries(15)), by=memory.user)
    with on_batch(batch, lambda: remove(memory)):
        halted = run(upload)
    assert (halted.state, halted.done, halted.chunks.count()) == (ImportState.FAILED, stored, 1)
    assert memory.pages.count() == stored
    assert not memory.events.filter(kind=EventKind.IMPORTED).exists()


@pytest.mark.parametrize("state", ["reading", "ready", "importing", "failed"])
def test_whatever_is_open_can_be_cancelled(memory: Memory, state: str) -> None:
    upload = take(memory, entries(1))
    Import.objects.filter(pk=upload.pk).update(state=state)
    ended = cancel(Import.objects.get(pk=upload.pk), by=memory.user)
    assert (ended.state, ended.chunks.count()) == (ImportState.CANCELLED, 0)
    assert cancel(ended, by=memory.user).state == ImportState.CANCELLED
    with pytest.raises(ImportNotOpen):
        confirm(ended, by=memory.user)


def test_an_import_whose_job_an_operator_cancels_can_be_tried_again(memory: Memory) -> None:
    upload = confirm(ready(memory, entries(3)), by=memory.user)
    assert [cancel_waiting(job) for job in ProcrastinateJob.objects.filter(task_name=imports.RUN)] == [True]
    upload.refresh_from_db()
    assert (upload.state, upload.error, upload.chunks.count()) == (ImportState.FAILED, "", 1)
    retry(upload, by=memory.user)
    assert queued()[-1] == ("memory.run_import", f"memory:{memory.pk}:import", {"import_id": upload.pk})
    assert run(Import.objects.get(pk=upload.pk)).added == 3


def test_an_upload_whose_job_an_operator_cancels_is_dropped(memory: Memory) -> None:
    upload = take(memory, entries(3))
    job = ProcrastinateJob.objects.get()
    assert [cancel_waiting(job), cancel_waiting(job)] == [True, False]
    upload.refresh_from_db()
    assert (upload.state, upload.chunks.count(), queued()) == (ImportState.CANCELLED, 0, [])


def test_a_job_that_runs_already_is_not_cancelled_and_its_import_goes_on(memory: Memory) -> None:
    upload = take(memory, entries(3))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    assert not cancel_waiting(ProcrastinateJob.objects.get())
    assert read_upload(upload).state == ImportState.READY


def test_what_is_done_cannot_be_cancelled(memory: Memory) -> None:
    with pytest.raises(ImportNotOpen):
        cancel(ImportFactory(memory=memory, state=ImportState.DONE), by=memory.user)


def test_a_file_that_is_not_confirmed_goes_after_a_day(memory: Memory) -> None:
    old, new, running = (take(memory, entries(1)) for _ in range(3))
    Import.objects.filter(pk__in=[old.pk, running.pk]).update(created_at=timezone.now() - timedelta(hours=25))
    Import.objects.filter(pk=running.pk).update(state=ImportState.IMPORTING)
    tasks.drop_stale_imports(timestamp=0)
    states = dict(Import.objects.values_list("pk", "state"))
    assert states == {old.pk: "cancelled", new.pk: "reading", running.pk: "importing"}
    assert (old.chunks.count(), new.chunks.count(), running.chunks.count()) == (0, 1, 1)
    assert drop_stale(timezone.now()) == 0


def test_forgetting_everything_takes_uploaded_files_along(memory: Memory) -> None:
    upload = ready(memory, entries(1))
    PageFactory(memory=memory)
    forget(memory, EVERYTHING, by=memory.user)
    assert Import.objects.count() == 0
    tasks.run_import(context(), import_id=upload.pk)


def test_a_memory_that_is_gone_ends_its_imports_quietly(memory: Memory, caplog: pytest.LogCaptureFixture) -> None:
    upload = Import.objects.select_related("memory", "by").get(pk=take(memory, entries(1)).pk)
    memory.delete()
    tasks.read_import(context(), import_id=upload.pk)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_page_without_a_date_has_that_of_the_upload(memory: Memory) -> None:
    upload = ready(memory, [{"user_input": "a", "agent_response": "b"}])
    run(confirm(upload, by=memory.user))
    assert Page.objects.get().occurred_at == upload.created_at


def test_what_somebody_else_stores_meanwhile_is_not_doubled(memory: Memory) -> None:
    upload = ready(memory, entries(2))
    contents = imports.contents_of(upload)
    PageFactory(memory=memory, query="Question 1", response="Answer", external_id=contents.pages[1].external_id)
    assert run(confirm(upload, by=memory.user)).added == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT external_id), count(*) FROM memory_page")
        assert cursor.fetchone() == (2, 2)
