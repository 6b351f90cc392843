"""Domain events. Past tense; sent inside the transaction that made them true.

A receiver that raises rolls the transaction back, so receivers only enqueue or note, they do no work. Receivers
are in `memory/receivers.py` and `chat/receivers.py`.
"""

from django.dispatch import Signal

page_recorded = Signal()
"""A page joined short-term memory. Arguments: `memory` (Memory), `pages` (list[Page], oldest first)."""

memory_imported = Signal()
"""Rows of an exported memory joined a memory; pages, segments and facts may still be without vectors. Arguments:
`memory` (Memory)."""

pages_transferred = Signal()
"""Pages moved from short-term memory into segments. Arguments: `memory`, `pages` (list[Page]), `segments`
(list[Segment], those that grew or were opened)."""

segment_heated = Signal()
"""A segment's heat passed tau and it has unanalysed pages. Arguments: `memory`, `segment` (Segment)."""

fact_remembered = Signal()
"""A person wanted something remembered, and it is a fact now. Arguments: `memory`, `fact` (Knowledge), which may still
be without a vector."""

forgetting_previewed = Signal()
"""A person was shown what a forgetting would take; nothing has changed and no transaction needs to be open. Arguments:
`memory`, `rows` (memory.domain.forgetting.Rows: keys of what goes). A receiver returns how many answers of its own
were given one of these rows."""

memory_forgotten = Signal()
"""Something was forgotten for good: the rows are gone, and whoever refers to one of them by its key lets go of it now.
Arguments: `memory`, `rows` (memory.domain.forgetting.Rows: keys of what went; facts about the assistant may have been
shared with other memories of it), `blanked` (bool: segments or chains wait for a new summary)."""

analysis_asked = Signal()
"""A person wants a segment's unread pages analysed now, hot or not. Arguments: `memory`, `segment` (Segment)."""

learning_resumed = Signal()
"""A person lets a memory learn again. What has waited is to be done now. Arguments: `memory`."""

budget_restored = Signal()
"""What a memory has used of a budget is below it again, because that was raised or a new month has begun: background
work that has waited is to be done now. Arguments: `memory`."""

page_opened = Signal()
"""A person looks at a page of theirs; nothing has changed and no transaction needs to be open. Arguments: `memory`,
`page` (Page). A receiver returns the answers of its own that were given the page (memory.domain.uses.Uses)."""

membership_ended = Signal()
"""A person is no longer a member of an assistant: left, removed, or the account deleted. What the assistant remembers
of them stays, out of everybody's reach but their export. Arguments: `assistant`, `user_id` (int)."""

member_returned = Signal()
"""A person joined an assistant again whose memory of them had rested: what waits there is to be done now. Arguments:
`memory`."""

segment_promoted = Signal()
"""A segment's pages were analysed into long-term memory. Arguments: `memory`, `segment`, `learnt` (list of
Profile, Trait and Knowledge rows that are new or changed)."""
