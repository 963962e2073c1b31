"""The repositories of a project's snippets."""

from offline_transfer.importing.extractors import tar
from offline_transfer.importing.loaders.repositories import restore_snippets
from offline_transfer.importing.pipeline import Pipeline
from offline_transfer.importing.transformers.bundles import bundles_of_snippets

SNIPPETS_REPOSITORY = Pipeline(
    "snippets_repository",
    extractor=tar.members,
    transformers=(bundles_of_snippets,),
    loader=restore_snippets,
    file_extraction_pipeline=True,
)
