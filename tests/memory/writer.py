"""A writer as a process of its own: `python -m tests.memory.writer MEMORY_ID NAME COUNT [--ids]`.

Says "ready" and waits for a line, so that several begin at the same moment; then records COUNT pages, one transaction
each: "NAME 0", "NAME 1" ... With `--ids` they carry external ids that another writer of the same NAME gives, too.
"""

import os
import sys

import django

BASE = "2026-02-01T09:00:00+00:00"


def main() -> None:
    """Record the pages; ends with a traceback and exit code 1 when one could not be recorded."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memoryos_site.settings")
    django.setup()
    from datetime import datetime, timedelta

    from memory.domain.recording import record_page
    from memory.models import Memory

    memory_id, name, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    memory = Memory.objects.get(pk=memory_id)
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(count):
        record_page(
            memory,
            query=f"{name} {n}",
            response=f"Noted {n}",
            occurred_at=datetime.fromisoformat(BASE) + timedelta(minutes=n),
            external_id=f"{name}-{n}" if "--ids" in sys.argv else None,
        )


if __name__ == "__main__":
    main()
