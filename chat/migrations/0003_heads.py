"""Show of every conversation the branch that ends in its newest message: until now there was no other."""

from django.db import migrations

NEWEST = """
    UPDATE chat_conversation AS conversation
    SET head_id = (SELECT max(id) FROM chat_message WHERE conversation_id = conversation.id)
    WHERE head_id IS NULL"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0002_branches_and_modes")]

    operations = [migrations.RunSQL(NEWEST, migrations.RunSQL.noop)]
