"""Requests to a consolidator, short to write."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from memory.llm.base import PageText, PromotionRequest, TransferRequest

AT = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)


def pages(*texts: str | tuple[str, str]) -> list[PageText]:
    """Return pages a minute apart, each a query or a (query, response)."""
    halves = [(text, "I see.") if isinstance(text, str) else text for text in texts]
    return [
        PageText(index, query, response, AT + timedelta(minutes=index))
        for index, (query, response) in enumerate(halves)
    ]


def transfer_request(
    *texts: str | tuple[str, str], pauses: Sequence[float] | None = None, **more: Any
) -> TransferRequest:
    """Return a transfer of these pages, without pauses unless told."""
    made = pages(*texts)
    return TransferRequest(made, pauses or [0.0] + [60.0] * (len(made) - 1), **more)


def promotion_request(*texts: str | tuple[str, str], **more: Any) -> PromotionRequest:
    """Return a promotion of these pages into an empty long-term memory, unless told."""
    empty: dict[str, Any] = {
        "title": "A topic",
        "profile": {},
        "traits": {},
        "locked": frozenset(),
        "trait_dimensions": ("sports", "gourmet_food", "digital_technology"),
        "known": (),
    }
    return PromotionRequest(pages=pages(*texts), **(empty | more))
