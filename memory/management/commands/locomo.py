"""`manage.py locomo`: measure what the memory recalls, on conversations whose answers are known."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from memory.embedding import get_embedder
from memory.evaluation.answers import answer_questions
from memory.evaluation.evidence import find_evidence
from memory.evaluation.locomo import Conversation, read_conversations
from memory.evaluation.replay import cost_of, replay
from memory.evaluation.report import Run, Setup, as_text, report
from memory.evaluation.scratch import scratch_database
from memory.exceptions import ImportFault, MemoryOSError
from memory.llm import get_consolidator, get_responder, model_connected
from memory.progress import ProgressBar


class Command(BaseCommand):
    help = (
        "Replay the conversations of a LoCoMo file through the memory and report how much of the evidence for their "
        "questions recall finds. Runs in a database of its own, which is dropped afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--conversation", metavar="ID", nargs="+", action="extend", default=[], help="only these conversations"
        )
        parser.add_argument("--budget", type=int, default=2000, help="tokens of recalled memory (default: 2000)")
        parser.add_argument("--answers", action="store_true", help="let the connected model answer, and score it")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["budget"] <= 0:
            raise CommandError("The budget must be more than zero tokens.")
        if options["answers"] and not model_connected():
            raise CommandError(
                "--answers needs a language model, and none is connected: set OPENAI_API_KEY or OPENAI_BASE_URL."
            )
        try:
            conversations = read_conversations(options["file"], options["conversation"])
        except ImportFault as error:
            raise CommandError(str(error)) from error
        setup = _setup(options["budget"], answers=options["answers"])
        self.stderr.style_func = None  # progress is no error
        try:
            with scratch_database():
                runs = [self._run(conversation, setup) for conversation in conversations]
        except MemoryOSError as error:
            raise CommandError(f"The measurement stopped: {error}") from error
        figures = report(runs, setup)
        self.stdout.write(json.dumps(figures) if options["json"] else as_text(figures, setup))

    def _run(self, conversation: Conversation, setup: Setup) -> Run:
        """Replay one conversation and ask its questions; the bar counts pages, questions and answers."""
        pages = len(conversation.drafts)
        to_answer = conversation.questions if setup.responder is not None else ()
        bar = ProgressBar(conversation.name, pages + len(conversation.with_evidence) + len(to_answer), self.stderr)
        memory = replay(conversation, setup.budget, get_consolidator(), get_embedder(), bar.advance)
        bar.advance_to(pages)
        findings = find_evidence(memory, conversation, setup.budget, bar.advance)
        answers = answer_questions(memory, to_answer, get_responder(), bar.advance) if to_answer else []
        bar.close()
        return Run(conversation.name, pages, cost_of(memory), findings, answers)


def _setup(budget: int, *, answers: bool) -> Setup:
    consolidator = get_consolidator()
    return Setup(
        embedder=get_embedder().name,
        consolidator=consolidator.name,
        with_model=consolidator.is_model,
        budget=budget,
        responder=get_responder().name if answers else None,
    )
