"""The benchmark of the chat: the real product as a process of its own, a model server, and people who ask.

Everything is one run on one machine, so what is compared is slowed down alike by whatever else the machine does.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from uvicorn.loops.auto import auto_loop_factory

from chat.evaluation.arrivals import Compared
from chat.evaluation.first_request import Parts, ask_one_by_one, figures_of, span_of
from chat.evaluation.http_pages import Times, addresses, look_at
from chat.evaluation.page import open_pages
from chat.evaluation.people import People, Seated, gather
from chat.evaluation.processes import Running, running_model, running_product
from chat.evaluation.report import Figures, FirstRequest, Pages, Streams
from chat.evaluation.streams import (
    TOKENS_A_SECOND,
    Streamed,
    Watched,
    stream_at_once,
    stream_until,
    watched,
)

CONVERSATIONS = 12
"""In which that one asks in turn."""
TURNS = 5
LOOK_WARM_UP = 5
Result = TypeVar("Result")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure; the defaults are what `make bench-chat` does."""

    pages: int = 10_000
    people: int = 25
    questions: int = 110
    answers: int = 50
    tokens: int = 800
    idle: int = 200
    streaming: int = 10
    looks: int = 100

    @property
    def warm_up(self) -> int:
        """Questions more that are asked first and not counted."""
        return min(10, self.questions // 10)

    @property
    def timed(self) -> int:
        """Questions that go the same way in this process."""
        return max(self.questions * 4 // 11, 1) + self.warm_up


def run(plan: Plan, progress: Progress) -> tuple[Figures, list[str]]:
    """Measure in the default database, which must be empty; return the figures and what went wrong on the way.

    Raises ModelError when the embedder fails and CommandError when the product does not start.
    """
    load = os.getloadavg()[0]
    seats = max(plan.answers, plan.streaming, CONVERSATIONS) + plan.streaming
    asked = plan.questions + plan.warm_up + plan.timed
    people = gather(plan.pages, asked, plan.people, seats, progress)
    faults: list[str] = []
    with running_model() as model:
        progress("The product starts")
        with running_product(model) as product:
            bench = _Bench(plan, people, product, model, faults, progress)
            first, streams, pages = bench.first_request(), bench.streams(), bench.pages()
    figures = Figures(first, streams, pages, os.cpu_count() or 1, (round(load, 2), round(os.getloadavg()[0], 2)))
    return figures, faults


@dataclass(frozen=True, slots=True)
class _Bench:
    plan: Plan
    people: People
    product: Running
    model: Running
    faults: list[str]
    progress: Progress

    def first_request(self) -> FirstRequest:
        """Ask the product and go the same way in this process by turns, so that both meet the same noise."""
        self.progress(f"{self.plan.questions} questions to a memory of {self.plan.pages:,} pages")
        seats = self.people.person[:CONVERSATIONS]
        parts = Parts(self.model, self.people.memory, seats)
        here, there = self.people.questions[: self.plan.timed], self.people.questions[self.plan.timed :]
        times: list[float] = []
        for turn in range(TURNS):
            some, faults = _wait_for(ask_one_by_one(self.product, self.model, seats, there[turn::TURNS]))
            times += some
            self.faults.extend(faults)
            parts.measure(here[turn::TURNS])
        return figures_of(self.plan.pages, times[self.plan.warm_up :], parts.spans(self.plan.warm_up))

    def streams(self) -> Streams:
        self.progress(f"{self.plan.answers} answers at once")
        streamed, use = _wait_for(self._stream_watched())
        compared = streamed.compare()
        self.faults.extend(streamed.faults)
        delays = _delays(compared)
        return Streams(
            asked=self.plan.answers,
            finished=sum(arrived.status == "complete" for arrived in streamed.arrived.values()),
            at_once=streamed.at_once,
            tokens=len(delays),
            tokens_a_second=TOKENS_A_SECOND,
            lost=sum(one.lost for one in compared),
            doubled=sum(one.doubled for one in compared),
            delay=span_of(delays),
            delay_max=round(max(delays, default=0.0), 1),
            peak_memory_mb=round(use.peak_mb, 1),
            cores=use.cores,
            machine_cores=use.machine,
        )

    async def _stream_watched(self) -> tuple[Streamed, Watched]:
        async with watched(self.product, self.model) as use:
            seats = self.people.others[: self.plan.answers]
            return await stream_at_once(self.product, self.model, seats, self.plan.tokens), use

    def pages(self) -> Pages:
        self.progress("Pages without sockets")
        before = _wait_for(self._look(self.plan.looks // 2))
        self.progress(f"Pages beside {self.plan.idle} idle sockets and {self.plan.streaming} answers")
        beside, streamed, use = _wait_for(self._look_beside())
        self.progress("Pages without sockets again")
        after = _wait_for(self._look(self.plan.looks - self.plan.looks // 2))
        compared = streamed.compare()
        self.faults.extend(streamed.faults)
        return Pages(
            idle=self.plan.idle,
            streaming=self.plan.streaming,
            alone={name: span_of(times + after[name]) for name, times in before.items()},
            beside={name: span_of(times) for name, times in beside.items()},
            delay=span_of(_delays(compared)),
            peak_memory_mb=round(use.peak_mb, 1),
        )

    async def _look(self, rounds: int) -> Times:
        seat = self.people.person[0]
        pages = addresses(self.people.memory, seat)
        return await look_at(self.product, seat, pages, rounds, self.faults, LOOK_WARM_UP)

    async def _look_beside(self) -> tuple[Times, Streamed, Watched]:
        idle, busy = self._seats_for_pages()
        over = asyncio.Event()
        async with (
            watched(self.product, self.model) as use,
            open_pages(self.product, idle) as quiet,
            open_pages(self.product, busy) as streaming,
        ):
            asking = asyncio.create_task(stream_until(self.model, streaming, self.plan.tokens, over))
            await asyncio.sleep(1)
            times = await self._look(self.plan.looks)
            over.set()
            streamed = await asking
            self.faults.extend(fault for page in (*quiet, *streaming) for fault in page.faults)
        return times, streamed, use

    def _seats_for_pages(self) -> tuple[Sequence[Seated], Sequence[Seated]]:
        """Return the idle sockets' seats, several tabs at one conversation, and those of others where answers come."""
        busy = self.people.others[-self.plan.streaming :]
        return list(itertools.islice(itertools.cycle(self.people.others[: -self.plan.streaming]), self.plan.idle)), busy


def _delays(compared: Sequence[Compared]) -> list[float]:
    return [delay for one in compared for delay in one.delays]


def _wait_for(work: Coroutine[Any, Any, Result]) -> Result:
    """Run in an event loop as light as the product's own."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        return runner.run(work)
