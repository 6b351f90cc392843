"""Jobs in the admin: in words, found by state, tried again and cancelled."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from memory.domain.queueing import submit_import
from memory.domain.recording import record_page
from memory.models import BackgroundJob, Memory
from tests.memory.administration import give, operator, url
from tests.memory.factories import ImportFactory, MemoryFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/memory/backgroundjob/"


@pytest.fixture
def person() -> User:
    return operator()


@pytest.fixture
def client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def queued(memory: Memory, status: str = "todo") -> ProcrastinateJob:
    """Queue a job as a recorded page does, and let it be as far as said."""
    with transaction.atomic(), connection.cursor() as cursor:
        record_page(memory, query="queued", response="")
        newest: ProcrastinateJob = ProcrastinateJob.objects.latest("id")
        cursor.execute("UPDATE procrastinate_jobs SET status = %s WHERE id = %s", [status, newest.pk])
    newest.refresh_from_db()
    return newest


def act(client: Client, action: str, *jobs: ProcrastinateJob) -> str:
    chosen = {"action": action, "_selected_action": [job.pk for job in jobs]}
    answer = client.post(LIST, chosen, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_jobs_are_told_in_words(client: Client) -> None:
    memory = MemoryFactory(assistant__name="Scout", user__username="ada")
    job = queued(memory, "failed")
    upload = ImportFactory(memory=MemoryFactory(user__username="grace"))
    submit_import("memory.read_import", upload.pk, upload.memory_id)
    html = client.get(LIST).text
    assert "Moving pages to mid-term memory" in html
    assert "Scout remembering ada" in html
    assert "remembering grace" in html
    assert '<strong class="failed">Failed</strong>' in html
    assert "Moving pages to mid-term memory" in client.get(url(BackgroundJob, "change", job.pk)).text


def test_jobs_are_found_by_state(client: Client) -> None:
    waiting, failed = queued(MemoryFactory()), queued(MemoryFactory(), "failed")
    found = [
        [row.pk for row in client.get(LIST, {"status": status}).context["cl"].result_list]
        for status in ("todo", "failed", "doing", "nonsense")
    ]
    assert found == [[waiting.pk], [failed.pk], [], [failed.pk, waiting.pk]]
    assert client.get(LIST, {"args__memory_id": "1"}).status_code == 400


def test_failed_jobs_are_tried_again_and_no_others(client: Client) -> None:
    waiting, running, failed = (queued(MemoryFactory(), status) for status in ("todo", "doing", "failed"))
    assert act(client, "retry", waiting, running, failed) == "1 job was changed."
    states = dict(ProcrastinateJob.objects.values_list("pk", "status"))
    assert states == {waiting.pk: "todo", running.pk: "doing", failed.pk: "todo"}
    assert act(client, "retry", failed) == "0 jobs were changed."


def test_a_failed_job_whose_work_waits_already_is_dropped(client: Client) -> None:
    memory = MemoryFactory()
    failed = queued(memory, "failed")
    again = queued(memory)
    assert act(client, "retry", failed) == "1 job was changed."
    assert list(ProcrastinateJob.objects.values_list("pk", "status")) == [(again.pk, "todo")]


def test_waiting_jobs_are_cancelled_and_no_others(client: Client) -> None:
    waiting, running, failed = (queued(MemoryFactory(), status) for status in ("todo", "doing", "failed"))
    assert act(client, "cancel", waiting, running, failed) == "1 job was changed."
    states = dict(ProcrastinateJob.objects.values_list("pk", "status"))
    assert states == {running.pk: "doing", failed.pk: "failed"}


def test_jobs_are_neither_edited_added_nor_deleted(client: Client, person: User) -> None:
    job = queued(MemoryFactory())
    give(person, *(f"memory.{action}_backgroundjob" for action in ("add", "delete")))
    asked = [
        client.post(url(BackgroundJob, "change", job.pk), {}),
        client.post(url(BackgroundJob, "delete", job.pk), {"post": "yes"}),
        client.get(url(BackgroundJob, "add")),
    ]
    assert [answer.status_code for answer in asked] == [403, 403, 403]


def test_who_may_only_look_does_nothing(client: Client, person: User) -> None:
    person.groups.clear()
    give(person, "memory.view_backgroundjob")
    job = queued(MemoryFactory())
    client.post(LIST, {"action": "cancel", "_selected_action": [job.pk]})
    assert ProcrastinateJob.objects.filter(pk=job.pk).exists()
