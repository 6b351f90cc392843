"""Telling the benchmark's model server what to do, and asking it what it did."""

from __future__ import annotations

from collections.abc import Iterable

import httpx2

from chat.evaluation.arrivals import Said
from chat.evaluation.processes import Running


async def plan_answers(model: Running, tokens: int, rate: float) -> None:
    """Let the next answers have about so many tokens, at so many a second."""
    async with httpx2.AsyncClient(base_url=model.url, trust_env=False) as client:
        (await client.put("/plan", json={"tokens": tokens, "rate": rate})).raise_for_status()


async def said_to(model: Running, questions: Iterable[str]) -> dict[str, Said]:
    """Return what was said to each of the questions that came."""
    async with httpx2.AsyncClient(base_url=model.url, trust_env=False, timeout=30) as client:
        answer = (await client.post("/said", json={"questions": list(questions)})).raise_for_status()
    return {question: Said(**said) for question, said in answer.json().items()}
