"""Imports: the way of an uploaded file into a memory, one door a step.

receive -> (a job) read_upload -> the person looks -> confirm -> (a job) run -> done; at any time cancel. The file is in
the database until it has ended, so that a job may run anywhere and, killed, again: it goes on where it was.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import IO, cast

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from memory.domain.activity import event, log
from memory.domain.importing import Contents, load, read
from memory.domain.importing.files import most_bytes, too_big, unpacked_size
from memory.domain.queueing import submit_import
from memory.domain.restoring import Standing, preview, restore_long_term, standing, store_pages
from memory.domain.restoring.long_term import may_bring
from memory.enums import EventKind, ImportState
from memory.exceptions import ImportFault, ImportNotOpen
from memory.models import Import, Memory
from memory.models.incoming import CHUNK, ImportChunk

READ, RUN = "memory.read_import", "memory.run_import"
"""The jobs' names."""
BATCH = 200
"""Pages stored in one transaction: the memory is held for so long."""
AT_ONCE = 500_000
"""Bytes of a file, unpacked, that is looked through while the person waits: a fault in it is told at once."""
KEPT = timedelta(days=1)
"""How long a file waits for somebody to confirm it."""
_IN_MEMORY = 8 * 2**20
_DROPPED = gettext_noop("The file was removed: nobody went on with it for a day.")


def receive(memory: Memory, file: IO[bytes], name: str, *, by: User, language: str = "") -> Import:
    """Take a file in: keep its bytes and queue the job that reads it. `language` is that of its faults.

    Raises ImportFault (empty; in a small file, whatever is wrong with it) and ImportTooBig. Nothing is stored then.
    """
    size = file.seek(0, 2)
    file.seek(0)
    if size > most_bytes():
        raise too_big(size, most_bytes())
    if not size:
        raise ImportFault(_("%(file)s is empty.") % {"file": name})
    if unpacked_size(file, name) <= AT_ONCE:
        read(load(file, name), name=name)
        file.seek(0)
    digest = hashlib.sha256()
    with transaction.atomic():
        Memory.objects.locked(memory.pk)
        upload = Import.objects.create(
            memory=memory, by=by, file_name=name[:200], size=size, sha256="", language=language
        )
        for number, data in enumerate(_pieces(file)):
            digest.update(data)
            ImportChunk.objects.create(of=upload, number=number, data=data)
        upload.sha256 = digest.hexdigest()
        upload.save(update_fields=["sha256"])
        submit_import(READ, upload.pk, memory.pk)
    return upload


def read_upload(upload: Import) -> Import:
    """Read a file whole and note what importing it would do; or what is wrong with it, and drop it.

    Changes nothing but the import. One that was cancelled, or is read already, stays as it is.
    """
    if upload.state != ImportState.READING:
        return upload
    memory = upload.memory
    try:
        contents = contents_of(upload)
        told = preview(memory, contents, standing(memory, contents), upload)
    except ImportFault as fault:
        return _end(upload, ImportState.FAILED, only=[ImportState.READING], error=str(fault))
    return _change(
        upload,
        only=[ImportState.READING],
        state=ImportState.READY,
        format=contents.format,
        total=len(contents.pages),
        preview=told.as_json(),
    )


def confirm(upload: Import, *, by: User) -> Import:
    """Go on with what the preview has shown: queue the job that imports. Twice is once.

    Raises ImportNotOpen where there is nothing to confirm (any more).
    """
    return _go_on(upload, by, [ImportState.READY])


def retry(upload: Import, *, by: User) -> Import:
    """Go on with an import that failed in the middle. Raises ImportNotOpen for one whose file is at fault."""
    return _go_on(upload, by, [ImportState.FAILED])


def cancel(upload: Import, *, by: User) -> Import:
    """End an import and drop its file. What it had imported by then stays. Twice is once.

    Raises ImportNotOpen when it is done.
    """
    if upload.state == ImportState.CANCELLED:
        return upload
    ended = _end(upload, ImportState.CANCELLED, only=[*_WAITING, ImportState.IMPORTING])
    if ended.state != ImportState.CANCELLED:
        raise ImportNotOpen
    return ended


def run(upload: Import) -> Import:
    """Import a confirmed file: pages in batches, a transaction each with the progress in it, then all else, in one.

    Safe to run again after it was killed: what is there already is counted, not doubled. Ends early when it has been
    cancelled, and is halted when its person is a member no more. In the last transaction the file is dropped and
    `imported` is logged.
    """
    if upload.state != ImportState.IMPORTING:
        return upload
    memory, contents = upload.memory, contents_of(upload)
    found = standing(memory, contents)
    added = upload.added
    for start in range(0, len(contents.pages), BATCH):
        batch = contents.pages[start : start + BATCH]
        with transaction.atomic():
            Memory.objects.locked(memory.pk)
            if not _is_still(upload, ImportState.IMPORTING) or not is_in_use(upload):
                break
            added += store_pages(memory, contents, batch, found)
            done = start + len(batch)
            Import.objects.filter(pk=upload.pk).update(done=done, added=added, known=max(done - added, 0))
    upload.refresh_from_db()
    return _finish(upload, contents, found)


def fail(upload: Import, reason: str) -> Import:
    """Note that a job could not go on. The file stays, so that it can be tried again."""
    return _change(upload, only=[ImportState.READING, ImportState.IMPORTING], state=ImportState.FAILED, error=reason)


def halt(upload: Import) -> Import:
    """Stop an import whose job is not to be done: an operator took it out of the queue, or the memory rests.

    One that was confirmed can be tried again; a file that was still to be read is dropped, and can be uploaded again.
    """
    halted = _end(upload, ImportState.CANCELLED, only=[ImportState.READING])
    return fail(halted, "")


def is_in_use(upload: Import) -> bool:
    """Tell whether the memory that a file goes into is in use: its person is a member of the assistant."""
    return Memory.objects.in_use().filter(pk=upload.memory_id).exists()


def drop_stale(now: datetime) -> int:
    """End imports that nobody went on with for a day and drop their files; return how many."""
    stale = Import.objects.filter(state__in=_WAITING, created_at__lt=now - KEPT).filter(chunks__isnull=False)
    uploads = list(stale.distinct())
    for upload in uploads:
        _end(upload, ImportState.CANCELLED, only=_WAITING, error=_DROPPED)
    return len(uploads)


def contents_of(upload: Import) -> Contents:
    """Return what the stored file holds. Raises ImportFault."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        for number in range(upload.chunks.count()):
            file.write(bytes(upload.chunks.get(number=number).data))
        file.seek(0)
        data = load(cast("IO[bytes]", file), upload.file_name)
    # What carries no time was imported when it was uploaded, however often it is read.
    return read(data, name=upload.file_name, now=upload.created_at)


_WAITING = (ImportState.READING, ImportState.READY, ImportState.FAILED)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while data := file.read(CHUNK):
        yield data


def _go_on(upload: Import, by: User, only: Collection[str]) -> Import:
    with transaction.atomic():
        Memory.objects.locked(upload.memory_id)
        fresh = Import.objects.select_for_update().get(pk=upload.pk)
        if fresh.confirmed and fresh.state in (ImportState.IMPORTING, ImportState.DONE):
            return fresh
        if fresh.state not in only or not fresh.chunks.exists():
            raise ImportNotOpen
        was_reading = not fresh.confirmed and fresh.state == ImportState.FAILED
        fresh.state = ImportState.READING if was_reading else ImportState.IMPORTING
        fresh.confirmed, fresh.by, fresh.error = not was_reading, by, ""
        fresh.save(update_fields=["state", "confirmed", "by", "error"])
        submit_import(READ if was_reading else RUN, fresh.pk, fresh.memory_id)
    return fresh


def _finish(upload: Import, contents: Contents, found: Standing) -> Import:
    memory, by, now = upload.memory, upload.by, timezone.now()
    with transaction.atomic():
        locked = Memory.objects.locked(memory.pk)
        if not _is_still(upload, ImportState.IMPORTING) or by is None:
            upload.refresh_from_db()
            return upload
        if not is_in_use(upload):
            return halt(upload)
        shared = may_bring(by, memory)
        done = restore_long_term(memory, contents, found, by=by, now=now, shared=shared)
        counts = {"pages": upload.added, **{kind: number for kind, number in done.items() if number}}
        log(event(EventKind.IMPORTED, locked, memory=memory, by=by, after={"format": upload.format, **counts}))
        return _end(upload, ImportState.DONE, only=[ImportState.IMPORTING], outcome=dict(done))


def _is_still(upload: Import, state: ImportState) -> bool:
    """Say whether an import is in a state, and keep it there until the transaction ends."""
    row = Import.objects.select_for_update().filter(pk=upload.pk).values_list("state", flat=True).first()
    return row == state


def _end(upload: Import, state: ImportState, *, only: Iterable[ImportState], **values: object) -> Import:
    """End an import and drop its file, where it is in one of the states `only`."""
    with transaction.atomic():
        # The preview quotes pages: nothing here may outlive their forgetting.
        fresh = _change(upload, only=only, state=state, finished_at=timezone.now(), preview={}, **values)
        if fresh.state == state:
            fresh.chunks.all().delete()
    return fresh


def _change(upload: Import, *, only: Iterable[ImportState], **values: object) -> Import:
    """Change an import where it is in one of the states `only`; return it as it is then."""
    with transaction.atomic():
        Memory.objects.locked(upload.memory_id)
        Import.objects.filter(pk=upload.pk, state__in=only).update(**values)
    upload.refresh_from_db()
    return upload
