"""A memory as a file to take away, and the page from which files go out and come in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from channels.db import database_sync_to_async
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.http import content_disposition_header

from memory.domain.exporting import file_name, json_of, markdown_of
from memory.domain.importing.files import most_bytes
from memory.views.base import DashboardRequest, MemoryView

MARKDOWN, JSON = "text/markdown; charset=utf-8", "application/json; charset=utf-8"
IMPORTS_SHOWN = 5
THREADS = 2
"""Exports that are made at once by one process: they take a connection each, and everybody shares the pool."""


class ExportView(MemoryView):
    """What the page shows, whatever was refused before it is shown again."""

    section = "export"

    def shown(self) -> dict[str, Any]:
        """Return what is in the memory, and the latest imports."""
        return {
            "most_mb": most_bytes() // 1_000_000,
            "imports": self.memory.imports.defer("preview", "outcome")[:IMPORTS_SHOWN],
            "page_count": self.memory.pages.count(),
        }


class Export(ExportView):
    """Export and import."""

    http_method_names = ["get"]

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.page("memory/export.html", self.shown())


class ExportJson(ExportView):
    """The whole memory as JSON."""

    http_method_names = ["get"]

    def get(self, request: DashboardRequest) -> StreamingHttpResponse:
        now = timezone.now()
        pieces = json_of(self.memory, now, shared=self.may_curate)
        return download(pieces, JSON, file_name(self.memory.assistant.name, now, ".json"))


class ExportMarkdown(ExportView):
    """The memory as a document to read."""

    http_method_names = ["get"]

    def get(self, request: DashboardRequest) -> StreamingHttpResponse:
        now = timezone.now()
        pieces = markdown_of(self.memory, now, shared=self.may_curate)
        return download(pieces, MARKDOWN, file_name(self.memory.assistant.name, now, ".md"))


def download(pieces: Iterator[bytes], content_type: str, name: str) -> StreamingHttpResponse:
    """Send a file piece by piece, in the language of whoever asks."""
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    streamed = _streamed(pieces, translation.get_language())
    return StreamingHttpResponse(streamed, content_type=content_type, headers=headers)


async def _streamed(pieces: Iterator[bytes], language: str | None) -> AsyncIterator[bytes]:
    """Make one piece at a time, as fast as they are taken. A plain iterator would be used up at once under ASGI."""
    make = database_sync_to_async(_next, thread_sensitive=False, executor=_threads())
    while (piece := await make(pieces, language)) is not None:
        yield piece


def _next(pieces: Iterator[bytes], language: str | None) -> bytes | None:
    with translation.override(language):
        return next(pieces, None)


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="memory-export")
