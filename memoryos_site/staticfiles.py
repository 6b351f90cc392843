"""Static files with a hash of their content in the name (Docker image, after `collectstatic`)."""

from pathlib import Path
from typing import Any

from django.conf import settings
from servestatic.storage import CompressedManifestStaticFilesStorage


class HashedModulesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # comes untyped
    """Also rewrites the imports between our own ES modules: one loaded under two names would run twice.

    Only ours: Django's switch for this takes examples in the comments of other people's files for imports.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Add Django's patterns for imports to the names of our modules."""
        _every_script, imports = self._js_module_import_aggregation_patterns
        ours = [
            path.relative_to(folder) for folder in map(Path, settings.STATICFILES_DIRS) for path in folder.rglob("*.js")
        ]
        self.patterns: tuple[Any, ...] = (*self.patterns, *((str(name), imports) for name in ours))
        super().__init__(*arguments, **options)
