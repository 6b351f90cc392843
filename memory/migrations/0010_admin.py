"""A list of its own for shared knowledge; and Django's log of the administration no longer quotes what is private."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.models import F, Value
from django.db.models.functions import Concat

QUOTED = {
    "memory": ("page", "posting", "segment", "segmentposting", "profile", "trait", "knowledge", "import"),
    "chat": ("conversation", "message"),
}
"""Rows that named themselves by what they say."""


def quote_no_more(apps: Any, schema_editor: Any) -> None:
    entries = apps.get_model("admin", "LogEntry").objects.using(schema_editor.connection.alias)
    for app, names in QUOTED.items():
        quoting = entries.filter(content_type__app_label=app, content_type__model__in=names)
        quoting.update(object_repr=Concat(Value("#"), F("object_id")))


class Migration(migrations.Migration):
    dependencies = [
        ("memory", "0009_budgets"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("procrastinate", "0025_add_models"),
    ]

    operations = [
        migrations.CreateModel(
            name="SharedKnowledge",
            fields=[],
            options={
                "verbose_name": "shared fact",
                "verbose_name_plural": "shared knowledge",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("memory.knowledge",),
        ),
        migrations.CreateModel(
            name="BackgroundJob",
            fields=[],
            options={"verbose_name": "background job", "proxy": True, "indexes": [], "constraints": []},
            bases=("procrastinate.procrastinatejob",),
        ),
        migrations.RunPython(quote_no_more, migrations.RunPython.noop),
    ]
