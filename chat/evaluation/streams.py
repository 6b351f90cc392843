"""Many answers at once: what arrives of each token, when, and what the product needs for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import psutil

from chat.evaluation.arrivals import Arrived, Compared, Said, compare
from chat.evaluation.model_client import plan_answers, said_to
from chat.evaluation.page import ChatPage, open_pages
from chat.evaluation.people import Seated
from chat.evaluation.processes import Running, cpu_seconds
from chat.models import Message

TOKENS_A_SECOND = 50.0
SAMPLE_SECONDS = 0.2
PATIENCE = 30.0
"""Seconds an answer may take beyond the time of its tokens."""


@dataclass(slots=True)
class Watched:
    """What a process needed while it was watched: the most memory in MB, and processor time in cores."""

    peak_mb: float = 0.0
    cores: dict[str, float] = field(default_factory=dict)
    machine: float = 0.0
    """Of all processes of the machine together, those of others included."""


@asynccontextmanager
async def watched(product: Running, model: Running) -> AsyncIterator[Watched]:
    """Watch the product's memory and everybody's processor time; the figures are whole after the block."""
    found = Watched()
    clocks: dict[str, Callable[[], float]] = {
        "product": product.cpu_seconds,
        "model server": model.cpu_seconds,
        "load generator": partial(cpu_seconds, psutil.Process()),
    }
    before = {name: clock() for name, clock in clocks.items()}
    machine, began = _busy_seconds(), time.monotonic()

    async def sample() -> None:
        while True:
            found.peak_mb = max(found.peak_mb, product.memory_mb())
            await asyncio.sleep(SAMPLE_SECONDS)

    sampling = asyncio.create_task(sample())
    try:
        yield found
    finally:
        sampling.cancel()
        seconds = time.monotonic() - began
        found.cores = {name: round((clock() - before[name]) / seconds, 2) for name, clock in clocks.items()}
        found.machine = round((_busy_seconds() - machine) / seconds, 2)


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + getattr(times, "irq", 0.0) + getattr(times, "softirq", 0.0))


@dataclass(slots=True)
class Streamed:
    """Answers that came at once: what was asked, what arrived and what was said."""

    arrived: dict[str, Arrived] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def at_once(self) -> int:
        """The most answers that were being said at one moment."""
        spoken = [said for said in self.said.values() if said.sent_at]
        starts, ends = sorted(s.sent_at[0] for s in spoken), sorted(s.sent_at[-1] for s in spoken)
        return max((n + 1 - sum(end < start for end in ends) for n, start in enumerate(starts)), default=0)

    def compare(self) -> list[Compared]:
        """Compare every answer with what was said and with the database, which is read; a fault names its question."""
        stored = dict(
            Message.objects.filter(pk__in=[a.message_id for a in self.arrived.values()]).values_list("pk", "content")
        )
        compared = []
        for question, arrived in self.arrived.items():
            said = self.said.get(question)
            if said is None:
                self.faults.append(f"The model never heard {question!r}.")
                continue
            one = compare(said, arrived, stored.get(arrived.message_id, ""))
            self.faults += [f"The answer to {question!r}: {fault}." for fault in one.faults]
            compared.append(one)
        return compared


async def stream_at_once(product: Running, model: Running, seats: Sequence[Seated], tokens: int) -> Streamed:
    """Ask on every page at the same time and wait for all answers, of about so many tokens."""
    await plan_answers(model, tokens, TOKENS_A_SECOND)
    streamed = Streamed()
    async with open_pages(product, seats) as pages:
        patience = 1.2 * tokens / TOKENS_A_SECOND + PATIENCE
        questions = [f"What was new, and what was said about it then? Page {number}." for number in range(len(pages))]
        answers = await asyncio.gather(
            *(page.ask(question, patience) for page, question in zip(pages, questions, strict=True))
        )
        streamed.arrived = dict(zip(questions, answers, strict=True))
        streamed.faults = [fault for page in pages for fault in page.faults]
    streamed.said = await said_to(model, questions)
    return streamed


async def stream_until(model: Running, pages: Sequence[ChatPage], tokens: int, over: asyncio.Event) -> Streamed:
    """Ask again on every page as soon as its answer has ended, until `over`."""
    await plan_answers(model, tokens, TOKENS_A_SECOND)
    streamed = Streamed()

    async def keep_asking(number: int, page: ChatPage) -> None:
        turn = 0
        while not over.is_set() and not page.faults:
            question = f"What else was there, and who said so? Page {number}, turn {turn}."
            streamed.arrived[question] = await page.ask(question, tokens / TOKENS_A_SECOND + PATIENCE)
            turn += 1

    await asyncio.gather(*(keep_asking(number, page) for number, page in enumerate(pages)))
    streamed.said = await said_to(model, streamed.arrived)
    return streamed
