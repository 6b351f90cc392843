#!/usr/bin/env python3
"""Entry point of every management command."""

import os
import signal
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command named on the command line; a bad setting ends it with one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memoryos_site.settings")
    # A plain SIGTERM would leave no time to stop the embedded database.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
