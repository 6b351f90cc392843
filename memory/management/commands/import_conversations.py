"""`manage.py import_conversations`: past conversations become pages, with their dates."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from memory.domain import assistants, jobs
from memory.domain.activity import event, log
from memory.domain.connections import consolidator_for
from memory.domain.consolidation import promote_all, transfer_all
from memory.domain.importing import Contents, load_json, read
from memory.domain.restoring import restore_long_term, standing, store_pages
from memory.domain.restoring.long_term import may_bring
from memory.embedding import get_embedder
from memory.enums import EventKind
from memory.exceptions import ImportFault, InvalidText, MemoryOSError, NotAMember
from memory.models import Assistant, Memory
from memory.progress import ProgressBar

_BATCH = 100


class Command(BaseCommand):
    help = (
        "Import an exported memory, ChatGPT's export (ZIP or conversations.json), or conversations in the demo format "
        "of the paper's package or in LoCoMo's. The format is recognised by what the file holds. "
        "Importing the same file again adds nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--user", required=True, help="whose memory it becomes")
        parser.add_argument("--assistant", metavar="SLUG", help="made when there is none; default: the person's first")
        parser.add_argument("--conversation", metavar="ID", help="which conversation of a LoCoMo file")
        parser.add_argument("--no-wait", action="store_true", help="leave moving and learning to the worker")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            path: Path = options["file"]
            contents = read(load_json(path), name=path.name, conversation=options["conversation"])
            memory = self._store(contents, options["user"], options["assistant"])
        except (ImportFault, InvalidText) as error:
            raise CommandError(f"{error} Nothing was imported.") from error
        if not options["no_wait"]:
            self._consolidate(memory)
        self._report(memory)

    def _store(self, contents: Contents, username: str, slug: str | None) -> Memory:
        """Store all of a file or none; a new assistant is part of the same transaction."""
        pages, added = contents.pages, 0
        bar = ProgressBar("Storing pages", len(pages), self.stdout)
        with transaction.atomic():
            memory = self._memory(username, slug)
            found = standing(memory, contents)
            for start in range(0, len(pages), _BATCH):
                added += store_pages(memory, contents, pages[start : start + _BATCH], found)
                bar.advance_to(min(start + _BATCH, len(pages)))
            shared = may_bring(memory.user, memory)
            done = restore_long_term(memory, contents, found, by=memory.user, now=timezone.now(), shared=shared)
            counts = {kind: number for kind, number in done.items() if number}
            after = {"format": contents.format, "pages": added, **counts}
            log(event(EventKind.IMPORTED, memory, memory=memory, by=memory.user, after=after))
        bar.close()
        self.stdout.write(f"{added} pages added, {len(pages) - added} were there already.")
        if found.differing:
            self.stdout.write(f"{len(found.differing)} of these say something else here and stay as they are.")
        return memory

    def _memory(self, username: str, slug: str | None) -> Memory:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no person named {username!r}. Nothing was imported.")
        if slug is None:
            return assistants.ensure_default_memory(user)
        assistant = Assistant.objects.filter(slug=slug).first()
        if assistant is None:
            self.stdout.write(f"Made the assistant {slug!r}.")
            return assistants.create_assistant(user, slug, slug)
        try:
            return assistants.open_memory(user, assistant)
        except NotAMember as error:
            raise CommandError(f"{username} is not a member of {slug!r}. Nothing was imported.") from error

    def _consolidate(self, memory: Memory) -> None:
        """Run the background work to its end: watch a worker do it, or do it here where there is none."""
        if not jobs.worker_alive() or not self._watch(memory):
            self._work(memory)

    def _work(self, memory: Memory) -> None:
        waiting = memory.pages.short_term().count()
        bar = ProgressBar("Moving to mid-term", max(waiting - memory.conf.short_term_capacity, 0), self.stdout)
        try:
            consolidator = consolidator_for(memory.assistant)
            transfer_all(memory, consolidator, get_embedder(), bar.advance)
            bar.close()
            promote_all(memory, consolidator, get_embedder())
        except MemoryOSError as error:
            bar.close()
            self.stderr.write(f"The pages are stored, but moving them stopped: {error} The worker will try again.")

    def _watch(self, memory: Memory) -> bool:
        """Show what a worker does; False when it gives no more signs of life before it is done."""
        capacity = memory.conf.short_term_capacity
        bar = ProgressBar("Moving to mid-term", max(memory.pages.short_term().count() - capacity, 0), self.stdout)
        while True:
            state = jobs.job_state(memory)
            bar.advance_to(bar.total - max(memory.pages.short_term().count() - capacity, 0))
            if state.failed or state.retrying:
                bar.close()
                trouble = (*state.failed, *state.retrying)[0]
                self.stderr.write(f"The pages are stored, but moving them stopped: {trouble.reason}")
                return True
            if not state.queued and not state.running:
                bar.close()
                return True
            if not state.worker_alive:
                return False
            time.sleep(0.2)

    def _report(self, memory: Memory) -> None:
        pages = memory.pages.all()
        self.stdout.write(
            f"Short-term: {pages.short_term().count()} pages. "
            f"Mid-term: {pages.mid_term().count()} pages in {memory.segments.active().count()} segments. "
            f"Long-term: {memory.profile.count()} profile attributes, {memory.traits.count()} traits, "
            f"{memory.knowledge.active().count()} facts."
        )
