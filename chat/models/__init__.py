"""Conversations, their messages, what each answer was given from memory, what memory learnt from them, and how many
answers people may ask for.
"""

from chat.models.allowance import Allowance
from chat.models.conversation import Conversation
from chat.models.memory_update import LearntItem, MemoryUpdate
from chat.models.message import Message
from chat.models.recalled_item import RecalledItem

__all__ = ["Allowance", "Conversation", "LearntItem", "MemoryUpdate", "Message", "RecalledItem"]
