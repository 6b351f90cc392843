"""`manage.py export_memory`: a whole memory as a file."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from memory.domain.assistants import current_memory
from memory.domain.exporting import json_of, markdown_of
from memory.domain.restoring.long_term import may_bring
from memory.models import Assistant, Memory


class Command(BaseCommand):
    help = (
        "Write all that an assistant remembers of a person: JSON with everything (docs/export.md), or Markdown to read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="whose memory it is")
        parser.add_argument("--assistant", metavar="SLUG", help="default: the person's first")
        parser.add_argument("--format", choices=("json", "markdown"), default="json")
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: the standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        memory = _memory(options["user"], options["assistant"])
        make = json_of if options["format"] == "json" else markdown_of
        # What a person may bring, they may take along.
        pieces = make(memory, timezone.now(), shared=may_bring(memory.user, memory))
        path: Path | None = options["output"]
        if path is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.flush()
            return
        try:
            with path.open("wb") as file:
                file.writelines(pieces)
        except OSError as error:
            raise CommandError(f"{path} could not be written: {error.strerror}.") from error
        self.stderr.write(f"{memory.pages.count()} pages are in {path}.")


def _memory(username: str, slug: str | None) -> Memory:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no person named {username!r}.")
    assistants = Assistant.objects.for_user(user)
    if not (assistants.filter(slug=slug) if slug else assistants).exists():
        raise CommandError(f"{username} is not a member of {slug!r}." if slug else f"{username} has no assistant yet.")
    return current_memory(user, slug)
