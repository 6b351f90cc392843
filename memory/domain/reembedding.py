"""Re-embedding: after a change of the embedding model, stored vectors follow, without recall going blind meanwhile.

Memory by memory: its pages batch by batch, with each batch the segments whose last page it held, then its knowledge and
its assistant's. A vector of the old model stays in use until the one of the new model takes its place, in the same row.
What is left to do is what the rows say, so that a run may be killed at any point, started again, or run twice at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from memory.domain.ledger import embedded
from memory.domain.vectors import direct_segments, give_vectors, outdated
from memory.embedding.base import Embedder
from memory.models import Assistant, Knowledge, Memory, Page, Segment

Progress = Callable[[int], None]

BATCH = 256
"""Rows in one embedder call and one commit."""
LOOKS = 5
"""Times to look again for what was given an old vector meanwhile before concluding that it does not end."""
_LAST_POSITION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Reembedded:
    """Rows that were given a vector, and rows of other models that came while it ran and were still there at the end:
    something still embeds with another model."""

    pages: int = 0
    segments: int = 0
    knowledge: int = 0
    left: int = 0

    @property
    def total(self) -> int:
        return self.pages + self.segments + self.knowledge


@dataclass(frozen=True, slots=True)
class Outdated:
    """So many rows of a kind ("pages", "segments", "facts") carry a vector of `model`."""

    kind: str
    model: str
    rows: int


def amount(rows: int, kind: str) -> str:
    """Return "1 page", "2,000 pages"; `kind` is the plural."""
    return f"{rows:,} {kind if rows != 1 else kind[:-1]}"


def outdated_rows(model: str, memories: Collection[int] | None = None) -> list[Outdated]:
    """Count what another model than `model` has made, by kind and model; of these memories (ids) or of all.

    The knowledge of the memories' assistants counts among theirs. Reads every row's model name: not for a start-up.
    """
    found: list[Outdated] = []
    kinds: tuple[tuple[str, QuerySet[Page] | QuerySet[Segment] | QuerySet[Knowledge]], ...] = (
        ("pages", outdated(Page.objects.filter(_within(memories)), model)),
        ("segments", outdated(Segment.objects.filter(_within(memories)), model)),
        ("facts", outdated(Knowledge.objects.filter(_within(memories) | _shared_within(memories)), model)),
    )
    for kind, rows in kinds:
        counted = rows.values_list("embedding_model").annotate(rows=Count("pk")).order_by("embedding_model")
        found += [Outdated(kind, other, count) for other, count in counted]
    return found


def reembed(
    embedder: Embedder,
    *,
    memories: Collection[int] | None = None,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> Reembedded:
    """Give every vector of another model one of this embedder's; return what was done.

    For each memory (`memories`: ids; default all), in order: pages, oldest first, archived segments' among them; a
    segment with its last page, as the mean direction of its pages; the knowledge of the person, then of the assistant.
    Each batch is one embedder call outside any transaction and one short commit behind the memory's lock, which
    touches only rows that are as they were read. Then it looks again until nothing is left, at most `LOOKS` times.
    `progress` is called with the number of rows done. A memory that is deleted meanwhile is passed over. Raises
    ModelError; what is done stays done.
    """
    run = _Run(embedder, memories, batch, progress or (lambda _rows: None))
    for _ in range(1 + LOOKS):
        if not run.once():
            return Reembedded(run.pages, run.segments, run.knowledge)
    left = sum(row.rows for row in outdated_rows(embedder.name, memories))
    return Reembedded(run.pages, run.segments, run.knowledge, left)


def reembed_fact(entry: Knowledge, embedder: Embedder) -> bool:
    """Give one fact a vector of this embedder; False where it has one, or was changed or deleted meanwhile.

    The embedder is asked outside any transaction. Raises ModelError; nothing is changed then.
    """
    row = Knowledge.objects.select_related("memory", "assistant").filter(pk=entry.pk).first()
    home = None if row is None else row.memory or row.assistant
    if row is None or home is None or row.embedding_model == embedder.name:
        return False
    given: list[Knowledge] = []
    with _passed_over_when_gone(home):
        vectors = embedded(home, embedder, [row.text])
        with transaction.atomic():
            _lock(home)
            given = give_vectors([row], vectors, embedder.name, "embedding_model", "text")
    return bool(given)


def _within(memories: Collection[int] | None) -> Q:
    return Q() if memories is None else Q(memory__in=memories)


def _shared_within(memories: Collection[int] | None) -> Q:
    return Q() if memories is None else Q(assistant__in=Memory.objects.filter(pk__in=memories).values("assistant"))


@dataclass(slots=True)
class _Run:
    """One call of `reembed`: what it is to do and what it has done."""

    embedder: Embedder
    memories: Collection[int] | None
    batch: int
    progress: Progress
    pages: int = 0
    segments: int = 0
    knowledge: int = 0

    def once(self) -> bool:
        """Go through everything that is outdated now; False when nothing was."""
        memories, assistants = self._outdated_memories(), self._outdated_assistants()
        for pk in memories:
            memory = Memory.objects.filter(pk=pk).first()
            if memory is None:
                continue
            with _passed_over_when_gone(memory):
                self._embed_pages(memory)
                self._direct_segments(memory)
                self._embed_knowledge(memory, Knowledge.objects.about_user(memory))
            if memory.assistant_id in assistants:
                assistants.remove(memory.assistant_id)
                self._embed_shared(memory.assistant_id)
        for pk in assistants:
            self._embed_shared(pk)
        return bool(memories or assistants)

    def _outdated_memories(self) -> list[int]:
        """The ids of memories with something to do, in the order of their making."""
        pages, segments, facts = (
            Exists(outdated(rows.filter(memory=OuterRef("pk")), self.embedder.name))
            for rows in (Page.objects.all(), Segment.objects.all(), Knowledge.objects.all())
        )
        chosen = Memory.objects.all() if self.memories is None else Memory.objects.filter(pk__in=self.memories)
        return list(chosen.filter(pages | segments | facts).order_by("pk").values_list("pk", flat=True))

    def _outdated_assistants(self) -> set[int]:
        shared = outdated(Knowledge.objects.filter(_shared_within(self.memories)), self.embedder.name)
        return set(shared.filter(assistant__isnull=False).values_list("assistant", flat=True))

    def _embed_pages(self, memory: Memory) -> None:
        """Go through the outdated pages once, oldest first.

        Whoever finds that somebody else was quicker goes on from the other end: two runs then meet in the middle
        instead of paying for every page twice.
        """
        pages = outdated(memory.pages.all(), self.embedder.name).only(
            "memory", "position", "query", "response", "embedding_model"
        )
        after, before, newest_first = 0, _LAST_POSITION, False
        while True:
            window = pages.filter(position__gt=after, position__lt=before)
            rows = list(window.order_by("-position" if newest_first else "position")[: self.batch])
            if not rows:
                return
            vectors = embedded(memory, self.embedder, [page.text for page in rows])
            with transaction.atomic():
                _lock(memory)
                given = give_vectors(rows, vectors, self.embedder.name, "embedding_model")
                # Asked for again: a transfer may have moved them while the embedder was at work.
                holders = Segment.objects.filter(pages__in=given).values_list("pk", flat=True).distinct()
                directed = direct_segments(holders, self.embedder.name)
            self._count(pages=len(given), segments=directed)
            if newest_first:
                before = rows[-1].position
            else:
                after = rows[-1].position
            newest_first ^= len(given) < len(rows)

    def _direct_segments(self, memory: Memory) -> None:
        """Give the segments theirs whose pages have long had one, or are gone."""
        last = 0
        segments = outdated(memory.segments.all(), self.embedder.name).order_by("pk").values_list("pk", flat=True)
        while ids := list(segments.filter(pk__gt=last)[: self.batch]):
            with transaction.atomic():
                _lock(memory)
                directed = direct_segments(ids, self.embedder.name)
            self._count(segments=directed)
            last = ids[-1]

    def _embed_knowledge(self, home: Memory | Assistant, facts: QuerySet[Knowledge]) -> None:
        last = 0
        entries = outdated(facts, self.embedder.name).only("text", "embedding_model").order_by("pk")
        while rows := list(entries.filter(pk__gt=last)[: self.batch]):
            vectors = embedded(home, self.embedder, [entry.text for entry in rows])
            with transaction.atomic():
                _lock(home)
                # A text that a person has changed meanwhile has another vector than the one asked for.
                given = give_vectors(rows, vectors, self.embedder.name, "embedding_model", "text")
            self._count(knowledge=len(given))
            last = rows[-1].pk

    def _embed_shared(self, assistant_id: int) -> None:
        assistant = Assistant.objects.filter(pk=assistant_id).first()
        if assistant is not None:
            with _passed_over_when_gone(assistant):
                self._embed_knowledge(assistant, Knowledge.objects.about_assistant(assistant))

    def _count(self, *, pages: int = 0, segments: int = 0, knowledge: int = 0) -> None:
        self.pages += pages
        self.segments += segments
        self.knowledge += knowledge
        self.progress(pages + segments + knowledge)


def _lock(home: Memory | Assistant) -> None:
    if isinstance(home, Memory):
        Memory.objects.locked(home.pk)
    else:
        Assistant.objects.select_for_update(no_key=True).get(pk=home.pk)


@contextmanager
def _passed_over_when_gone(home: Memory | Assistant) -> Iterator[None]:
    """Swallow what comes of a home being deleted in the middle: no row to lock, none for the ledger to refer to."""
    try:
        yield
    except (ObjectDoesNotExist, IntegrityError):
        if type(home).objects.filter(pk=home.pk).exists():
            raise
