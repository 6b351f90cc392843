"""Conversations, their messages, what each answer was given from memory, and what memory learnt from them."""

from chat.models.conversation import Conversation
from chat.models.memory_update import LearntItem, MemoryUpdate
from chat.models.message import Message
from chat.models.recalled_item import RecalledItem

__all__ = ["Conversation", "LearntItem", "MemoryUpdate", "Message", "RecalledItem"]
