"""Receivers of the domain's own events: they enqueue jobs, in the transaction of the event."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from memory import signals, tasks
from memory.models import Memory


@receiver(signals.page_recorded)
def consolidate_new_pages(memory: Memory, **_: Any) -> None:
    tasks.enqueue(tasks.consolidate, memory.pk)


@receiver(signals.fact_remembered)
def give_the_fact_its_vector(memory: Memory, **_: Any) -> None:
    tasks.enqueue(tasks.consolidate, memory.pk)


@receiver(signals.memory_imported)
def give_what_was_imported_its_vectors(memory: Memory, **_: Any) -> None:
    tasks.enqueue(tasks.consolidate, memory.pk)


@receiver(signals.memory_forgotten)
def sum_up_what_is_left(memory: Memory, *, blanked: bool, **_: Any) -> None:
    if blanked:
        tasks.enqueue(tasks.resummarise, memory.pk)


@receiver(signals.learning_resumed)
def do_what_has_waited(memory: Memory, **_: Any) -> None:
    tasks.enqueue(tasks.consolidate, memory.pk)
    tasks.enqueue(tasks.promote, memory.pk)


@receiver([signals.member_returned, signals.budget_restored])
def do_all_that_has_waited(memory: Memory, **_: Any) -> None:
    for task in (tasks.consolidate, tasks.promote, tasks.resummarise):
        tasks.enqueue(task, memory.pk)


@receiver(signals.analysis_asked)
@receiver(signals.segment_heated)
def promote_hot_segment(memory: Memory, **_: Any) -> None:
    tasks.enqueue(tasks.promote, memory.pk)
