"""Static files under names that hold their hash, the modules that a script imports included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it has no types
    """Without it a page from before an update could load one module of before and one of after it."""

    support_js_module_import_aggregation = True
