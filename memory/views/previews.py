"""A forgetting in plain words: what goes, what stays and why, and what it does not reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext_lazy

from memory.domain.forgetting import Forgetting, Item
from memory.enums import KnowledgeStatus, Source
from memory.models import Knowledge, Memory

Secret = frozenset[tuple[str, int]]

SHOWN = 6
"""Of each kind; the rest is counted."""
EXCERPT = 90

COUNTED = {
    "pages": ngettext_lazy("%d page", "%d pages"),
    "segment": ngettext_lazy("%d segment", "%d segments"),
    "knowledge": ngettext_lazy("%d fact about you", "%d facts about you"),
    "profile": ngettext_lazy("%d profile attribute", "%d profile attributes"),
    "trait": ngettext_lazy("%d trait", "%d traits"),
    "assistant_knowledge": ngettext_lazy("%d fact about the assistant", "%d facts about the assistant"),
}
_LOGGED = {"segments": "segment", "facts": "knowledge", "traits": "trait"}
"""Names by which the activity log counts some kinds."""


@dataclass(frozen=True, slots=True)
class Some:
    """Things of one kind: how many, and the words of the first of them."""

    count: int
    counted: str
    """The number with the name of what is counted."""
    words: Sequence[str]

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.words)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a person is shown before something is forgotten."""

    plan: Forgetting
    goes: list[Some]
    weakened: list[Some]
    kept: list[Some]
    shared: list[Some]
    anew: list[Some]
    is_of_pages: bool
    """Whether pages go; else a single fact, attribute or trait does, and the pages it was learnt from stay."""
    is_imported: bool
    """Whether one of the pages came from a file that could be imported again."""

    @property
    def loses_a_reason(self) -> bool:
        """Whether a trait stays without its reason, which may quote what goes."""
        return any(item.kind == "trait" for item in self.plan.weakened)

    @property
    def is_shared(self) -> bool:
        """Whether something goes that other members of the assistant share."""
        shared = {item.pk for item in self.plan.long_term if item.kind == "assistant_knowledge"}
        return bool(shared.difference(self.plan.withdrawn))


def in_words(memory: Memory, plan: Forgetting, *, may_curate: bool) -> Preview:
    """Put a forgetting into words for the person whose memory it is.

    Of what is only proposed to those who curate the assistant, others are told the number.
    """
    shared = [item.pk for item in (*plan.long_term, *plan.weakened, *plan.kept) if item.kind == "assistant_knowledge"]
    secret: Secret = frozenset()
    if shared and not may_curate:
        proposed = Knowledge.objects.filter(pk__in=shared, status=KnowledgeStatus.PROPOSED)
        proposed = proposed.exclude(pk__in=plan.withdrawn)
        secret = frozenset(("assistant_knowledge", pk) for pk in proposed.values_list("pk", flat=True))
    pages = memory.pages.filter(pk__in=plan.pages)
    return Preview(
        plan,
        goes=[*_pages(memory, plan), *_kinds(plan.segments), *_kinds(plan.long_term, secret)],
        weakened=_kinds(plan.weakened, secret),
        kept=_kinds(plan.kept, secret),
        shared=_kinds(plan.shared),
        anew=_kinds(plan.blanked_segments),
        is_of_pages=plan.target.kind in ("pages", "segment", "everything"),
        is_imported=pages.filter(source=Source.IMPORT).exists(),
    )


def done_in_words(plan: Forgetting) -> str:
    """Return what went, as a list in a sentence: "2 pages, 1 segment and 3 facts about you"."""
    counts = {"pages": len(plan.pages), "segment": len(plan.segments)}
    for kind in COUNTED.keys() - counts:
        counts[kind] = sum(item.kind == kind for item in plan.long_term)
    return amounts(counts)


def kept_in_words(plan: Forgetting) -> str:
    """Return what stayed because a person has changed it, as a list in a sentence."""
    return amounts(Counter(item.kind for item in plan.kept))


def amounts(counts: Mapping[str, object]) -> str:
    """Return numbers of things by kind as a list in a sentence; kinds may be called as in the activity log."""
    numbers = {_LOGGED.get(kind, kind): number for kind, number in counts.items()}
    parts = [named(number, kind) for kind in COUNTED if isinstance(number := numbers.get(kind), int) and number]
    return get_text_list(parts, gettext("and")) or gettext("nothing")


def named(count: int, kind: str) -> str:
    """Return a number with the name of what is counted."""
    return COUNTED[kind] % count


def _kinds(items: Iterable[Item], secret: Secret = frozenset()) -> list[Some]:
    found = []
    of_kind: dict[str, list[Item]] = {kind: [] for kind in COUNTED}
    for item in items:
        of_kind[item.kind].append(item)
    for kind, held in of_kind.items():
        open_words = [item.text or gettext("Untitled") for item in held if (item.kind, item.pk) not in secret]
        if held:
            found.append(Some(len(held), named(len(held), kind), open_words[:SHOWN]))
    return found


def _pages(memory: Memory, plan: Forgetting) -> list[Some]:
    if not plan.pages:
        return []
    first = memory.pages.filter(pk__in=plan.pages[:SHOWN]).order_by("position")
    said = first.values_list("position", "query", "response")
    line = gettext("Page %(number)s: %(words)s")
    words = [
        line % {"number": position, "words": _excerpt(query.strip() or response.strip())}
        for position, query, response in said
    ]
    return [Some(len(plan.pages), named(len(plan.pages), "pages"), words)]


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[:EXCERPT].rpartition(' ')[0] or line[: EXCERPT - 1]}…"
