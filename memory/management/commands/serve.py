"""`manage.py serve`: run the whole product."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from memoryos_site.environment import integer, text
from memoryos_site.preparation import StartError
from memoryos_site.serving import Options, serve


class Command(BaseCommand):
    """Thin: reads the options and hands over to `memoryos_site.serving`."""

    help = "Runs MemoryOS: database, migrations, web server and background jobs, until Ctrl-C."
    requires_system_checks = []  # they would delay every start; `make test` runs them

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options; each has an environment variable."""
        parser.add_argument("--host", default=text("HOST", "127.0.0.1"), help="address to listen on (HOST)")
        parser.add_argument(
            "--port", type=int, default=integer("PORT", 8000, minimum=0, maximum=65535), help="port (PORT)"
        )
        parser.add_argument(
            "--no-worker",
            action="store_true",
            help="leave the background jobs to `manage.py procrastinate worker` processes",
        )

    def handle(self, *_args: object, **options: Any) -> None:
        """Serve until stopped; a start that cannot succeed ends with one sentence."""
        try:
            serve(Options(host=options["host"], port=options["port"], worker=not options["no_worker"]))
        except StartError as error:
            self.stderr.write(str(error))
            sys.exit(1)
