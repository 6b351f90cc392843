"""Background jobs, as the library keeps them."""

from __future__ import annotations

from procrastinate.contrib.django.models import ProcrastinateJob


class BackgroundJob(ProcrastinateJob):
    """A row of the library's queue, under a name that people know: a list and permissions of its own in the admin."""

    class Meta:
        proxy = True
        verbose_name = "background job"
