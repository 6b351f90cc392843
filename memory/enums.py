"""The closed vocabularies of the domain: statuses, roles, levels, kinds of event."""

from django.db import models


class Role(models.TextChoices):
    """What a member may do with an assistant; owner > curator > member."""

    OWNER = "owner", "Owner"
    CURATOR = "curator", "Curator"
    MEMBER = "member", "Member"


class Subject(models.TextChoices):
    """Whom a piece of knowledge is about (paper, section 3.3: user KB and agent traits)."""

    USER = "user", "You"
    ASSISTANT = "assistant", "The assistant"


class KnowledgeStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    PROPOSED = "proposed", "Proposed"
    SUPERSEDED = "superseded", "Superseded"
    ARCHIVED = "archived", "Archived"
    DISABLED = "disabled", "Not used"


class TraitLevel(models.TextChoices):
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class Tier(models.TextChoices):
    """Where a recalled item came from."""

    SHORT_TERM = "short_term", "Short-term page"
    MID_TERM = "mid_term", "Mid-term page"
    PROFILE = "profile", "Profile"
    TRAIT = "trait", "Trait"
    USER_KNOWLEDGE = "user_knowledge", "Knowledge about you"
    ASSISTANT_KNOWLEDGE = "assistant_knowledge", "Knowledge of the assistant"


class Source(models.TextChoices):
    """The door through which a page came in."""

    CHAT = "chat", "Chat"
    IMPORT = "import", "Import"
    API = "api", "API"


class EventKind(models.TextChoices):
    """What a `MemoryEvent` says happened."""

    RECORDED = "recorded", "Page recorded"
    TRANSFERRED = "transferred", "Pages moved to mid-term"
    PROMOTED = "promoted", "Segment analysed"
    LEARNT = "learnt", "Learnt"
    CONFIRMED = "confirmed", "Confirmed again"
    MERGED = "merged", "Merged"
    SUPERSEDED = "superseded", "Superseded"
    ARCHIVED = "archived", "Archived"
    RESTORED = "restored", "Restored"
    EDITED = "edited", "Edited"
    PINNED = "pinned", "Pinned"
    UNPINNED = "unpinned", "No longer pinned"
    DISABLED = "disabled", "No longer used"
    ENABLED = "enabled", "Used again"
    DELETED = "deleted", "Deleted"
    FORGOTTEN = "forgotten", "Forgotten"
    FAILED = "failed", "Job failed"


class Actor(models.TextChoices):
    PERSON = "person", "Person"
    JOB = "job", "Background job"
    MODEL = "model", "Model"


class Purpose(models.TextChoices):
    """What a call to a language or embedding model was for."""

    REPLY = "reply", "Reply"
    TRANSFER = "transfer", "Transfer"
    PROMOTION = "promotion", "Promotion"
    MERGE = "merge", "Merging facts"
    SUMMARY = "summary", "Summary"
    EMBEDDING = "embedding", "Embedding"
    TITLE = "title", "Title of a conversation"


class Outcome(models.TextChoices):
    """How a model call ended; the failures match the errors of `memory.exceptions`."""

    OK = "ok", "OK"
    STOPPED = "stopped", "Stopped"
    UNREACHABLE = "unreachable", "Unreachable"
    UNAUTHORISED = "unauthorised", "Key refused"
    RATE_LIMITED = "rate_limited", "Rate limited"
    TIMED_OUT = "timed_out", "Timed out"
    SERVER_ERROR = "server_error", "Server error"
    REFUSED = "refused", "Request refused"
    CUT_OFF = "cut_off", "Cut off"
    EMPTY = "empty", "Empty answer"
    MALFORMED = "malformed", "Malformed answer"
