"""Conversations, their messages, and what each answer was given from memory."""

from chat.models.conversation import Conversation
from chat.models.message import Message
from chat.models.recalled_item import RecalledItem

__all__ = ["Conversation", "Message", "RecalledItem"]
