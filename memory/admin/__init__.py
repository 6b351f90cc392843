"""Django's admin over the memory: everything can be looked at, only what breaks nothing can be changed."""

from memory.admin import logs, people, persona, tiers

__all__ = ["logs", "people", "persona", "tiers"]
