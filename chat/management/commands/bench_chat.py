"""`manage.py bench_chat`: how fast the chat is on this machine, and whether that is as fast as it should be."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from dataclasses import fields
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.evaluation.bench import Plan, run
from chat.evaluation.report import table
from memory.evaluation.scratch import scratch_database
from memory.exceptions import ModelError
from memory.management.options import whole_number

_HELP = {
    "pages": "pages of the memory that is asked",
    "people": "other people, with 1,000 pages each, who share answers and sockets",
    "questions": "questions to it, one after the other",
    "answers": "answers that stream at once",
    "tokens": "tokens of each of them, on average",
    "idle": "idle sockets beside which pages are loaded",
    "streaming": "answers that stream meanwhile",
    "looks": "times each page is loaded beside them, and as often without, before and after",
}


class Command(BaseCommand):
    help = (
        "Measure the chat: from a frame to the model's request, many answers at once, pages beside many sockets. "
        "Starts the product, a model server and a database of their own; nothing is left of them afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        for plan in fields(Plan):
            parser.add_argument(
                f"--{plan.name}", default=plan.default, help=f"{_HELP[plan.name]} (default: {plan.default:,})"
            )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = Plan(**{field.name: whole_number(f"--{field.name}", options[field.name], 1) for field in fields(Plan)})
        self._began = time.monotonic()
        self.stderr.style_func = None  # progress is no error
        try:
            with scratch_database():
                figures, faults = run(plan, self._progress)
        except ModelError as error:
            raise CommandError(f"The embedding model failed: {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. The product and the database it measured are gone.", returncode=130) from None
        self.stdout.write(json.dumps(figures.as_json()) if options["json"] else table(figures))
        if faults:
            raise CommandError("Something went wrong on the way:\n" + "\n".join(faults))

    def _progress(self, what: str) -> None:
        self.stderr.write(f"[{time.monotonic() - self._began:5.0f} s] {what}")
        self.stderr.flush()
