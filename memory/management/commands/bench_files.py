"""`manage.py bench_files`: how fast files come in and go out."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from memory.evaluation.bench_files import measure_files
from memory.evaluation.scratch import scratch_database
from memory.management.options import whole_number


class Command(BaseCommand):
    help = "Measure import and export on a database of its own that is dropped afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--import-pages", default=3000, help="pages of the imported file")
        parser.add_argument("--export-pages", default=10_000, help="pages of the exported memory")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        self._began = time.monotonic()
        self.stderr.style_func = None  # progress is no error
        imported, exported = (whole_number(f"--{n}-pages", options[f"{n}_pages"], 1) for n in ("import", "export"))
        try:
            with scratch_database():
                figures = measure_files(imported, exported, self._progress)
        except KeyboardInterrupt:
            raise CommandError("Stopped. The database it measured on is gone.", returncode=130) from None
        self.stdout.write(json.dumps(figures.as_json()) if options["json"] else "\n".join(figures.lines()))

    def _progress(self, what: str) -> None:
        self.stderr.write(f"[{time.monotonic() - self._began:5.0f} s] {what}")
        self.stderr.flush()
