"""What memory learnt from a conversation, noted for the conversation to show.

Notes are made in the transaction of the memory's own event: what is rolled back is not noted. They name what was learnt
by its key; the words are looked up when a note is shown, so that what is forgotten is gone from here as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.contrib.postgres.functions import TransactionNow
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from chat.groups import announce_change
from chat.known import Key, Known, look_up, look_up_segments
from chat.models import Conversation, LearntItem, MemoryUpdate, Message
from memory.domain.forgetting import Rows
from memory.enums import Tier
from memory.models import Knowledge, Memory, Page, Profile, Segment, Trait

MOST_NOTES = 100
"""The most notes that are read at a time."""

Learnt = Profile | Trait | Knowledge


def note_transfer(memory: Memory, pages: Sequence[Page]) -> None:
    """Note, for each conversation whose answers are among pages that moved, the segments they moved to.

    Runs in the transfer's transaction; tells open pages after its commit.
    """
    went = {page.pk: page.segment_id for page in pages}
    learnt: dict[UUID, list[Key]] = defaultdict(list)
    for conversation_id, page_id in _answers(memory, went):
        if segment_id := went[page_id]:
            learnt[conversation_id].append((Tier.MID_TERM, segment_id))
    _note(learnt)


def note_promotion(memory: Memory, segment: Segment, learnt: Sequence[Learnt]) -> None:
    """Note, for each conversation, what a promotion of a segment learnt from it: what is new or changed and rests on a
    page that one of its answers became.

    Runs in the promotion's transaction, once for each segment; all of a promotion becomes one note a conversation.
    """
    rests: dict[int, list[Key]] = defaultdict(list)
    for row in learnt:
        pages = row.evidence if isinstance(row, Trait) else row.sources
        for page_id in pages.filter(segment=segment).order_by().values_list("pk", flat=True):
            rests[page_id].append((_tier_of(row), row.pk))
    found: dict[UUID, list[Key]] = defaultdict(list)
    for conversation_id, page_id in _answers(memory, rests):
        found[conversation_id] += rests[page_id]
    _note(found)


def note_wish(conversation: Conversation, fact: Knowledge, at: datetime) -> None:
    """Note that a fact was stored because the person said so in the conversation. Runs in the caller's transaction."""
    update = MemoryUpdate.objects.create(conversation=conversation, created_at=at)
    LearntItem.objects.create(update=update, tier=Tier.USER_KNOWLEDGE, object_id=fact.pk)


def noted_wishes(conversation: Conversation, moments: Iterable[datetime]) -> dict[int, list[datetime]]:
    """Return the facts that wishes said at these moments were noted to have stored or confirmed, each with its moments.

    Without those that are named by another note as well.
    """
    facts = LearntItem.objects.filter(tier=Tier.USER_KNOWLEDGE)
    of_wishes = facts.filter(update__conversation=conversation, update__created_at__in=list(moments))
    found: dict[int, list[datetime]] = defaultdict(list)
    for pk, at in of_wishes.order_by("pk").values_list("object_id", "update__created_at"):
        found[pk].append(at)
    others = facts.filter(object_id__in=found).exclude(pk__in=of_wishes.values("pk"))
    for pk in others.order_by().values_list("object_id", flat=True):
        found.pop(pk, None)
    return found


def let_go(memory: Memory, rows: Rows) -> None:
    """Take what is forgotten out of all notes, and drop the notes that say nothing any more.

    Runs in the forgetting's transaction. What somebody holds locked is being deleted with its conversation.
    """
    conversations = Conversation.objects.filter(memory__assistant=memory.assistant_id)
    items = LearntItem.objects.filter(update__conversation__in=conversations).among(rows).order_by()
    held = list(items.select_for_update(of=("self",), skip_locked=True).values_list("pk", "update_id"))
    LearntItem.objects.filter(pk__in=[pk for pk, _ in held]).delete()
    MemoryUpdate.objects.filter(pk__in={update for _, update in held}, items__isnull=True).delete()


@dataclass(frozen=True, slots=True)
class Note:
    """A note of what memory learnt from a conversation, with what of it is still there."""

    id: int
    at: datetime
    items: tuple[Known, ...]

    @property
    def amounts(self) -> str:
        """How many of each kind, as a list: "2 facts, 1 trait"."""
        kinds = [item.kind for item in self.items]
        facts = kinds.count("knowledge") + kinds.count("assistant-knowledge")
        counted = (
            (kinds.count("profile"), ngettext("%d profile entry", "%d profile entries", kinds.count("profile"))),
            (kinds.count("traits"), ngettext("%d trait", "%d traits", kinds.count("traits"))),
            (facts, ngettext("%d fact", "%d facts", facts)),
            (kinds.count("segment"), ngettext("%d topic", "%d topics", kinds.count("segment"))),
        )
        return ", ".join(words % count for count, words in counted if count)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time from `since` to before `until`; None where it has no end on that side."""

    since: datetime | None = None
    until: datetime | None = None


ALWAYS = Stretch()


def updates_of(conversation: Conversation, after_id: int = 0, stretch: Stretch = ALWAYS) -> list[Note]:
    """Return the notes of a conversation after the one with this id and in this stretch, oldest first, that still have
    something to say; of very many the newest.

    The same few queries, however many notes.
    """
    rows = conversation.memory_updates.filter(pk__gt=after_id)
    if stretch.since is not None:
        rows = rows.filter(created_at__gte=stretch.since)
    if stretch.until is not None:
        rows = rows.filter(created_at__lt=stretch.until)
    updates = list(rows.order_by("-pk").prefetch_related("items")[:MOST_NOTES])[::-1]
    keys = {(Tier(item.tier), item.object_id) for update in updates for item in update.items.all()}
    known = _known(conversation.memory, keys)
    notes = []
    for update in updates:
        there = (known.get((Tier(item.tier), item.object_id)) for item in update.items.all())
        if items := tuple(item for item in there if item is not None):
            notes.append(Note(update.pk, update.created_at, items))
    return notes


def newest_update(conversation: Conversation) -> int:
    """Return the id of the newest note of a conversation, whether it still has something to say or not; 0 for none."""
    return conversation.memory_updates.order_by("-pk").values_list("pk", flat=True).first() or 0


def render_update(note: Note) -> str:
    """Return a note as HTML, in the language that is active."""
    return render_to_string("chat/_memory_update.html", {"note": note})


def _known(memory: Memory, keys: Iterable[Key]) -> Mapping[Key, Known]:
    """Look up what notes name: there, mid-term means a segment. What is proposed is not told here."""
    segments = {pk for tier, pk in keys if tier is Tier.MID_TERM}
    others = [key for key in keys if key[0] is not Tier.MID_TERM]
    found = dict(look_up(memory, others, may_curate=False, traced=False))
    if segments:
        found |= {(Tier.MID_TERM, pk): known for pk, known in look_up_segments(memory, segments).items()}
    return found


def _answers(memory: Memory, page_ids: Iterable[int]) -> Iterable[tuple[UUID, int]]:
    """The pages among these that answers became: in which conversation, and which page."""
    answers = Message.objects.filter(conversation__memory=memory, page__in=list(page_ids))
    return [(conversation, page) for conversation, page in answers.values_list("conversation_id", "page_id") if page]


def _note(learnt: Mapping[UUID, Sequence[Key]]) -> None:
    for conversation_id, keys in learnt.items():
        if not keys:
            continue
        # The transaction's own time: all that it learns is one note.
        update, _ = MemoryUpdate.objects.get_or_create(conversation_id=conversation_id, created_at=TransactionNow())
        rows = [LearntItem(update=update, tier=tier, object_id=pk) for tier, pk in dict.fromkeys(keys)]
        LearntItem.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(partial(announce_change, conversation_id), robust=True)


def _tier_of(row: Learnt) -> Tier:
    match row:
        case Profile():
            return Tier.PROFILE
        case Trait():
            return Tier.TRAIT
        case _:
            return Tier.USER_KNOWLEDGE if row.memory_id else Tier.ASSISTANT_KNOWLEDGE
