"""`manage.py reembed`: after a change of the embedding model, stored vectors follow."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from memory.domain.reembedding import BATCH, Outdated, Reembedded, amount, outdated_rows, reembed
from memory.embedding import get_embedder
from memory.exceptions import ModelError
from memory.models import Memory
from memory.progress import ProgressBar

_AGAIN = "Run the command again to go on from there."


def _batch(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number of rows")
    return int(text)


class Command(BaseCommand):
    help = (
        "Give every stored vector that another embedding model has made one of the configured model. It may run beside "
        "the product and be stopped at any time; run again, it goes on with what is left."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=_batch, default=BATCH, help=f"rows in one call and one commit ({BATCH})")
        parser.add_argument("--memory", type=int, nargs="+", metavar="ID", help="only these memories; default: all")
        parser.add_argument("--dry-run", action="store_true", help="say what there is to do, and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        memories: list[int] | None = options["memory"]
        self._refuse_unknown(memories or [])
        embedder = get_embedder()
        found = outdated_rows(embedder.name, memories)
        if not found:
            self.stdout.write(f"Nothing to do: every vector is of {embedder.name}.")
            return
        if options["dry_run"]:
            self._tell(found, embedder.name)
            return
        # Of its own: what Django calls stderr is red on a terminal, and this is no error.
        bar = ProgressBar("Embedding", _total(found), OutputWrapper(options.get("stderr") or sys.stderr))
        started = time.monotonic()
        try:
            done = reembed(embedder, memories=memories, batch=options["batch"], progress=bar.advance)
        except ModelError as error:
            raise CommandError(f"{error} {bar.done} of {bar.total} rows are done. {_AGAIN}") from error
        except KeyboardInterrupt:
            raise CommandError(f"Stopped. {bar.done} of {bar.total} rows are done. {_AGAIN}", returncode=130) from None
        bar.close()
        self._report(done, embedder.name, time.monotonic() - started)

    def _refuse_unknown(self, memories: list[int]) -> None:
        known = set(Memory.objects.filter(pk__in=memories).values_list("pk", flat=True))
        if unknown := sorted(set(memories) - known):
            raise CommandError(f"There is no memory {', '.join(map(str, unknown))}. Nothing was changed.")

    def _tell(self, found: list[Outdated], model: str) -> None:
        for row in found:
            self.stdout.write(f"{amount(row.rows, row.kind)} with a vector of {row.model}.")
        self.stdout.write(f"They would get vectors of {model}. Nothing was changed.")

    def _report(self, done: Reembedded, model: str, seconds: float) -> None:
        self.stdout.write(
            f"Gave {amount(done.pages, 'pages')}, {amount(done.segments, 'segments')} and "
            f"{amount(done.knowledge, 'facts')} vectors of {model} ({seconds:.1f} s)."
        )
        if done.left:
            raise CommandError(
                f"{amount(done.left, 'rows')} still with a vector of another model: something embeds with another "
                "EMBEDDING_MODEL. Restart every server and worker with the new setting and run the command again."
            )


def _total(found: list[Outdated]) -> int:
    return sum(row.rows for row in found)
