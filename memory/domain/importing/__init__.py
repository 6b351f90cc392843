"""Importing: files of other systems, and exported memories, become what a memory can store. Reading only.

One module a format behind one small interface (`formats.Format`). A file is read whole before anything is stored: a
fault names its entry and nothing is imported. What is done with the contents: `recording.record_pages` stores pages
that are only pages, `memory.domain.restoring` everything.
"""

from memory.domain.importing.contents import Contents
from memory.domain.importing.files import load, load_json
from memory.domain.importing.formats import read, read_drafts

__all__ = ["Contents", "load", "load_json", "read", "read_drafts"]
