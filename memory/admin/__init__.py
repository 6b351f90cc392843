"""Django's admin for operators: figures and states of everything, what is private only when it is opened, and no way
round the domain.
"""

from memory.admin import accounts, assistants, calls, jobs, logs, members, memories, persona, shared, tiers

__all__ = ["accounts", "assistants", "calls", "jobs", "logs", "members", "memories", "persona", "shared", "tiers"]
