"""A whole memory as a file to take away: JSON with everything, Markdown to read. `docs/export.md` has the format.

Either comes in pieces: at most `BATCH` rows are in memory at a time, and between two pieces no query is open, so that
each may be made on another thread. What is said or learnt in the middle may or may not be in it.
"""

from memory.domain.exporting.as_json import json_of
from memory.domain.exporting.as_markdown import markdown_of
from memory.domain.exporting.names import file_name, own_position, page_id

__all__ = ["file_name", "json_of", "markdown_of", "own_position", "page_id"]
