"""What the server of `tests.openai_server` answers: the protocol's payloads, and sensible JSON for our tasks."""

import hashlib
import json
from typing import Any

from chat.title_prompt import TITLE_TASK
from memory.llm.prompts import MERGE_TASK, PROBE_TASK, PROMOTION_TASK, SUMMARY_TASK, TRANSFER_TASK

DEFAULT_REPLY = "This is the test model. It streams **Markdown** in several pieces."
DEFAULT_TITLE = "A title by the model"
EMBEDDING_DIMENSIONS = 64
Json = dict[str, Any]


def envelope(request: Json, kind: str, choices: list[Any]) -> Json:
    """Return what surrounds the choices of a completion or of one chunk of it."""
    return {
        "id": "chatcmpl-test",
        "object": kind,
        "created": 1_700_000_000,
        "model": request.get("model", ""),
        "choices": choices,
    }


def refused_field(request: Any, rejects: frozenset[str]) -> str | None:
    """Return the field, or the type of response_format, that the server does not take."""
    if not isinstance(request, dict):
        return None
    form = (request.get("response_format") or {}).get("type", "")
    return next((name for name in sorted(rejects) if name in request or name == form), None)


def pieces_of(text: str) -> list[str]:
    """Cut a text the way tokens come: a word with the blank before it."""
    words = [word if position == 0 else f" {word}" for position, word in enumerate(text.split(" "))]
    return [word for word in words if word]


def usage_of(request: Json, answer: list[str]) -> dict[str, int]:
    """Count the pieces that went in and out."""
    asked = sum(len(pieces_of(str(message.get("content")))) for message in request.get("messages", []))
    return {"prompt_tokens": asked, "completion_tokens": len(answer), "total_tokens": asked + len(answer)}


def bag_of_words(text: str) -> list[float]:
    """The server's embedding of a text: each word adds 2 to a place of its own. Not of unit length."""
    vector = [0.0] * EMBEDDING_DIMENSIONS
    for word in text.lower().split():
        place = hashlib.sha256(word.encode("utf-8", "replace")).digest()[0] % EMBEDDING_DIMENSIONS
        vector[place] += 2.0
    return vector


def embedding_list(request: Json, data: Any = None) -> Json:
    """Return the answer to an embeddings request, or one with `data` in place of the right vectors."""
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    rows = [
        {"object": "embedding", "index": index, "embedding": bag_of_words(text)} for index, text in enumerate(texts)
    ]
    return {
        "object": "list",
        "model": request.get("model", ""),
        # Last first: the protocol orders by index, not by place.
        "data": rows[::-1] if data is None else data,
        "usage": {"prompt_tokens": len(texts), "total_tokens": len(texts)},
    }


def answer_text(request: Json) -> str:
    """Return the automatic answer: `DEFAULT_REPLY` to a person, valid JSON made of the pages to our own tasks."""
    messages = request.get("messages") or [{}]
    task = str(messages[0].get("content"))
    prompt = str(messages[1].get("content")) if len(messages) > 1 else ""
    for known, answer in ((TITLE_TASK, DEFAULT_TITLE), (PROBE_TASK, '{"answer": 8}')):
        if task.startswith(known):
            return answer
    if task.startswith(TRANSFER_TASK):
        return json.dumps(transfer_answer(block(prompt, "pages")), ensure_ascii=False)
    if task.startswith(PROMOTION_TASK):
        return json.dumps(promotion_answer(block(prompt, "pages")), ensure_ascii=False)
    if task.startswith(SUMMARY_TASK):
        return json.dumps(summary_answer(block(prompt, "pages")), ensure_ascii=False)
    if task.startswith(MERGE_TASK):
        return json.dumps(merge_answer(block(prompt, "pairs")))
    return DEFAULT_REPLY


def block(prompt: str, marker: str) -> Any:
    """Return the JSON that stands between markers in a prompt of `memory.llm.prompts`."""
    return json.loads(prompt.split(f"<{marker}>\n", 1)[1].split(f"\n</{marker}>", 1)[0])


def _long_words(text: str) -> list[str]:
    return sorted({word.strip(".,!?") for word in text.split() if len(word) > 5})[:8]


def transfer_answer(pages: list[Json]) -> Json:
    """Return a sensible answer to the transfer task: one topic, titled with the first message."""
    notes = [
        {
            "index": page["index"],
            "continues": True,
            "keywords": _long_words(page["user"]),
            "chain_summary": f"The user said: {page['user'][:80]}",
        }
        for page in pages
    ]
    topic = {
        "title": pages[0]["user"][:60] or "A conversation",
        "summary": " ".join(page["user"] for page in pages)[:500],
        "keywords": _long_words(pages[0]["user"]),
        "pages": [page["index"] for page in pages],
    }
    return {"pages": notes, "topics": [topic]}


def summary_answer(pages: list[Json]) -> Json:
    """Return a sensible answer to the summary task: the messages one after the other."""
    topic: Json = transfer_answer(pages)["topics"][0]
    return {key: topic[key] for key in ("title", "summary", "keywords")}


def merge_answer(pairs: list[Json]) -> Json:
    """Return a sensible answer to the merge task: nothing is the same."""
    return {"verdicts": [{"pair": pair["pair"], "verdict": "different"} for pair in pairs]}


def promotion_answer(pages: list[Json]) -> Json:
    """Return a sensible answer to the promotion task: every message becomes a fact that quotes it."""
    said = [page for page in pages if page["user"]]
    first = [page["index"] for page in said[:1]]
    return {
        "profile": [{"name": "first words", "value": page["user"][:40], "pages": first} for page in said[:1]],
        "traits": [{"dimension": "sports", "level": "low", "reason": "A test says so.", "pages": first}],
        "user_knowledge": [
            {
                "text": f"The user said: {page['user']}",
                "pages": [page["index"]],
                "valid_from": None,
                "supersedes": [],
            }
            for page in said
        ],
        "assistant_knowledge": [{"text": "The assistant answered a test.", "pages": [page["index"] for page in pages]}],
    }
