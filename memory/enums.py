"""The closed vocabularies of the domain: statuses, roles, levels, kinds of event. Labels are for people only."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member may do with an assistant; owner > curator > member."""

    OWNER = "owner", _("Owner")
    CURATOR = "curator", _("Curator")
    MEMBER = "member", _("Member")


class Subject(models.TextChoices):
    """Whom a piece of knowledge is about (paper, section 3.3: user KB and agent traits)."""

    USER = "user", _("You")
    ASSISTANT = "assistant", _("The assistant")


class KnowledgeStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    PROPOSED = "proposed", _("Proposed")
    SUPERSEDED = "superseded", _("Superseded")
    ARCHIVED = "archived", _("Archived")
    DISABLED = "disabled", _("Not used")


class TraitLevel(models.TextChoices):
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class Tier(models.TextChoices):
    """Where a recalled item came from."""

    SHORT_TERM = "short_term", _("Short-term page")
    MID_TERM = "mid_term", _("Mid-term page")
    PROFILE = "profile", _("Profile")
    TRAIT = "trait", _("Trait")
    USER_KNOWLEDGE = "user_knowledge", _("Knowledge about you")
    ASSISTANT_KNOWLEDGE = "assistant_knowledge", _("Knowledge of the assistant")


class Source(models.TextChoices):
    """The door through which a page came in."""

    CHAT = "chat", _("Chat")
    IMPORT = "import", _("Import")
    DEMO = "demo", _("Demo data")
    API = "api", _("API")


class EventKind(models.TextChoices):
    """What a `MemoryEvent` says happened."""

    RECORDED = "recorded", _("Page recorded")
    TRANSFERRED = "transferred", _("Pages moved to mid-term")
    ASKED = "asked", _("Analysis asked for")
    PROMOTED = "promoted", _("Segment analysed")
    LEARNT = "learnt", _("Learnt")
    ADDED = "added", _("Added by hand")
    CONFIRMED = "confirmed", _("Confirmed again")
    MERGED = "merged", _("Merged")
    SUPERSEDED = "superseded", _("Superseded")
    ARCHIVED = "archived", _("Archived")
    RESTORED = "restored", _("Restored")
    EDITED = "edited", _("Edited")
    PINNED = "pinned", _("Pinned")
    UNPINNED = "unpinned", _("No longer pinned")
    DISABLED = "disabled", _("No longer used")
    ENABLED = "enabled", _("Used again")
    PROPOSED = "proposed", _("Proposed to the team")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")
    LOCKED = "locked", _("Locked")
    UNLOCKED = "unlocked", _("No longer locked")
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Resumed")
    IMPORTED = "imported", _("Imported")
    CREATED = "created", _("Created")
    CONFIGURED = "configured", _("Settings changed")
    INVITED = "invited", _("Invitation made")
    REVOKED = "revoked", _("Invitation revoked")
    JOINED = "joined", _("Joined")
    ROLE_CHANGED = "role_changed", _("Role changed")
    LEFT = "left", _("Left")
    REMOVED = "removed", _("Removed")
    OPENED = "opened", _("Opened by an operator")
    DELETED = "deleted", _("Deleted")
    FORGOTTEN = "forgotten", _("Forgotten")
    FAILED = "failed", _("Job failed")


class ImportState(models.TextChoices):
    """How far an uploaded file is."""

    READING = "reading", _("Being read")
    READY = "ready", _("To be confirmed")
    IMPORTING = "importing", _("Being imported")
    DONE = "done", _("Imported")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Actor(models.TextChoices):
    PERSON = "person", _("Person")
    JOB = "job", _("Background job")
    MODEL = "model", _("Model")


class Purpose(models.TextChoices):
    """What a call to a language or embedding model was for."""

    REPLY = "reply", _("Reply")
    TRANSFER = "transfer", _("Transfer")
    PROMOTION = "promotion", _("Promotion")
    MERGE = "merge", _("Merging facts")
    SUMMARY = "summary", _("Summary")
    EMBEDDING = "embedding", _("Embedding")
    TITLE = "title", _("Title of a conversation")
    TEST = "test", _("Test of a connection")


class Outcome(models.TextChoices):
    """How a model call ended; the failures match the errors of `memory.exceptions`."""

    OK = "ok", _("OK")
    STOPPED = "stopped", _("Stopped")
    UNREACHABLE = "unreachable", _("Unreachable")
    UNAUTHORISED = "unauthorised", _("Key refused")
    RATE_LIMITED = "rate_limited", _("Rate limited")
    TIMED_OUT = "timed_out", _("Timed out")
    SERVER_ERROR = "server_error", _("Server error")
    REFUSED = "refused", _("Request refused")
    CUT_OFF = "cut_off", _("Cut off")
    EMPTY = "empty", _("Empty answer")
    MALFORMED = "malformed", _("Malformed answer")
