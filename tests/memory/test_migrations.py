"""What an upgrade does to rows that are there already."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from memory.domain.consolidation import transfer_all
from memory.domain.importing import read_drafts
from memory.domain.recording import record_pages
from memory.embedding import get_embedder
from memory.enums import Source
from memory.models import Memory, Posting, Segment, SegmentPosting
from tests.memory.factories import MemoryFactory
from tests.memory.fakes import ScriptedConsolidator
from tests.paths import CONVERSATION

pytestmark = pytest.mark.django_db


def index_of(memory: Memory) -> tuple[object, ...]:
    memory.refresh_from_db()
    columns = ("page", "term", "frequency", "query_frequency", "length")
    return (
        sorted(Posting.objects.filter(memory=memory).values_list(*columns)),
        sorted(SegmentPosting.objects.filter(memory=memory).values_list("segment", "term", "frequency")),
        sorted(Segment.objects.filter(memory=memory).values_list("pk", "term_count")),
        (memory.page_count, memory.term_count, sorted(memory.languages)),
    )


def test_an_index_of_the_first_release_becomes_one_of_today() -> None:
    memory = MemoryFactory()
    record_pages(memory, read_drafts(CONVERSATION), Source.IMPORT)
    transfer_all(memory, ScriptedConsolidator(), get_embedder())
    wanted = index_of(memory)
    assert wanted[1]
    Posting.objects.update(query_frequency=0, length=0)
    SegmentPosting.objects.all().delete()
    Memory.objects.update(languages=[], page_count=0, term_count=0)
    with connection.schema_editor() as editor:
        import_module("memory.migrations.0003_reindex").reindex(apps, editor)
    assert index_of(memory) == wanted
