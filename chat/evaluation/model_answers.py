"""What the benchmark's model answers to the tasks of the background jobs: valid, short, at once."""

from __future__ import annotations

import json
from typing import Any

from memory.llm.prompts import MERGE_TASK, SUMMARY_TASK, TRANSFER_TASK

_NOTHING_LEARNT: dict[str, Any] = {"profile": [], "traits": [], "user_knowledge": [], "assistant_knowledge": []}


def job_answer(task: str, prompt: str) -> str:
    """Return the JSON that a job of `memory.llm.prompts` asks for: one topic, nothing learnt, nothing the same."""
    return json.dumps(_answer(task, prompt))


def _answer(task: str, prompt: str) -> dict[str, Any]:
    if task.startswith(MERGE_TASK):
        return {"verdicts": [{"pair": pair["pair"], "verdict": "different"} for pair in _block(prompt, "pairs")]}
    if not task.startswith((TRANSFER_TASK, SUMMARY_TASK)):
        return _NOTHING_LEARNT
    pages = _block(prompt, "pages")
    topic = {"title": "News", "summary": "What was new.", "keywords": pages[0]["user"].split()[-3:]}
    if task.startswith(SUMMARY_TASK):
        return topic
    notes = [
        {"index": page["index"], "continues": True, "keywords": topic["keywords"], "chain_summary": "What was new."}
        for page in pages
    ]
    return {"pages": notes, "topics": [{**topic, "pages": [page["index"] for page in pages]}]}


def _block(prompt: str, marker: str) -> Any:
    return json.loads(prompt.split(f"<{marker}>\n", 1)[1].split(f"\n</{marker}>", 1)[0])
