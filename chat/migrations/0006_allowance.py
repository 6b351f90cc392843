"""A row a person for how many answers they may still ask for."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("chat", "0005_search_by_words"),
    ]

    operations = [
        migrations.CreateModel(
            name="Allowance",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="chat_allowance",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("answers_left", models.FloatField()),
                ("counted_at", models.DateTimeField(help_text="When so many were left; by the database's clock.")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("answers_left__gte", 0)), name="allowance_not_negative")
                ],
            },
        ),
    ]
