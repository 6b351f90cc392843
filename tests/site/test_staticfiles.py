"""What the Docker image does with the static files."""

import json
import re
from pathlib import Path

from django.core.management import call_command
from django.test import override_settings

STORAGES = {"staticfiles": {"BACKEND": "memoryos_site.staticfiles.HashedModulesStorage"}}


def test_collected_modules_import_each_other_by_their_hashed_names(tmp_path: Path) -> None:
    with override_settings(STATIC_ROOT=tmp_path, STORAGES=STORAGES):
        call_command("collectstatic", interactive=False, verbosity=0)

    names = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    imported = re.findall(r'from "\./([^"]+)"', (tmp_path / names["chat/chat.js"]).read_text())
    assert imported
    assert {f"chat/{name}" for name in imported} <= set(names.values())
