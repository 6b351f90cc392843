"""Restoring: what a file holds joins a memory, as it was, beside what is there already.

`standing` says what is there, `merging` what becomes of two that meet, `pages` and `long_term` do it; `preview` says it
before. Everything is safe to do twice: a second time adds nothing.
"""

from memory.domain.restoring.long_term import restore_long_term
from memory.domain.restoring.pages import store_pages
from memory.domain.restoring.preview import Preview, preview
from memory.domain.restoring.standing import Standing, standing

__all__ = ["Preview", "Standing", "preview", "restore_long_term", "standing", "store_pages"]
