"""`manage.py bench`: how fast recording, recall and the worker are on this machine."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from memory.evaluation.bench import Plan, run
from memory.evaluation.bench_report import table
from memory.evaluation.scratch import scratch_database
from memory.exceptions import ModelError
from memory.management.options import whole_number


class Command(BaseCommand):
    help = (
        "Measure recording, recall, a bare exact vector scan and the worker on memories of several sizes beside other "
        "people's pages, in a database of its own that is dropped afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pages", default="1000,10000,100000", help="sizes of the measured memories")
        parser.add_argument("--others", default="1000000", help="pages of other people in the same tables")
        parser.add_argument("--queries", default="100", help="different questions to each memory")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--keep", action="store_true", help="keep the database until Ctrl-C, for EXPLAIN")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = _plan(options["pages"], options["others"], options["queries"])
        self._began = time.monotonic()
        self.stderr.style_func = None  # progress is no error
        try:
            with scratch_database() as name:
                figures = run(plan, self._progress)
                self.stdout.write(json.dumps(figures.as_json()) if options["json"] else table(figures))
                if options["keep"]:
                    self._hold(name)
        except ModelError as error:
            raise CommandError(f"The embedding model failed: {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. The database it measured on is gone.", returncode=130) from None

    def _progress(self, what: str) -> None:
        self.stderr.write(f"[{time.monotonic() - self._began:5.0f} s] {what}")
        self.stderr.flush()

    def _hold(self, name: str) -> None:
        self.stdout.flush()
        self.stderr.write(f"The database {name} is there until Ctrl-C.")
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


def _plan(pages: str, others: str, queries: str) -> Plan:
    sizes = [whole_number("--pages", part, 1) for part in pages.split(",")]
    if twice := next((size for size in sizes if sizes.count(size) > 1), None):
        raise CommandError(f"--pages names the size {twice} twice.")
    return Plan(sorted(sizes), whole_number("--others", others, 0), whole_number("--queries", queries, 1))
