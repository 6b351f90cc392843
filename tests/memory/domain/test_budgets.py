"""Budgets: background work rests while one is used up, and goes on afterwards. A real local model server is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from memory import tasks
from memory.domain.budgets import Spent, halted, memories_restored, restore_budget, set_budget, spent
from memory.domain.months import Month
from memory.domain.queueing import QUEUE
from memory.domain.roles import lock_assistant
from memory.embedding import get_embedder
from memory.enums import EventKind, Purpose, Role
from memory.exceptions import NotAllowed, NotAMember
from memory.llm import get_consolidator
from memory.models import Assistant, DialogueChain, Membership, Memory, MemoryEvent, ModelCall
from tests.memory.domain.test_at_once import until_waiting
from tests.memory.factories import (
    MembershipFactory,
    MemoryFactory,
    ModelCallFactory,
    PageFactory,
    SegmentFactory,
    UserFactory,
)
from tests.memory.processes import forget_jobs
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(running: OpenAIServer, settings: Settings) -> OpenAIServer:
    running.reset()
    settings.OPENAI_BASE_URL, settings.MODEL = running.base_url, "test-model"
    return running


@pytest.fixture
def memory(db: None) -> Memory:
    """A member's memory with more pages than fit, a hot segment to read and a summary that was blanked."""
    memory: Memory = MemoryFactory(role=Role.MEMBER)
    MembershipFactory(assistant=memory.assistant, role=Role.OWNER)
    segment = SegmentFactory(memory=memory, length=25, visits=9, last_visited_at=timezone.now(), summary="")
    PageFactory.create_batch(25, segment=segment)
    DialogueChain.objects.update(summary="Said.")
    PageFactory.create_batch(9, memory=memory)
    forget_jobs()
    return memory


def owner_of(memory: Memory) -> User:
    user: User = memory.assistant.memberships.filter(role=Role.OWNER).earliest("pk").user
    return user


def used(memory: Memory | None, tokens: int, at: datetime | None = None, **fields: object) -> None:
    call = ModelCallFactory(memory=memory, tokens_in=tokens, tokens_out=0, purpose=Purpose.REPLY, **fields)
    if at is not None:
        ModelCall.objects.filter(pk=call.pk).update(created_at=at)


def context(task: str) -> JobContext:
    job = Job(id=1, queue=QUEUE, lock=None, queueing_lock=None, task_name=task)
    return JobContext(start_timestamp=0, app=app, job=job, abort_reason=lambda: None)


def run_all(memory: Memory) -> None:
    for task in (tasks.consolidate, tasks.promote, tasks.resummarise):
        task(context(task.name), memory_id=memory.pk)


def queued(memory: Memory) -> set[str]:
    jobs = ProcrastinateJob.objects.filter(args__memory_id=memory.pk, status="todo")
    return set(jobs.values_list("task_name", flat=True))


def waits(memory: Memory) -> bool:
    return Memory.objects.filter(pk=memory.pk, budget_stopped_at__isnull=False).exists()


def own_budget(memory: Memory, tokens: int | None) -> None:
    set_budget(memory.assistant, tokens, by=owner_of(memory), person=memory.user)


def test_a_budget_is_used_up_by_what_was_counted_this_month(memory: Memory) -> None:
    now = timezone.now()
    month = Month.at(now)
    used(memory, 40)
    used(memory, 1000, month.start - timedelta(microseconds=1))
    used(MemoryFactory(assistant=memory.assistant), 60)
    used(MemoryFactory(user=memory.user), 5000)
    used(None, 5, assistant=memory.assistant)
    assert spent(memory) is None
    own_budget(memory, 41)
    assert spent(memory) is None
    own_budget(memory, 40)
    assert spent(memory) == Spent("person", 40, 40, month.end)
    assert spent(memory, month.end - timedelta(microseconds=1)) is not None
    assert spent(memory, month.end) is None
    own_budget(memory, None)
    set_budget(memory.assistant, 105, by=owner_of(memory))
    assert spent(memory) == Spent("assistant", 105, 105, month.end)


def test_a_budget_of_nothing_is_used_up_at_once(memory: Memory) -> None:
    own_budget(memory, 0)
    found = spent(memory)
    assert found is not None
    assert (found.whose, found.limit, found.used) == ("person", 0, 0)
    assert spent(MemoryFactory(assistant=memory.assistant)) is None


def test_without_a_budget_it_takes_one_query(memory: Memory, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert spent(memory) is None


def test_somebody_who_left_is_held_to_the_assistants_budget_alone(memory: Memory) -> None:
    own_budget(memory, 0)
    Membership.objects.filter(user=memory.user).delete()
    assert spent(memory) is None
    set_budget(memory.assistant, 0, by=owner_of(memory))
    assert spent(memory) is not None


def test_only_an_owner_sets_budgets_and_each_change_is_told_once(memory: Memory) -> None:
    curator = MembershipFactory(assistant=memory.assistant, role=Role.CURATOR).user
    for someone in (curator, memory.user):
        with pytest.raises(NotAllowed):
            set_budget(memory.assistant, 5, by=someone)
    with pytest.raises(NotAMember):
        set_budget(memory.assistant, 5, by=UserFactory())
    with pytest.raises(NotAMember):
        set_budget(memory.assistant, 5, by=owner_of(memory), person=UserFactory())
    for _ in range(2):
        own_budget(memory, 7)
    set_budget(memory.assistant, 9, by=curator, operator=True)
    told: list[Any] = list(MemoryEvent.objects.order_by("pk").values_list("kind", "memory", "before", "after"))
    name = {"what": "budget", "name": memory.user.username}
    assert told == [
        (EventKind.CONFIGURED, None, {**name, "tokens": None}, {**name, "tokens": 7}),
        (EventKind.CONFIGURED, None, {"what": "budget", "tokens": None}, {"what": "budget", "tokens": 9}),
    ]


@pytest.mark.parametrize("whose", ["person", "assistant"])
def test_over_budget_no_model_is_asked_and_nothing_is_lost(
    memory: Memory, server: OpenAIServer, whose: str, django_capture_on_commit_callbacks: Any
) -> None:
    person = memory.user if whose == "person" else None
    used(memory, 100)
    set_budget(memory.assistant, 100, by=owner_of(memory), person=person)
    run_all(memory)
    assert server.requests == []
    assert (memory.pages.short_term().count(), memory.pages.unanalysed().mid_term().count()) == (9, 25)
    assert not memory.events.filter(kind=EventKind.FAILED).exists()
    assert queued(memory) == set()
    # What is worked out here goes on: pages are found by their meaning.
    assert not memory.pages.short_term().filter(embedding_model="").exists()
    assert waits(memory)
    with django_capture_on_commit_callbacks(execute=True):
        set_budget(memory.assistant, 10**9, by=owner_of(memory), person=person)
    assert queued(memory) == {"memory.consolidate", "memory.promote", "memory.resummarise"}
    assert not waits(memory)
    run_all(memory)
    assert memory.pages.short_term().count() <= memory.conf.short_term_capacity
    assert memory.pages.unanalysed().mid_term().count() < 25
    assert not memory.segments.filter(summary="").exists()
    assert len(server.requests) >= 3


def test_it_stops_between_two_calls(memory: Memory, server: OpenAIServer) -> None:
    PageFactory.create_batch(60, memory=memory)
    set_budget(memory.assistant, 1, by=owner_of(memory))
    tasks.consolidate(context("memory.consolidate"), memory_id=memory.pk)
    assert len(server.requests) == 1
    assert memory.pages.short_term().count() > memory.conf.short_term_capacity


def test_rules_cost_nothing_and_are_never_held_up(memory: Memory) -> None:
    own_budget(memory, 0)
    assert not halted(memory, get_consolidator(), get_embedder())
    run_all(memory)
    assert memory.pages.short_term().count() == 4
    assert not waits(memory)


def test_an_embedding_model_costs_as_well(memory: Memory, server: OpenAIServer, settings: Settings) -> None:
    settings.OPENAI_BASE_URL = ""
    settings.EMBEDDING_BASE_URL, settings.EMBEDDING_MODEL = server.base_url, "test-embedding"
    own_budget(memory, 0)
    run_all(memory)
    assert server.requests == []
    assert memory.pages.short_term().count() == 9


def test_the_hourly_look_wakes_those_who_have_a_budget_again(memory: Memory, server: OpenAIServer) -> None:
    other = MemoryFactory(assistant=memory.assistant)
    own_budget(memory, 0)
    set_budget(memory.assistant, 0, by=owner_of(memory), person=other.user)
    for one in (memory, other):
        assert halted(one, get_consolidator())
    tasks.look_at_budgets(timestamp=0)
    assert (queued(memory), queued(other)) == (set(), set())
    Membership.objects.filter(user=memory.user).update(monthly_budget=50)
    for _ in range(2):
        tasks.look_at_budgets(timestamp=0)
    assert queued(memory) == {"memory.consolidate", "memory.promote", "memory.resummarise"}
    assert queued(other) == set()


def test_a_new_month_wakes_what_waited(memory: Memory, server: OpenAIServer) -> None:
    now = timezone.now()
    used(memory, 100)
    own_budget(memory, 100)
    assert halted(memory, get_consolidator())
    month = Month.at(now)
    assert memories_restored(month.end - timedelta(seconds=1)) == []
    assert memories_restored(month.end) == [memory]


def test_waking_twice_is_once(memory: Memory, server: OpenAIServer) -> None:
    own_budget(memory, 0)
    assert halted(memory, get_consolidator())
    for _ in range(2):
        restore_budget(memory)
    assert ProcrastinateJob.objects.filter(args__memory_id=memory.pk).count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_budget_set_within_a_transaction_wakes_memories_after_it() -> None:
    """As Django's admin does: a writer who holds the memory may wait for the assistant meanwhile."""
    memory = MemoryFactory()
    assistant = memory.assistant
    Assistant.objects.update(monthly_budget=0)
    Memory.objects.update(budget_stopped_at=timezone.now())
    holds, raised = threading.Event(), []

    def write() -> None:
        try:
            with transaction.atomic():
                Memory.objects.locked(memory.pk)
                holds.set()
                lock_assistant(assistant)
        except DatabaseError as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    with transaction.atomic():
        set_budget(assistant, 10**6, by=memory.user)
        thread.start()
        assert holds.wait(10)
        until_waiting(1)
        assert waits(memory)
    thread.join(10)
    assert (raised, waits(memory)) == ([], False)
    assert queued(memory) != set()
