"""The tree of a conversation's messages: pure, over keys alone.

A question's children are the versions of its answer, an answer's children the versions of what was said next. The
branch that is shown is the path to the conversation's head.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Node:
    """A message as the tree knows it. `counts` is False for attempts that another one has taken the place of."""

    id: int
    parent: int | None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one message, oldest first, and which of them is meant (from 1)."""

    ids: tuple[int, ...]
    number: int

    @property
    def previous(self) -> int | None:
        return self.ids[self.number - 2] if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.ids[self.number] if self.number < len(self.ids) else None


@dataclass(slots=True)
class Tree:
    """All messages of a conversation. Cost of building: one step a message."""

    _parents: dict[int, int | None] = field(default_factory=dict)
    _children: dict[int | None, list[int]] = field(default_factory=dict)
    _counting: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Tree:
        """Return the tree of nodes in the order in which they were written, by id ascending."""
        tree = cls()
        for node in nodes:
            tree._parents[node.id] = node.parent
            tree._children.setdefault(node.parent, []).append(node.id)
            if node.counts:
                tree._counting.add(node.id)
        return tree

    def path(self, head: int | None) -> list[int]:
        """Return the messages from the first to `head`; empty for None and for a message that is not here."""
        found: list[int] = []
        at = head
        while at is not None and at in self._parents:
            found.append(at)
            at = self._parents[at]
        return found[::-1]

    def versions(self, message: int) -> Versions:
        """Return a message's versions: those that count, and itself in any case."""
        siblings = self._children[self._parents[message]]
        ids = tuple(each for each in siblings if each in self._counting or each == message)
        return Versions(ids, ids.index(message) + 1)

    def leaf(self, message: int) -> int:
        """Return the end of the branch that went on from a message last: at each step its newest child."""
        at = message
        while children := self._children.get(at):
            at = max(children)
        return at


def fork(shown: Sequence[int], wanted: Sequence[int]) -> int:
    """Return how many messages two paths have in common from their beginning."""
    common = 0
    for one, other in zip(shown, wanted, strict=False):
        if one != other:
            break
        common += 1
    return common
