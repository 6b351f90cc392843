"""Static files with a hash of their content in the name (Docker image, after `collectstatic`)."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class HashedModulesStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites the imports between ES modules: a module loaded under two names would run twice."""

    support_js_module_import_aggregation = True
