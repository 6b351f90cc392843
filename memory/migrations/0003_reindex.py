"""Write the index anew: postings know the halves and the length of their page, segments have postings of their own."""

from collections import Counter

from django.db import migrations

from memory.domain.languages import detect_language
from memory.domain.lexical import term_counts

BATCH = 5000


def reindex(apps, schema_editor):
    Memory, Page = apps.get_model("memory", "Memory"), apps.get_model("memory", "Page")
    Posting, SegmentPosting = apps.get_model("memory", "Posting"), apps.get_model("memory", "SegmentPosting")
    Segment = apps.get_model("memory", "Segment")
    Posting.objects.all().delete()
    for memory in Memory.objects.iterator():
        in_segments, languages, pages, terms = {}, set(), 0, 0
        found = []
        rows = Page.objects.filter(memory=memory).exclude(segment__archived_at__isnull=False)
        for page in rows.only("query", "response", "segment_id").iterator(chunk_size=1000):
            language = detect_language(f"{page.query}\n{page.response}")
            asked, told = term_counts(page.query, language), term_counts(page.response, language)
            whole = asked + told
            languages.add(language)
            pages, terms = pages + 1, terms + whole.total()
            Page.objects.filter(pk=page.pk).update(length=whole.total())
            if page.segment_id:
                in_segments.setdefault(page.segment_id, Counter()).update(whole)
            found += [
                Posting(
                    memory=memory,
                    page_id=page.pk,
                    term=term,
                    frequency=frequency,
                    query_frequency=asked[term],
                    length=whole.total(),
                )
                for term, frequency in whole.items()
            ]
            if len(found) >= BATCH:
                Posting.objects.bulk_create(found)
                found = []
        Posting.objects.bulk_create(found)
        for segment, counts in in_segments.items():
            SegmentPosting.objects.bulk_create(
                (
                    SegmentPosting(memory=memory, segment_id=segment, term=term, frequency=frequency)
                    for term, frequency in counts.items()
                ),
                batch_size=BATCH,
            )
            Segment.objects.filter(pk=segment).update(term_count=counts.total())
        Memory.objects.filter(pk=memory.pk).update(page_count=pages, term_count=terms, languages=sorted(languages))


class Migration(migrations.Migration):
    dependencies = [("memory", "0002_engine")]

    operations = [migrations.RunPython(reindex, migrations.RunPython.noop)]
