"""Domain events. Past tense; sent inside the transaction that made them true.

A receiver that raises rolls the transaction back, so receivers only enqueue or note, they do no work. Receivers
are in `memory/receivers.py` and `chat/receivers.py`.
"""

from django.dispatch import Signal

page_recorded = Signal()
"""A page joined short-term memory. Arguments: `memory` (Memory), `pages` (list[Page], oldest first)."""

pages_transferred = Signal()
"""Pages moved from short-term memory into segments. Arguments: `memory`, `pages` (list[Page]), `segments`
(list[Segment], those that grew or were opened)."""

segment_heated = Signal()
"""A segment's heat passed tau and it has unanalysed pages. Arguments: `memory`, `segment` (Segment)."""

segment_promoted = Signal()
"""A segment's pages were analysed into long-term memory. Arguments: `memory`, `segment`, `learnt` (list of
Profile, Trait and Knowledge rows that are new or changed)."""
