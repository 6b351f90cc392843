"""The tiers as rows: one noun a file."""

from memory.models.assistant import Assistant, Membership
from memory.models.connection import ModelConnection
from memory.models.event import MemoryEvent
from memory.models.incoming import Import
from memory.models.invitation import Invitation
from memory.models.job import BackgroundJob
from memory.models.knowledge import Knowledge, SharedKnowledge
from memory.models.memory import Memory
from memory.models.model_call import ModelCall
from memory.models.page import Page, Posting, SegmentPosting
from memory.models.persona import Profile, Trait
from memory.models.segment import DialogueChain, Segment, SegmentVisit

__all__ = [
    "Assistant",
    "BackgroundJob",
    "DialogueChain",
    "Import",
    "Invitation",
    "Knowledge",
    "Membership",
    "Memory",
    "MemoryEvent",
    "ModelCall",
    "ModelConnection",
    "Page",
    "Posting",
    "Profile",
    "Segment",
    "SegmentPosting",
    "SegmentVisit",
    "SharedKnowledge",
    "Trait",
]
