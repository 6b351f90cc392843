"""`manage.py bench_dashboard`: how long the dashboard's pages take on a large memory, on this machine."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from memory.evaluation.bench_dashboard import Plan, run, table
from memory.evaluation.scratch import scratch_database
from memory.exceptions import ModelError
from memory.management.options import whole_number


class Command(BaseCommand):
    help = "Measure the dashboard's pages on a large memory, in a database of its own that is dropped afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        plan = Plan()
        parser.add_argument("--pages", default=plan.pages, help="pages of the memory")
        parser.add_argument("--segments", default=plan.segments, help="segments they are in, about")
        parser.add_argument("--loads", default=plan.loads, help="times each page of the dashboard is loaded")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = Plan(*(whole_number(f"--{name}", options[name], 1) for name in ("pages", "segments", "loads")))
        self._began = time.monotonic()
        self.stderr.style_func = None  # progress is no error
        try:
            with scratch_database():
                figures = run(plan, self._progress)
        except ModelError as error:
            raise CommandError(f"The embedding model failed: {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. The database it measured on is gone.", returncode=130) from None
        self.stdout.write(json.dumps(figures.as_json()) if options["json"] else table(figures))

    def _progress(self, what: str) -> None:
        self.stderr.write(f"[{time.monotonic() - self._began:5.0f} s] {what}")
        self.stderr.flush()
