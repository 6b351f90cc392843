from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MemoryConfig(AppConfig):
    name = "memory"
    verbose_name = _("Memory")

    def ready(self) -> None:
        from memory import checks, receivers  # noqa: F401  (registering is the effect)

        post_migrate.connect(_create_operators, sender=self, dispatch_uid="memory.operators")


def _create_operators(**kwargs: Any) -> None:
    # Not before: Django's admin finds its pages after the apps are ready.
    from memory.admin.operators import create_operators

    create_operators(**kwargs)
