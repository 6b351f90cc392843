"""How long the site's pages take, with and without sockets beside them."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping

import httpx2
from django.urls import reverse

from chat.evaluation.people import Seated
from chat.evaluation.processes import Running
from memory.models import Memory

PAUSE = 0.02
"""Seconds between two requests of the one person who looks at pages."""
LOOK_SECONDS = 20.0
"""After which, on a machine that is busy with other things, fewer loads have to do."""
Times = dict[str, list[float]]


def addresses(memory: Memory, seat: Seated) -> dict[str, str]:
    """Return the pages to look at: a conversation's and the dashboard's overview."""
    return {
        "conversation page": reverse("chat:conversation", args=[seat.conversation_id]),
        "dashboard overview": reverse("memory:overview", args=[memory.assistant.slug]),
    }


async def look_at(
    product: Running, seat: Seated, pages: Mapping[str, str], rounds: int, faults: list[str], warm_up: int = 0
) -> Times:
    """Load each page so many times, in turn, over one connection; return milliseconds by page, warm-up not counted."""
    times: Times = defaultdict(list)
    headers = {"cookie": seat.cookie}
    async with httpx2.AsyncClient(base_url=product.url, headers=headers, trust_env=False, timeout=30) as client:
        until = time.monotonic() + LOOK_SECONDS
        for number in range(warm_up + rounds):
            if number > warm_up and time.monotonic() > until:
                break
            for name, address in pages.items():
                began = time.perf_counter()
                try:
                    answer = await client.get(address)
                except httpx2.HTTPError as error:
                    faults.append(f"The {name} could not be loaded: {error!r}")
                    continue
                if number >= warm_up:
                    times[name].append((time.perf_counter() - began) * 1000)
                if answer.status_code != 200:
                    faults.append(f"The {name} was answered with {answer.status_code}.")
                await asyncio.sleep(PAUSE)
    return times
