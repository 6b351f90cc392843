"""Index words without the typographic punctuation around them, which a C locale takes for letters."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.functions.text
from django.db import migrations, models

PUNCTUATION = (
    "¡«·»¿‐‑‒–—―‖‗‘’‚‛“”„‟†‡•‣․‥…‧‰‱′″‴‵‶‷‸‹›※‼‽‾‿⁀⁁⁂⁃⁄⁅⁆⁇⁈⁉⁊⁋⁌⁍⁎"
    "⁏⁐⁑⁒⁓⁔⁕⁖⁗⁘⁙⁚⁛⁜⁝⁞、。〃〈〉《》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟！（），：；？"
)


class Migration(migrations.Migration):
    dependencies = [("chat", "0004_found_and_left_out")]

    operations = [
        migrations.RemoveIndex(model_name="message", name="message_search"),
        migrations.AddIndex(
            model_name="message",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.SearchVector(
                    models.Func(
                        django.db.models.functions.text.Left("content", 100000),
                        models.Value(PUNCTUATION),
                        models.Value(" " * len(PUNCTUATION)),
                        function="TRANSLATE",
                        output_field=models.TextField(),
                    ),
                    config="simple",
                ),
                condition=models.Q(("status", "streaming"), _negated=True),
                name="message_search",
            ),
        ),
    ]
